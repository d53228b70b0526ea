package scheduler

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// recordsMost is more than any record has, and a fraction of what a packet of ZooKeeper takes.
const recordsMost = 256 << 10

// sound sees that what was saved is small and can be read again.
func (d *desk) sound() {
	d.t.Helper()
	for key, text := range d.saved {
		if len(text) > recordsMost || len(key) > 512 {
			d.t.Errorf("the record %.60q has %d bytes", key, len(text))
		}
	}
	if err := newBook(d.opts).load(d.saved); err != nil {
		d.t.Error("a restart fails:", err)
	}
}

// What an executor, an agent or a master says that is out of its mind can be recorded, and read after a restart.
func TestHostileStatusesAreRecordable(t *testing.T) {
	huge := strings.Repeat("\u00e9", 2<<20)
	for name, say := range map[string]func(*mesos.TaskStatus){
		"message":  func(s *mesos.TaskStatus) { s.Message = &huge },
		"data":     func(s *mesos.TaskStatus) { s.Data = []byte(huge) },
		"labels":   func(s *mesos.TaskStatus) { s.Labels = &mesos.Labels{Labels: []mesos.Label{{Key: huge}}} },
		"uuid":     func(s *mesos.TaskStatus) { s.UUID = []byte(huge) },
		"agent":    func(s *mesos.TaskStatus) { s.AgentID = &mesos.AgentID{Value: huge} },
		"no agent": func(s *mesos.TaskStatus) { s.AgentID = &mesos.AgentID{Value: "\xff/../\x00"} },
		"executor": func(s *mesos.TaskStatus) { s.ExecutorID = &mesos.ExecutorID{Value: huge} },
		"time":     func(s *mesos.TaskStatus) { s.Timestamp = new(math.NaN()) },
		"end":      func(s *mesos.TaskStatus) { s.Timestamp = new(math.Inf(1)) },
		"state":    func(s *mesos.TaskStatus) { s.State = 1 << 30 },
		"limitation": func(s *mesos.TaskStatus) {
			s.Limitation = &mesos.TaskResourceLimitation{Resources: []mesos.Resource{{Name: "cpus", Type: 99}}}
		},
		"no UTF-8": func(s *mesos.TaskStatus) { s.Message = new("\xff") },
		"unknown":  func(s *mesos.TaskStatus) { s.Unknown = new([]byte(huge)) },
		"container": func(s *mesos.TaskStatus) {
			s.ContainerStatus = &mesos.ContainerStatus{NetworkInfos: []mesos.NetworkInfo{{Name: &huge}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, FrameworkOptions{UnknownTasks: AdoptUnknown})
			d.b.want(d.now, testNeed("web"))
			d.offer()
			id := sorted(d.b.tasks)[0]
			agent := d.b.tasks[id].AgentID
			s := d.status(id, "RUNNING agent").Status
			say(&s)
			d.event(&EventUpdate{Status: s})
			d.sound()
			if now := d.b.tasks[id]; now.AgentID != agent {
				t.Errorf("it is at the agent %.40q", now.AgentID)
			}
		})
	}
}

// Tasks with ids that Mesos never takes are told as unknown, and can be killed, but not recorded.
func TestHostileTaskIDsAreNotRecorded(t *testing.T) {
	for _, id := range []string{"", ".", "..", "a/b", "a\x00", "\xff", strings.Repeat("x", 300)} {
		d := newDesk(t, FrameworkOptions{UnknownTasks: AdoptUnknown})
		d.take()
		d.event(&EventUpdate{Status: mesos.TaskStatus{TaskID: mesos.TaskID{Value: id}, State: mesos.TaskRunning, AgentID: &mesos.AgentID{Value: "agent"}}})
		d.b.kill(d.now, id, nil)
		d.act()
		calls, told := d.take()
		if len(d.saved) > 0 || len(d.b.tasks) > 0 || strings.Join(told, " ") != "unknown RUNNING" || !slices.Contains(calls, "KILL") {
			t.Errorf("%q: called %v, told %v, saved %d", id, calls, told, len(d.saved))
		}
		d.sound()
	}
}

// What is remembered of the tasks of others does not grow without end.
func TestStrangersAreForgotten(t *testing.T) {
	b := newBook(FrameworkOptions{})
	for i := range 2*strangersMost + 1 {
		s := mesos.TaskStatus{TaskID: mesos.TaskID{Value: time.Duration(i).String()}, State: mesos.TaskRunning}
		b.update(epoch, &s)
		b.out = effects{}
	}
	if n := len(b.strangers); n > strangersMost {
		t.Errorf("%d are remembered", n)
	}
}

// An agent without an id, or with much to say of itself, is no end of the framework.
func TestHostileAgents(t *testing.T) {
	huge := strings.Repeat("x", 2<<20)
	d := newDesk(t, FrameworkOptions{})
	need := testNeed("web")
	need.Group = "web"
	d.b.want(d.now, need)
	d.offer()
	d.sound()
	offer := mesos.Offer{ID: mesos.OfferID{Value: "bad"}, AgentID: mesos.AgentID{Value: "\xff"}, Hostname: huge}
	d.calls = nil
	d.event(&EventOffers{Offers: []mesos.Offer{offer}})
	if len(d.calls) == 0 || d.calls[0].Decline == nil || d.calls[0].Decline.OfferIDs[0].Value != "bad" {
		t.Errorf("called %v", d.calls)
	}
	if len(d.b.offers.Offers()) > 0 {
		t.Error("the offer is kept")
	}
}

func TestHostileOperationStatuses(t *testing.T) {
	huge := strings.Repeat("x", 2<<20)
	o := &Operation{ID: "op", AgentID: "agent", Status: mesos.OperationStatus{OperationID: &mesos.OperationID{Value: "op"}}}
	next := o.after(epoch, &mesos.OperationStatus{
		State: mesos.OperationFailed, Message: &huge, AgentID: &mesos.AgentID{Value: "\xff"}, ResourceProviderID: &mesos.ResourceProviderID{Value: huge},
	})
	text, err := next.encode()
	if err != nil || len(text) > recordsMost || next.AgentID != "agent" || next.ProviderID != "" || next.State() != mesos.OperationFailed {
		t.Errorf("%v, %d bytes at %q of %.20q, %v", err, len(text), next.AgentID, next.ProviderID, next.State())
	}
	d := newDesk(t, FrameworkOptions{})
	d.b.operations["op"] = o
	d.b.event(epoch, &EventUpdateOperationStatus{Status: mesos.OperationStatus{OperationID: &mesos.OperationID{Value: "op"}, State: 99}})
	d.perform()
	d.sound()
	if _, err := (&Operation{ID: "\xff"}).encode(); err == nil {
		t.Error("an id that is not UTF-8 is recorded")
	}
}
