package main

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestLinesStayWhole(t *testing.T) {
	var out, err bytes.Buffer
	to := &lines{out: &out, err: &err}
	a, b, e := to.of("web.1", "stdout"), to.of("web.2", "stdout"), to.of("web.1", "stderr")
	for _, one := range []struct {
		w    io.Writer
		text string
	}{{a, "one "}, {b, "two\nthree\nfo"}, {a, "line\n"}, {e, "oh\n"}, {b, "ur"}} {
		if n, err := io.WriteString(one.w, one.text); n != len(one.text) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := errors.Join(a.flush(), b.flush(), e.flush()); err != nil {
		t.Fatal(err)
	}
	if want := "[web.2] two\n[web.2] three\n[web.1] one line\n[web.2] four\n"; out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
	if want := "[web.1] oh\n"; err.String() != want {
		t.Errorf("stderr got\n%s", err.String())
	}
}

// What one task writes comes as it is, also what is no text.
func TestLinesOfOneTask(t *testing.T) {
	var out bytes.Buffer
	w := (&lines{out: &out}).of("", "stdout")
	text := bytes.Repeat([]byte("\x00x"), maxLine)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.flush(); err != nil || !bytes.Equal(out.Bytes(), text) {
		t.Errorf("%d bytes came of %d, %v", out.Len(), len(text), err)
	}
}
