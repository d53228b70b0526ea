package invariant

import (
	"fmt"
	"strings"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// kept is how many lines a transcript remembers.
const kept = 400

// transcript is what has passed last.
type transcript struct {
	start time.Time
	lines []string
	lost  int
}

func newTranscript(start time.Time) transcript { return transcript{start: start} }

func (t *transcript) add(now time.Time, text string) {
	if len(t.lines) >= 2*kept {
		t.lost += len(t.lines) - kept
		t.lines = append(t.lines[:0], t.lines[len(t.lines)-kept:]...)
	}
	t.lines = append(t.lines, fmt.Sprintf("%10v %s", now.Sub(t.start).Round(time.Millisecond), text))
}

// String has a line for each thing.
func (t *transcript) String() string {
	lines := t.lines[max(len(t.lines)-kept, 0):]
	text := strings.Join(lines, "\n")
	if lost := t.lost + len(t.lines) - len(lines); lost > 0 {
		text = fmt.Sprintf("(%d lines before)\n%s", lost, text)
	}
	return text
}

// describeCall says what a call is about.
func describeCall(c *scheduler.Call) string {
	text := c.GetType().String()
	switch {
	case c.Accept != nil:
		for _, id := range c.Accept.OfferIDs {
			text += " " + short(id.Value)
		}
		for _, info := range launches(c.Accept) {
			text += " launch " + info.TaskID.Value
		}
	case c.Decline != nil:
		for _, id := range c.Decline.OfferIDs {
			text += " " + short(id.Value)
		}
		if c.Decline.Filters != nil {
			text += fmt.Sprintf(" for %g s", c.Decline.Filters.GetRefuseSeconds())
		}
	case c.Acknowledge != nil:
		text += fmt.Sprintf(" %s %x", c.Acknowledge.TaskID.Value, head(c.Acknowledge.UUID))
	case c.Kill != nil:
		text += " " + c.Kill.TaskID.Value
	case c.Reconcile != nil:
		for i := range c.Reconcile.Tasks {
			text += " " + c.Reconcile.Tasks[i].TaskID.Value
		}
	}
	return text
}

// describeEvent says what an event is about.
func describeEvent(e *scheduler.Event) string {
	text := e.GetType().String()
	switch {
	case e.Offers != nil:
		for i := range e.Offers.Offers {
			text += " " + short(e.Offers.Offers[i].ID.Value)
		}
	case e.Rescind != nil:
		text += " " + short(e.Rescind.OfferID.Value)
	case e.Update != nil:
		text += " " + describeStatus(&e.Update.Status)
	case e.Error != nil:
		text += " " + e.Error.Message
	}
	return text
}

func describeStatus(s *mesos.TaskStatus) string {
	text := s.TaskID.Value + " " + s.State.String()
	if s.Reason != nil {
		text += " " + s.Reason.String()
	}
	if len(s.UUID) > 0 {
		text += fmt.Sprintf(" %x", head(s.UUID))
	}
	return text
}

func head(uuid []byte) []byte { return uuid[:min(len(uuid), 4)] }

// short is the end of an id, before which the master's stands.
func short(id string) string { return id[strings.LastIndexByte(id, '-')+1:] }
