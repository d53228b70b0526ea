package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// table is rows under a header, which fit the terminal where there is one.
type table struct {
	header []string
	rows   [][]string
	// state is the column that is colored by its text; -1 is none.
	state int
	// whole has nothing cut: who asks for all columns wants to read them.
	whole bool
}

func newTable(header ...string) *table { return &table{header: header, state: -1} }

func (t *table) add(cells ...any) {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = printable(fmt.Sprint(cell))
	}
	t.rows = append(t.rows, row)
}

// narrowest is what a column is not cut below, in characters.
const narrowest = 8

// print writes the table. Columns that are too wide for the screen are cut, the widest first; in a pipe nothing is.
func (t *table) print(s *screen) {
	widths := make([]int, len(t.header))
	for _, row := range append([][]string{t.header}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	if s.width > 0 && !t.whole {
		shrink(widths, s.width)
	}
	t.line(s, t.header, widths, true)
	for _, row := range t.rows {
		t.line(s, row, widths, false)
	}
}

// shrink takes from the widest columns until all fit.
func shrink(widths []int, screen int) {
	total := 2 * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for ; total > screen; total-- {
		widest := 0
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= narrowest {
			return
		}
		widths[widest]--
	}
}

func (t *table) line(s *screen, cells []string, widths []int, header bool) {
	var b strings.Builder
	for i, cell := range cells {
		cell = cut(cell, widths[i])
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if i == t.state && !header {
			cell = s.paint(stateColor(cell), cell)
		}
		if i == len(cells)-1 {
			pad = ""
		}
		b.WriteString(cell + pad)
		if i < len(cells)-1 {
			b.WriteString("  ")
		}
	}
	fmt.Fprintln(s.out, strings.TrimRight(b.String(), " "))
}

// cut shortens a text to so many characters.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(width-1, 0)]) + "…"
}

// printable replaces what would move the cursor or the like: messages and names come from others.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
}
