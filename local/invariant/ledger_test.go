package invariant

import (
	"strings"
	"testing"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// story is what a ledger is told, one line after the other, each a second after the one before.
type story struct {
	*ledger
	now time.Time
}

func newStory() *story {
	o := Options{
		Wanted:   1,
		Instance: func(t *mesos.TaskInfo) string { return t.Name },
		Recorded: func(records map[string][]byte, t *mesos.TaskInfo) bool { return records[t.TaskID.Value] != nil },
		Abandoned: func(records map[string][]byte, t *mesos.TaskInfo) bool {
			return string(records[t.TaskID.Value]) == "abandoned"
		},
		Saved: func(records map[string][]byte, s *mesos.TaskStatus) bool {
			return string(records[s.TaskID.Value]) == s.State.String()
		},
	}
	s := &story{ledger: newLedger(o), now: time.Unix(0, 0)}
	s.subscribed("s")
	return s
}

func (s *story) call(c scheduler.Call) { s.called(s.now, "s", &c) }

func (s *story) event(e scheduler.Event) { s.told(s.now, "s", &e) }

// tell understands a line. Its words are a verb, and a task's or offer's id with what belongs to it.
func (s *story) tell(t *testing.T, line string) {
	s.now = s.now.Add(time.Second)
	words := append(strings.Fields(line), "", "", "")
	id := words[1]
	switch words[0] {
	case "id": // framework
		s.event(scheduler.Event{Type: new(scheduler.EventTypeSubscribed), Subscribed: &scheduler.EventSubscribed{FrameworkID: mesos.FrameworkID{Value: id}}})
	case "lost":
		s.ended()
		s.subscribed("s")
	case "wait": // duration
		d, err := time.ParseDuration(id)
		if err != nil {
			t.Fatal(err)
		}
		s.now = s.now.Add(d)
		s.look(s.now)
	case "offer":
		s.event(scheduler.Event{Type: new(scheduler.EventTypeOffers), Offers: &scheduler.EventOffers{Offers: []mesos.Offer{{ID: mesos.OfferID{Value: id}, AgentID: mesos.AgentID{Value: "agent"}}}}})
	case "rescind":
		s.event(scheduler.Event{Type: new(scheduler.EventTypeRescind), Rescind: &scheduler.EventRescind{OfferID: mesos.OfferID{Value: id}}})
	case "decline":
		s.call(scheduler.Call{Type: new(scheduler.CallTypeDecline), Decline: &scheduler.CallDecline{OfferIDs: []mesos.OfferID{{Value: id}}}})
	case "record": // task state
		s.records[id] = []byte(words[2])
	case "launch", "refused": // task instance offer
		c := launchCall(id, words[2], words[3])
		if words[0] == "launch" {
			s.call(c)
		} else {
			s.refused(&c)
		}
	case "update": // task state uuid
		s.event(scheduler.Event{Type: new(scheduler.EventTypeUpdate), Update: &scheduler.EventUpdate{Status: status(id, words[2], words[3])}})
	case "ack": // task uuid
		s.call(scheduler.Call{Type: new(scheduler.CallTypeAcknowledge), Acknowledge: &scheduler.CallAcknowledge{TaskID: mesos.TaskID{Value: id}, UUID: []byte(words[2])}})
	case "end": // task ...
		var running []mesos.Task
		for _, id := range strings.Fields(line)[1:] {
			running = append(running, mesos.Task{TaskID: mesos.TaskID{Value: id}, State: mesos.TaskRunning})
		}
		s.end(s.now, running)
	default:
		t.Fatalf("what is %q?", line)
	}
}

func launchCall(id, instance, offer string) scheduler.Call {
	info := mesos.TaskInfo{Name: instance, TaskID: mesos.TaskID{Value: id}}
	return scheduler.Call{Type: new(scheduler.CallTypeAccept), Accept: &scheduler.CallAccept{
		OfferIDs:   []mesos.OfferID{{Value: offer}},
		Operations: []mesos.OfferOperation{{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: []mesos.TaskInfo{info}}}},
	}}
}

