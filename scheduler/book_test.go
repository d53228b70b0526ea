package scheduler

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// desk drives a book as a Framework does, with a store of its own. It keeps what was called and told.
type desk struct {
	t      rapid.TB
	b      *book
	now    time.Time
	opts   FrameworkOptions
	ids    int
	saved  map[string][]byte
	calls  []*Call
	events []TypedEvent
}

func newDesk(t rapid.TB, o FrameworkOptions) *desk {
	d := &desk{t: t, now: epoch, opts: o, saved: map[string][]byte{}}
	d.restart()
	return d
}

// restart is a new process with the same store.
func (d *desk) restart(needs ...Need) {
	d.t.Helper()
	d.b = newBook(d.opts)
	d.b.newID = func(need string) string { d.ids++; return fmt.Sprint(need, ".", d.ids) }
	for _, n := range needs {
		d.b.want(d.now, n)
	}
	if err := d.b.load(d.saved); err != nil {
		d.t.Fatal(err)
	}
	d.b.retell()
	d.perform()
	d.event(&EventSubscribed{FrameworkID: mesos.FrameworkID{Value: "f"}})
}

func (d *desk) event(e TypedEvent) {
	d.t.Helper()
	d.b.event(d.now, e)
	if _, ok := e.(*EventSubscribed); ok {
		d.b.offers.Subscribed(d.now, []string{"*"}, nil)
	}
	d.act()
}

func (d *desk) act() {
	d.t.Helper()
	d.b.act(d.now)
	d.perform()
}

func (d *desk) perform() {
	d.t.Helper()
	for range 2 {
		saves, calls := d.b.take()
		for key, r := range saves {
			if delete(d.saved, key); r == nil {
				continue
			}
			text, err := r.encode()
			if err != nil {
				d.t.Fatal(err)
			}
			d.saved[key] = text
		}
		for _, s := range calls {
			d.calls = append(d.calls, s.call)
		}
		tells := d.b.out.tells
		d.b.out.tells = nil
		for _, one := range tells {
			d.events = append(d.events, one.event)
			d.b.told(one)
		}
	}
}

// wait lets time pass, stopping where the book wants to do something.
func (d *desk) wait(long time.Duration) {
	d.t.Helper()
	end := d.now.Add(long)
	for range 10_000 {
		at, ok := d.b.next()
		if !ok || at.After(end) {
			d.now = end
			return
		}
		if at.After(d.now) {
			d.now = at
		}
		d.act()
	}
	d.t.Fatal("the book never rests")
}

// take returns what was called and told since the last time, without what only concerns offers.
func (d *desk) take() (calls []string, told []string) {
	for _, c := range d.calls {
		switch c.GetType() {
		case CallTypeDecline, CallTypeRevive, CallTypeSuppress:
		case CallTypeReconcile:
			calls = append(calls, fmt.Sprint("RECONCILE ", len(c.Reconcile.Tasks)))
		default:
			calls = append(calls, c.GetType().String())
		}
	}
	for _, e := range d.events {
		switch e := e.(type) {
		case *EventTask:
			text := strings.TrimPrefix(e.Task.State().String(), "TASK_")
			for word, is := range map[string]bool{" over": e.Task.Over(), " dropped": e.Dropped} {
				if is && (word != " over" || !e.Dropped) {
					text += word
				}
			}
			told = append(told, text)
		case *EventUnknownTask:
			told = append(told, "unknown "+strings.TrimPrefix(e.Status.State.String(), "TASK_"))
		}
	}
	d.calls, d.events = nil, nil
	return calls, told
}

func testNeed(name string) Need {
	return Need{Need: offer.Need{Name: name, Tasks: []offer.Task{{Info: mesos.TaskInfo{
		Name: name, Command: &mesos.CommandInfo{Value: new("true")}, Resources: mesos.Resources{mesos.CPUs(0.1)},
	}}}}}
}

func (d *desk) offer() {
	d.t.Helper()
	d.ids++
	d.event(&EventOffers{Offers: []mesos.Offer{{
		ID: mesos.OfferID{Value: fmt.Sprint("o", d.ids)}, AgentID: mesos.AgentID{Value: "a"}, Hostname: "h", Resources: mesos.Resources{mesos.CPUs(4)},
	}}})
}

