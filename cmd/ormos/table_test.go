package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func sample() *table {
	t := newTable("TASK", "STATE", "NOTE")
	t.state = 1
	t.add("web.3f2a1b9c", "running", "")
	t.add("api.0badcafe", "failed", "a long\x1b[31m note\nthat says very much of what has gone wrong")
	return t
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	sample().print(&screen{out: &b})
	want := `TASK          STATE    NOTE
web.3f2a1b9c  running
api.0badcafe  failed   a long [31m note that says very much of what has gone wrong
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}

func TestTableOnATerminal(t *testing.T) {
	var b bytes.Buffer
	sample().print(&screen{out: &b, width: 40, colors: true})
	want := "TASK          STATE    NOTE\nweb.3f2a1b9c  \x1b[32mrunning\x1b[0m\napi.0badcafe  \x1b[31mfailed\x1b[0m   a long [31m note…\n"
	if b.String() != want {
		t.Errorf("got\n%q\nwant\n%q", b.String(), want)
	}
}

// Whatever the cells, no line is wider than the terminal, unless all columns are at their narrowest.
func TestTableFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(20, 120).Draw(t, "width")
		table := newTable("A", "B", "C")
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			cell := rapid.String()
			table.add(cell.Draw(t, "a"), cell.Draw(t, "b"), cell.Draw(t, "c"))
		}
		var b bytes.Buffer
		table.print(&screen{out: &b, width: width})
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > max(width, 3*narrowest+4) {
				t.Fatalf("%d columns of %d: %q", n, width, line)
			}
			if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Fatalf("a terminal may do anything with %q", line)
			}
		}
	})
}