func status(id, state, uuid string) mesos.TaskStatus {
	s := mesos.TaskStatus{TaskID: mesos.TaskID{Value: id}, UUID: []byte(uuid)}
	for _, known := range []mesos.TaskState{mesos.TaskRunning, mesos.TaskFailed, mesos.TaskUnreachable} {
		if known.String() == state {
			s.State = known
		}
	}
	return s
}

// Each invariant is reported when it is violated, and only then.
func TestRules(t *testing.T) {
	const begun = "id f; offer o; record a -; launch a web o; update a TASK_RUNNING 1; record a TASK_RUNNING; ack a 1; "
	const failed = "update a TASK_FAILED 2; record a TASK_FAILED; ack a 2; "
	for _, c := range []struct {
		story string
		rules string // those violated, in order
	}{
		{begun + "end a", ""},
		{begun + "lost; id f; end a", ""},
		{begun + "lost; id g", "id lost"},
		{begun + "offer p; launch a other p", "launched twice"},
		{"id f; offer o; record a -; launch a web o; refused a web o; offer p; launch a web p", ""},
		{begun + "offer p; record b -; launch b web p", "two of one"},
		{begun + "offer p; record b -; launch b other p", ""},
		{begun + "record a abandoned; offer p; record b -; launch b web p", ""},
		{begun + failed + "offer p; record b -; launch b web p; update b TASK_RUNNING; end b", ""},
		{"id f; record a -; launch a web o", "offer void"},
		{begun + "record b -; launch b other o", "offer void"},
		{"id f; offer o; rescind o; wait 1m; record a -; launch a web o", ""},
		{"id f; offer o; rescind o; wait 3m; record a -; launch a web o", "offer void"},
		{"id f; offer o; lost; id f; record a -; launch a web o", "offer void"},
		{"id f; offer o; wait 1m; decline o; wait 3m", ""},
		{"id f; offer o; wait 3m; wait 3m", "offer kept"},
		{"id f; offer o; rescind o; wait 3m", ""},
		{"id f; offer o; lost; wait 3m", ""},
		{"id f; " + strings.Repeat("offer o; decline o; ", 10), ""},
		{"id f; " + strings.Repeat("offer o; decline o; ", 11), "busy declining"},
		{"id f; " + strings.Repeat("offer o; decline o; wait 5s; ", 20), ""},
		{"id f; offer o; launch a web o", "not recorded"},
		{begun + "update a TASK_FAILED 2; ack a 2", "not saved"},
		{begun + "ack a 1", "acknowledged"},
		{begun + "update a TASK_RUNNING 1; ack a 1", ""},
		{begun + "ack a 9", "acknowledged"},
		{begun + "update a TASK_FAILED 2; wait 3m; wait 3m", "acknowledged"},
		{begun + "update a TASK_FAILED 2; lost; wait 3m", ""},
		{begun + "update a TASK_FAILED; wait 3m", ""}, // an answer to RECONCILE
		{begun + "end a b", "forgotten, not wanted"},
		{begun + "end", "forgotten, not wanted"},
		{begun + failed + "end a", "forgotten"},
		{begun + "update a TASK_UNREACHABLE; update a TASK_RUNNING; end a", ""},
		{begun + failed + "end", "not wanted"},
		{begun + "update a TASK_UNREACHABLE; offer p; record b -; launch b web p; update a TASK_RUNNING; update b TASK_RUNNING; end a b", "two of one, not wanted"},
	} {
		s := newStory()
		for line := range strings.SplitSeq(c.story, ";") {
			if line = strings.TrimSpace(line); line != "" {
				s.tell(t, line)
			}
		}
		var rules []string
		for _, v := range s.violations {
			rules = append(rules, string(v.Rule))
		}
		if got := strings.Join(rules, ", "); got != c.rules {
			t.Errorf("%s\n\tgot %q, want %q: %v", c.story, got, c.rules, s.violations)
		}
	}
}

// What is done wrong without end is told only so often.
func TestEnough(t *testing.T) {
	s := newStory()
	for range 2 * most {
		s.tell(t, "ack a 1")
	}
	if len(s.violations) != most {
		t.Errorf("%d violations", len(s.violations))
	}
	<-s.enough
}