// status makes one of a text such as "RUNNING agent", "DROPPED INVALID_OFFERS", "UNKNOWN RECONCILIATION". An agent's has a uuid of its own.
func (d *desk) status(id, text string) *EventUpdate {
	d.t.Helper()
	state, reason, _ := strings.Cut(text, " ")
	text = fmt.Sprintf(`{"task_id":{"value":%q},"agent_id":{"value":"a"},"state":"TASK_%s"`, id, state)
	if reason != "" && reason != "agent" {
		text += fmt.Sprintf(`,"reason":"REASON_%s"`, reason)
	}
	var s mesos.TaskStatus
	if err := s.UnmarshalJSON([]byte(text + "}")); err != nil {
		d.t.Fatal(err)
	}
	if reason == "agent" {
		d.ids++
		s.UUID = fmt.Append(nil, d.ids)
	}
	return &EventUpdate{Status: s}
}

// What each word about a task means: what is told, whether its need waits again, and whether a record is left.
func TestTaskStates(t *testing.T) {
	for _, c := range []struct {
		says    string // by commas; "kill" is the author's, "again" the last one once more, "restart" a new process
		told    string
		waits   bool
		records int
	}{
		{"STAGING RECONCILIATION, STARTING agent, RUNNING agent, FINISHED agent", "STAGING, STARTING, RUNNING, FINISHED over", false, 0},
		{"RUNNING agent, again, again, FAILED agent, again", "STAGING, RUNNING, FAILED over", false, 0},
		{"RUNNING agent, STARTING RECONCILIATION, STAGING RECONCILIATION, RUNNING RECONCILIATION", "STAGING, RUNNING", false, 1},
		{"KILLING agent, RUNNING agent, KILLED agent", "STAGING, KILLING, KILLED over", false, 0},
		{"RUNNING agent, UNREACHABLE AGENT_REMOVED, RUNNING AGENT_REREGISTERED", "STAGING, RUNNING, UNREACHABLE, RUNNING", false, 1},
		{"RUNNING agent, UNREACHABLE AGENT_REMOVED, FINISHED agent", "STAGING, RUNNING, UNREACHABLE, FINISHED over", false, 0},
		{"RUNNING agent, UNREACHABLE AGENT_REMOVED, GONE_BY_OPERATOR AGENT_REMOVED_BY_OPERATOR", "STAGING, RUNNING, UNREACHABLE, GONE_BY_OPERATOR over", false, 0},
		{"RUNNING agent, UNREACHABLE AGENT_REMOVED, kill", "STAGING, RUNNING, UNREACHABLE, UNREACHABLE over", false, 1},
		{"RUNNING agent, kill, UNREACHABLE AGENT_REMOVED, restart", "STAGING, RUNNING, UNREACHABLE over", false, 1},
		{"RUNNING agent, UNREACHABLE AGENT_REMOVED, kill, RUNNING AGENT_REREGISTERED, KILLED agent", "STAGING, RUNNING, UNREACHABLE, UNREACHABLE over", false, 0},
		{"RUNNING agent, GONE agent", "STAGING, RUNNING, GONE over", false, 0},
		{"RUNNING agent, UNKNOWN RECONCILIATION, again, restart", "STAGING, RUNNING, UNKNOWN over", false, 1},
		{"RUNNING agent, UNKNOWN RECONCILIATION, FINISHED agent", "STAGING, RUNNING, UNKNOWN over", false, 0},
		{"RUNNING agent, LOST AGENT_REMOVED, again, RUNNING agent, LOST AGENT_REMOVED", "STAGING, RUNNING, LOST over", false, 1},
		{"ERROR TASK_INVALID", "STAGING, ERROR over", false, 0},
		{"DROPPED INVALID_OFFERS", "STAGING, DROPPED dropped", true, 0},
		{"DROPPED AGENT_REMOVED, again", "STAGING, DROPPED dropped", true, 0},
		{"LOST INVALID_OFFERS", "STAGING, LOST dropped", true, 0},
		{"UNKNOWN RECONCILIATION", "STAGING, UNKNOWN dropped", true, 1},
		{"GONE RECONCILIATION", "STAGING, GONE dropped", true, 0},
		{"STAGING RECONCILIATION, DROPPED AGENT_REMOVED", "STAGING, DROPPED dropped", true, 0},
		{"RUNNING agent, DROPPED AGENT_REMOVED", "STAGING, RUNNING, DROPPED over", false, 0},
		{"kill, DROPPED INVALID_OFFERS", "STAGING, DROPPED over", false, 0},
		{"RUNNING agent, restart, RUNNING RECONCILIATION, FINISHED agent", "STAGING, RUNNING, RUNNING, FINISHED over", false, 0},
	} {
		t.Run(c.says, func(t *testing.T) {
			d := newDesk(t, FrameworkOptions{})
			d.b.want(d.now, testNeed("web"))
			d.offer()
			id := sorted(d.b.tasks)[0]
			var last *EventUpdate
			for says := range strings.SplitSeq(c.says, ", ") {
				switch says {
				case "kill":
					d.b.kill(d.now, id, nil)
					d.act()
				case "restart":
					d.restart()
				default:
					if says != "again" {
						last = d.status(id, says)
					}
					d.event(last)
				}
			}
			_, told := d.take()
			if diff := cmp.Diff(strings.Split(c.told, ", "), told); diff != "" {
				t.Error(diff)
			}
			if (len(d.b.waiting) == 1) != c.waits || len(d.b.launching) > 0 {
				t.Errorf("waiting: %v, launching: %v", d.b.waiting, d.b.launching)
			}
			if len(d.saved) != c.records || len(d.b.tasks) != c.records {
				t.Errorf("left are the records %s and the tasks %v", d.saved, d.b.tasks)
			}
		})
	}
}

