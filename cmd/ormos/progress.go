package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// progress shows how something goes on: in lines that are written over where that is possible, else by a new line whenever one has changed.
type progress struct {
	*screen
	shown []string // what is on the screen
	spun  int
}

// spinner shows that something lives though nothing changes.
const spinner = `|/-\`

// interval is how often a display is looked at anew.
const interval = 500 * time.Millisecond

// show displays lines, which stay until they are replaced.
func (p *progress) show(lines ...string) {
	if !p.live {
		for _, line := range lines {
			if !slices.Contains(p.shown, line) {
				fmt.Fprintln(p.err, line)
			}
		}
		p.shown = lines
		return
	}
	p.erase()
	p.spun++
	for i, line := range lines {
		if i == 0 {
			line = spinner[p.spun%len(spinner):][:1] + " " + line
		}
		width, _ := terminal(p.err)
		fmt.Fprintln(p.err, cut(printable(line), max(width-1, narrowest)))
	}
	p.shown = lines
}

// erase takes away what is shown, where that is possible.
func (p *progress) erase() {
	if p.live && len(p.shown) > 0 {
		fmt.Fprint(p.err, strings.Repeat("\x1b[1A\x1b[2K", len(p.shown)))
	}
	p.shown = nil
}

// say writes a line that stays.
func (p *progress) say(format string, args ...any) {
	p.erase()
	fmt.Fprintln(p.err, printable(fmt.Sprintf(format, args...)))
}
