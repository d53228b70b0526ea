package app

import (
	"fmt"
	"strings"
	"time"
)

// String is the explanation for people, on several lines.
func (e *Explanation) String() string {
	var b strings.Builder
	waiting := 0
	for i := range e.Waiting {
		waiting += len(e.Waiting[i].Instances)
	}
	if waiting == 0 {
		fmt.Fprintf(&b, "%s: nothing waits, %s a place\n", e.App, have(e.Placed))
		return b.String()
	}
	fmt.Fprintf(&b, "%s: %s of %d, for %s\n", e.App, wait(waiting), waiting+e.Placed, age(e.Waiting[0].Since, e.At))
	switch {
	case e.Disconnected:
		b.WriteString("\n  There is no connection to a Mesos master; it is being tried again.\n")
		return b.String()
	case e.Delay != nil:
		e.delay(&b)
		return b.String()
	}
	for i := range e.Waiting {
		w := &e.Waiting[i]
		if len(e.Waiting) > 1 {
			fmt.Fprintf(&b, "\nof version %s %s:\n", w.Version, wait(len(w.Instances)))
		}
		w.text(&b, e.At)
	}
	return b.String()
}

func have(n int) string {
	if n == 1 {
		return "1 instance has"
	}
	return fmt.Sprint(n, " instances have")
}

func wait(n int) string {
	if n == 1 {
		return "1 instance waits"
	}
	return fmt.Sprint(n, " instances wait")
}

// age is how long ago something was.
func age(from, to Timestamp) string {
	d := to.Time().Sub(from.Time())
	switch {
	case d < time.Second:
		return "less than 1s"
	case d < time.Hour:
		return d.Truncate(time.Second).String()
	}
	return strings.TrimSuffix(d.Truncate(time.Minute).String(), "0s")
}

func (e *Explanation) delay(b *strings.Builder) {
	fmt.Fprintf(b, "\n  Its tasks have failed %d times in a row. The next try is in %s, at %s.\n", e.Delay.Failures, age(e.At, e.Delay.Until), e.Delay.Until)
	if f := e.LastFailure; f != nil {
		fmt.Fprintf(b, "  The last one, on %s, was %s: %s\n", f.Host, f.State, strings.TrimSpace(f.Message))
	}
}

// text is what one definition's instances wait for.
func (w *Waiting) text(b *strings.Builder, at Timestamp) {
	switch {
	case w.Wrong != "":
		fmt.Fprintf(b, "\n  No offer can ever serve: %s\n", w.Wrong)
		return
	case w.Latest == nil:
		b.WriteString("\n  Nothing was offered since. Are there agents with free resources, and may the app's role use them?\n")
		return
	case len(w.Fits) > 0:
		fmt.Fprintf(b, "\n  By what was offered last it fits on %s: the next offer of that agent will serve.\n", w.Fits[0])
		return
	}
	fmt.Fprintf(b, "\n  %s offered, the last one %s ago. What they fail at first:\n", agents(w.Offers), age(*w.Latest, at))
	for i := range w.Funnel {
		if o := &w.Funnel[i]; o.Declined > 0 {
			fmt.Fprintf(b, "    %6d  %s\n", o.Declined, strings.TrimSpace(o.Reason+"  "+o.Name))
		}
	}
	w.nearest(b)
}

func agents(n int) string {
	if n == 1 {
		return "1 agent has"
	}
	return fmt.Sprint(n, " agents have")
}

func (w *Waiting) nearest(b *strings.Builder) {
	if len(w.Misses) == 0 {
		return
	}
	fmt.Fprintf(b, "\n  Nearest is %s:\n", w.Misses[0].Host)
	for _, m := range w.Misses[0].Missing {
		fmt.Fprintf(b, "    %s\n", m.Text)
	}
	if len(w.Remedies) == 0 {
		return
	}
	b.WriteString("\n  It fits there if you\n")
	for _, r := range w.Remedies {
		fmt.Fprintf(b, "    %s\n", r.Text)
	}
}