// A kill is repeated with growing pauses, over a restart, until the task is over; asking again changes nothing.
func TestKillIsRepeated(t *testing.T) {
	d := newDesk(t, FrameworkOptions{})
	d.b.want(d.now, testNeed("web"))
	d.offer()
	id := sorted(d.b.tasks)[0]
	d.event(d.status(id, "RUNNING agent"))
	count := func(want string) {
		t.Helper()
		calls, _ := d.take()
		calls = strings.Fields(strings.ReplaceAll(strings.Join(calls, " "), "RECONCILE", ""))
		n := 0
		for _, c := range calls {
			if c == "KILL" {
				n++
			}
		}
		if fmt.Sprint(n) != want {
			t.Errorf("%d kills, not %s", n, want)
		}
	}
	d.b.kill(d.now, id, new(time.Second))
	d.act()
	count("1")
	for range 9 {
		d.b.kill(d.now, id, new(time.Second))
		d.wait(100 * time.Millisecond)
	}
	count("0")
	d.wait(70 * time.Second) // after 1, 3, 7, 15, 31 and 63 s
	count("6")
	d.restart()
	count("1")
	d.event(d.status(id, "KILLING agent"))
	d.wait(time.Second)
	count("1")
	d.event(d.status(id, "KILLED agent"))
	d.wait(time.Hour)
	count("0")
}

// A kill of a task that the master did not know yet is repeated when the task shows itself to be alive; but not more than once a second, whatever
// answers it.
func TestKillOfATaskThatShowsItself(t *testing.T) {
	d := newDesk(t, FrameworkOptions{})
	d.b.want(d.now, testNeed("web"))
	d.offer()
	id := sorted(d.b.tasks)[0]
	d.b.kill(d.now, id, nil)
	d.wait(20 * time.Second)
	kills := func() (n int) {
		calls, _ := d.take()
		for _, c := range calls {
			if c == "KILL" {
				n++
			}
		}
		return n
	}
	kills()
	d.event(d.status(id, "STAGING RECONCILIATION")) // the next would have been after 31 s
	if n := kills(); n != 1 {
		t.Fatalf("%d kills", n)
	}
	for range 100 {
		d.event(d.status(id, "RUNNING agent"))
		d.wait(100 * time.Millisecond)
	}
	if n := kills(); n != 10 {
		t.Errorf("%d kills in 10 s", n)
	}
	d.event(d.status(id, "KILLING agent"))
	d.wait(time.Second)
	if n := kills(); n > 1 {
		t.Errorf("%d kills of a task that says that it ends", n)
	}
}

