package main

import (
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// screen is where a command writes: what it was asked for to out, what is only for the one who looks on to err.
type screen struct {
	out, err io.Writer
	// width is the terminal's in columns; 0 means that lines may be as long as they like.
	width int
	// live tells that lines of err can be written over; colors that out understands them.
	live, colors bool
}

// screenOf finds out what a command writes to. Nothing but a terminal gets escape codes.
func screenOf(cmd *cobra.Command) *screen {
	s := &screen{out: cmd.OutOrStdout(), err: cmd.ErrOrStderr()}
	plain := os.Getenv("TERM") == "dumb"
	_, noColor := os.LookupEnv("NO_COLOR")
	if width, ok := terminal(s.out); ok {
		s.width, s.colors = width, !plain && !noColor
	}
	_, ok := terminal(s.err)
	s.live = ok && !plain && !noColor
	return s
}

// terminal gives the width of a writer that is one.
func terminal(w io.Writer) (width int, ok bool) {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n, true
	}
	if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
		return width, true
	}
	return 80, true
}

// color is an SGR code.
type color string

const (
	red    color = "31"
	green  color = "32"
	yellow color = "33"
	faint  color = "2"
)

// paint colors a text where that is understood.
func (s *screen) paint(c color, text string) string {
	if !s.colors || c == "" || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// stateColor is that of a state in Mesos' or Marathon's words.
func stateColor(state string) color {
	switch state {
	case "running", "healthy", "ready", "ok":
		return green
	case "failed", "error", "unhealthy", "unreachable", "gone", "lost", "dropped":
		return red
	case "staging", "starting", "killing", "waiting", "delayed", "deploying":
		return yellow
	}
	return ""
}
