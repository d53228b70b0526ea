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
	fmt.Fprintf(&b, "%s: %s, for %s\n", e.App, wait(waiting, waiting+e.Placed), age(e.Waiting[0].Since, e.At))
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
			fmt.Fprintf(&b, "\n  %d of version %s:\n", len(w.Instances), w.Version)
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

// wait says how many of how many wait.
func wait(n, all int) string {
	switch {
	case all == 1:
		return "its instance waits"
	case n == all:
		return fmt.Sprintf("all %d instances wait", n)
	case n == 1:
		return fmt.Sprintf("1 of %d instances waits", all)
	}
	return fmt.Sprintf("%d of %d instances wait", n, all)
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
	failed := fmt.Sprintf("Its tasks have failed %d times in a row", e.Delay.Failures)
	if e.Delay.Failures == 1 {
		failed = "Its task has failed"
	}
	fmt.Fprintf(b, "\n  %s. The next try is in %s, at %s.\n", failed, age(e.At, e.Delay.Until), e.Delay.Until)
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
	fmt.Fprintf(b, "\n  %s offered something, the last one %s ago. What was first in the way:\n", agents(w.Offers), age(*w.Latest, at))
	for i := range w.Funnel {
		fmt.Fprintf(b, "  %6d x  %s\n", w.Funnel[i].Declined, &w.Funnel[i])
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
	b.WriteString("\n  It would fit there if you\n")
	for _, r := range w.Remedies {
		fmt.Fprintf(b, "    %s\n", r.Text)
	}
}

// String is the obstacle in words: too few cpus.
func (o *Obstacle) String() string {
	switch o.Reason {
	case "UnfulfilledRole":
		return o.Name
	case "UnfulfilledConstraint":
		return "the constraint " + o.Name
	case "NoCorrespondingReservationFound":
		return "volume " + o.Name
	case "AgentMaintenance":
		return "maintenance of the agent"
	case "InsufficientPorts":
		if o.Name == "ports" {
			return "too few ports"
		}
		return "port " + o.Name
	case "DeclinedScarceResources":
		return "gpus, which are kept for apps that use them"
	}
	if o.Name == "mem" || o.Name == "disk" {
		return "too little " + o.Name
	}
	return "too few " + o.Name
}