// A task that was given up and returns is killed until it is gone, and what it was launched for is not disturbed.
func TestAbandonedTaskReturns(t *testing.T) {
	for _, lost := range []string{"UNKNOWN RECONCILIATION", "LOST AGENT_REMOVED", "UNREACHABLE AGENT_REMOVED"} {
		d := newDesk(t, FrameworkOptions{})
		d.b.want(d.now, testNeed("web"))
		d.offer()
		id := sorted(d.b.tasks)[0]
		d.event(d.status(id, "RUNNING agent"))
		d.event(d.status(id, lost))
		d.b.kill(d.now, id, nil)
		d.b.want(d.now, testNeed("web"))
		d.offer()
		d.take()
		d.event(d.status(id, "RUNNING AGENT_REREGISTERED"))
		d.event(d.status(id, "RUNNING agent"))
		calls, told := d.take()
		if strings.Join(calls, " ") != "KILL" || told != nil {
			t.Errorf("%s: called %v and told %v", lost, calls, told)
		}
		d.event(d.status(id, "KILLED agent"))
		if _, told := d.take(); told != nil || len(d.b.tasks) != 1 || len(d.saved) != 1 {
			t.Errorf("%s: told %v, left are %v", lost, told, d.b.tasks)
		}
	}
}

// A kill that comes before the store is read, or whose record could not be saved, is not lost.
func TestKillBeforeLoad(t *testing.T) {
	d := newDesk(t, FrameworkOptions{})
	d.b.want(d.now, testNeed("web"))
	d.offer()
	id := sorted(d.b.tasks)[0]
	b := newBook(FrameworkOptions{})
	b.kill(d.now, id, nil)
	if err := b.load(d.saved); err != nil {
		t.Fatal(err)
	}
	if got := b.tasks[id]; got == nil || got.Kill == nil || got.Need != "web" || b.out.saves[taskPrefix+id] == nil {
		t.Errorf("after loading it is %+v", got)
	}
}

func TestUnknownTasks(t *testing.T) {
	for policy, want := range map[UnknownTasks]string{
		TellUnknown: "[] [unknown RUNNING] 0", AdoptUnknown: "[] [RUNNING] 1", KillUnknown: "[KILL] [] 0",
	} {
		d := newDesk(t, FrameworkOptions{UnknownTasks: policy})
		d.b.want(d.now, testNeed("web"))
		d.act()
		d.take()
		d.event(d.status("web.x", "RUNNING RECONCILIATION"))
		calls, told := d.take()
		if got := fmt.Sprint(calls, told, len(d.saved)); got != want {
			t.Errorf("%q: %s, not %s", policy, got, want)
		}
		if waits := len(d.b.waiting); (waits == 0) != (policy == AdoptUnknown) {
			t.Errorf("%q: %d needs wait", policy, waits)
		}
		d.event(d.status("web.x", "FINISHED agent"))
		if len(d.saved)+len(d.b.strangers) > 0 {
			t.Errorf("%q: left are %s, %v", policy, d.saved, d.b.strangers)
		}
	}
}

// Calls that the master does not take: the task was not launched, and offers are asked for again.
func TestRefusedCalls(t *testing.T) {
	d := newDesk(t, FrameworkOptions{})
	d.b.want(d.now, testNeed("web"))
	d.ids++
	d.b.offers.Offered(d.now, []mesos.Offer{{ID: mesos.OfferID{Value: "o"}, AgentID: mesos.AgentID{Value: "a"}, Resources: mesos.Resources{mesos.CPUs(4)}}})
	d.b.act(d.now)
	_, calls := d.b.take()
	d.b.refused(d.now, calls[len(calls)-1], errors.New("no"))
	d.perform()
	if _, told := d.take(); fmt.Sprint(told) != "[STAGING DROPPED dropped]" || len(d.b.waiting) != 1 || len(d.saved) > 0 {
		t.Errorf("told %v, waiting %v, saved %s", told, d.b.waiting, d.saved)
	}
}

// Whatever is said of tasks, in whatever order, with restarts in between: a need never has two tasks that are not over, the end of each task is told
// once in a process, what is saved is what is known, and every task that is over leaves no more than a record that is abandoned.
func TestBookLaws(t *testing.T) {
	says := []string{
		"STAGING RECONCILIATION", "STARTING agent", "RUNNING agent", "RUNNING RECONCILIATION", "KILLING agent", "FINISHED agent", "FAILED agent",
		"KILLED agent", "ERROR TASK_INVALID", "DROPPED INVALID_OFFERS", "UNREACHABLE AGENT_REMOVED", "GONE RECONCILIATION", "GONE_BY_OPERATOR AGENT_REMOVED_BY_OPERATOR",
		"UNKNOWN RECONCILIATION", "LOST AGENT_REMOVED", "LOST INVALID_OFFERS",
	}
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(rt, FrameworkOptions{})
		names := []string{"a", "b"}
		seen, ended := map[string]bool{}, map[string]bool{}
		var last *EventUpdate
		check := func() {
			for _, e := range d.events {
				e, ok := e.(*EventTask)
				if !ok {
					continue
				}
				seen[e.Task.ID] = true
				if ended[e.Task.ID] {
					rt.Fatalf("told after its end: %v", e)
				}
				ended[e.Task.ID] = e.Task.Over()
			}
			d.events = nil
			live := map[string]int{}
			for id, task := range d.b.tasks {
				if !task.Over() {
					live[task.Need]++
				}
				text, err := task.encode()
				if err != nil || !cmp.Equal(string(text), string(d.saved[taskPrefix+id])) {
					rt.Fatalf("saved is %s, known %s", d.saved[taskPrefix+id], text)
				}
				if task.Over() && !task.Abandoned {
					rt.Fatalf("%v is over and not forgotten", task)
				}
			}
			if len(d.saved) != len(d.b.tasks) || !cmp.Equal(live, d.b.live) {
				rt.Fatalf("%d are saved, %d known; of %v live %v", len(d.saved), len(d.b.tasks), d.b.live, live)
			}
			for need, n := range live {
				if n > 1 {
					rt.Fatalf("%d tasks of %s live", n, need)
				}
			}
		}
		any := func() string {
			ids := append(sorted(seen), "stranger")
			return rapid.SampledFrom(ids).Draw(rt, "task")
		}
		rt.Repeat(map[string]func(*rapid.T){
			"":      func(*rapid.T) { check() },
			"want":  func(rt *rapid.T) { d.b.want(d.now, testNeed(rapid.SampledFrom(names).Draw(rt, "need"))); d.act() },
			"offer": func(*rapid.T) { d.offer() },
			"says": func(rt *rapid.T) {
				last = d.status(any(), rapid.SampledFrom(says).Draw(rt, "says"))
				d.event(last)
			},
			"again": func(*rapid.T) {
				if last != nil {
					d.event(last)
				}
			},
			"kill": func(*rapid.T) {
				if id := any(); id != "stranger" && d.b.tasks[id] != nil {
					d.b.kill(d.now, id, nil)
					d.act()
				}
			},
			"wait":       func(rt *rapid.T) { d.wait(time.Duration(rapid.IntRange(0, 100).Draw(rt, "seconds")) * time.Second) },
			"disconnect": func(*rapid.T) { d.event(&EventDisconnected{}) },
			"subscribe":  func(*rapid.T) { d.event(&EventSubscribed{}) },
			"restart":    func(*rapid.T) { d.restart() },
		})
	})
}

// What is not a record of ours is refused, and what is read is written again as it was.
func FuzzRecords(f *testing.F) {
	task := &Task{ID: "a", Need: "web", Launched: epoch, Kill: &KillOrder{Grace: new(time.Second)}}
	text, err := task.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"id":"a","status":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if task, err := decodeTask(taskPrefix+"a", text); err == nil {
			again, err := task.encode()
			if err != nil {
				t.Skip() // a time beyond what JSON takes
			}
			if _, err := decodeTask(taskPrefix+"a", again); err != nil {
				t.Errorf("%s was written as %s: %v", text, again, err)
			}
		}
		if op, err := decodeOperation(operationPrefix+"a", text); err == nil {
			_, _ = op.encode()
		}
	})
}
