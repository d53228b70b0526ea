package local_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// patience is how long a test waits for what should take a moment, on a machine that may be busy.
const patience = 60 * time.Second

// resources are those of most tests' agents: the machine's own differ.
const resources = "cpus:4;mem:4096;disk:1024;ports:[31000-31099]"

func logger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// framework is a scheduler whose session runs beside the test; what it is told waits in order until it is asked for.
type framework struct {
	*scheduler.Session
	t     testing.TB
	close func()                            // ends the session
	keep  func(*scheduler.EventUpdate) bool // tells, where it is set, which updates are acknowledged; at another the session ends

	mu     sync.Mutex
	events []scheduler.TypedEvent
	err    error
	ended  bool
	more   chan struct{} // holds a token when there is something new
}

// newFramework is a framework that survives whatever happens, unless change makes it another one. It is not subscribed yet.
func newFramework(t testing.TB, master string, change ...func(*scheduler.Options)) *framework {
	t.Helper()
	o := scheduler.Options{
		Master: master, Framework: mesos.FrameworkInfo{Name: "test", FailoverTimeout: new(3600.0), Checkpoint: new(true)},
		Backoff: scheduler.Backoff{Min: 10 * time.Millisecond, Max: 200 * time.Millisecond},
	}
	for _, c := range change {
		c(&o)
	}
	return &framework{Session: scheduler.New(o), t: t}
}

// subscribe gives a framework that is subscribed.
func subscribe(t testing.TB, master string, change ...func(*scheduler.Options)) *framework {
	t.Helper()
	f := newFramework(t, master, change...)
	f.start()
	await[*scheduler.EventSubscribed](f, nil)
	return f
}

// start lets the session run until close or the test's end.
func (f *framework) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	f.events, f.err, f.ended, f.more = nil, nil, false, make(chan struct{}, 1)
	f.close = func() {
		cancel()
		<-done
	}
	f.t.Cleanup(f.close)
	go func() {
		defer close(done)
		for event, err := range f.Events(ctx) {
			f.put(event, err, false)
			if u, ok := event.(*scheduler.EventUpdate); ok && f.keep != nil && !f.keep(u) {
				break
			}
		}
		f.put(nil, nil, true)
	}()
}

func (f *framework) put(event scheduler.TypedEvent, err error, ended bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, lost := event.(*scheduler.EventDisconnected); lost {
		f.events = slices.DeleteFunc(f.events, void)
	}
	if event != nil {
		f.events = append(f.events, event)
	}
	if err != nil {
		f.err = err
	}
	f.ended = ended
	select {
	case f.more <- struct{}{}:
	default:
	}
}

// void tells of an event that means nothing after the loss of the subscription: an offer, or the answer to a question.
func void(event scheduler.TypedEvent) bool {
	switch e := event.(type) {
	case *scheduler.EventOffers:
		return true
	case *scheduler.EventUpdate:
		return e.Status.GetReason() == mesos.ReasonReconciliation
	}
	return false
}

// take removes the first event of type E that fits, and leaves the others.
func take[E scheduler.TypedEvent](f *framework, fits func(E) bool) (found E, ok, ended bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, event := range f.events {
		if e, is := event.(E); is && (fits == nil || fits(e)) {
			f.events = slices.Delete(f.events, i, i+1)
			return e, true, false
		}
	}
	return found, false, f.ended
}

// await waits for an event of type E that fits; nil fits all.
func await[E scheduler.TypedEvent](f *framework, fits func(E) bool) E {
	f.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		found, ok, ended := take(f, fits)
		switch {
		case ok:
			return found
		case ended:
			f.t.Fatalf("the session ended (%v) without a %T; it has told %s", f.err, found, f.told())
		}
		select {
		case <-f.more:
		case <-deadline.C:
			f.t.Fatalf("there was no %T; the session has told %s", found, f.told())
		}
	}
}

// has tells whether an event of type E that fits waits.
func has[E scheduler.TypedEvent](f *framework, fits func(E) bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.events, func(event scheduler.TypedEvent) bool {
		e, is := event.(E)
		return is && (fits == nil || fits(e))
	})
}

// told describes what nobody has asked for.
func (f *framework) told() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, e := range f.events {
		all = append(all, fmt.Sprintf("%T %v", e, e))
	}
	return strings.Join(all, "\n")
}

// fault waits for the session's end and gives its error.
func (f *framework) fault() error {
	f.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		f.mu.Lock()
		ended, err := f.ended, f.err
		f.mu.Unlock()
		if ended {
			return err
		}
		select {
		case <-f.more:
		case <-deadline.C:
			f.t.Fatalf("the session did not end; it has told %s", f.told())
		}
	}
}

// must fails the test at an error.
func (f *framework) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// offers waits for n offers.
func (f *framework) offers(n int) (all []mesos.Offer) {
	f.t.Helper()
	for len(all) < n {
		all = append(all, await[*scheduler.EventOffers](f, nil).Offers...)
	}
	return all
}

func (f *framework) offer() *mesos.Offer {
	f.t.Helper()
	return &f.offers(1)[0]
}

// room waits for an offer with room for small tasks; others are given back: what a task had may come back in parts.
func (f *framework) room() *mesos.Offer {
	f.t.Helper()
	for {
		o := f.offer()
		if r := mesos.Resources(o.Resources); r.CPUs() >= 0.5 && r.Mem() >= 160 {
			return o
		}
		f.decline(o, 0)
	}
}

// launch launches tasks on an offer, whose rest comes again at once.
func (f *framework) launch(o *mesos.Offer, tasks ...mesos.TaskInfo) {
	f.t.Helper()
	f.must(f.accept(o, tasks...))
}

func (f *framework) accept(o *mesos.Offer, tasks ...mesos.TaskInfo) error {
	for i := range tasks {
		tasks[i].AgentID = o.AgentID
	}
	return f.Accept(context.Background(), scheduler.CallAccept{
		OfferIDs: []mesos.OfferID{o.ID}, Filters: scheduler.Refuse(0),
		Operations: []mesos.OfferOperation{{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: tasks}}},
	})
}

func (f *framework) decline(o *mesos.Offer, refuse time.Duration) {
	f.t.Helper()
	f.must(f.Decline(context.Background(), scheduler.CallDecline{OfferIDs: []mesos.OfferID{o.ID}, Filters: scheduler.Refuse(refuse)}))
}

func (f *framework) kill(task string) {
	f.t.Helper()
	f.must(f.Kill(context.Background(), scheduler.CallKill{TaskID: mesos.TaskID{Value: task}}))
}

// update waits for the next update of a task.
func (f *framework) update(task string) *mesos.TaskStatus {
	f.t.Helper()
	return &await(f, func(e *scheduler.EventUpdate) bool { return e.Status.TaskID.Value == task }).Status
}

// until waits until a task is in a state; its end in another one fails the test.
func (f *framework) until(task string, state mesos.TaskState) *mesos.TaskStatus {
	f.t.Helper()
	for {
		s := f.update(task)
		if s.State == state {
			return s
		}
		if s.State.Terminal() {
			f.t.Fatalf("task %s is %v, want %v: %v", task, s.State, state, s)
		}
	}
}

// reconcile asks for a task until there is an answer: there is none while the master waits for agents of before.
func (f *framework) reconcile(task string, agent *mesos.AgentID) (answer *mesos.TaskStatus) {
	f.t.Helper()
	eventually(f.t, "the master answers for "+task, func() bool {
		err := f.Reconcile(context.Background(), scheduler.CallReconcileTask{TaskID: mesos.TaskID{Value: task}, AgentID: agent})
		if errors.Is(err, scheduler.ErrDisconnected) {
			return false
		}
		f.must(err)
		e, ok, _ := take(f, func(e *scheduler.EventUpdate) bool {
			return e.Status.TaskID.Value == task && e.Status.GetReason() == mesos.ReasonReconciliation
		})
		if ok {
			answer = &e.Status
		}
		return ok
	})
	return answer
}

// sleepTask is a command task that runs until it is killed.
func sleepTask(id string) mesos.TaskInfo {
	return mesos.TaskInfo{
		Name: id, TaskID: mesos.TaskID{Value: id}, Resources: []mesos.Resource{mesos.CPUs(0.1), mesos.Mem(32)},
		Command: &mesos.CommandInfo{Value: new("exec sleep 1000")},
	}
}

// customTask runs on an executor of its own, which is this program.
func customTask(t testing.TB, id string) mesos.TaskInfo {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	task := sleepTask(id)
	task.Command = nil
	task.Executor = &mesos.ExecutorInfo{
		Type: new(mesos.ExecutorInfoTypeCustom), ExecutorID: mesos.ExecutorID{Value: id}, Resources: []mesos.Resource{mesos.CPUs(0.1), mesos.Mem(32)},
		Command: &mesos.CommandInfo{
			Shell: new(false), Value: new(self), Arguments: []string{self, roleExecutor},
			// With the race detector it would take a second to end.
			Environment: &mesos.Environment{Variables: []mesos.EnvironmentVariable{{Name: "GORACE", Value: new("atexit_sleep_ms=10")}}},
		},
	}
	return task
}

// eventually waits until a condition that nobody announces holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			t.Fatal("never: " + what)
		case <-tick.C:
		}
	}
}

// get asks for a path and gives status and body; a redirection is not followed.
func get(t testing.TB, address, path string, user ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(user) == 2 {
		r.SetBasicAuth(user[0], user[1])
	}
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// into decodes the JSON at a path.
func into(t testing.TB, address, path string, v any) {
	t.Helper()
	answer, body := get(t, address, path)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %s: %s", path, answer.Status, body)
	}
	if err := json.Unmarshal([]byte(body), v); err != nil {
		t.Fatal(err)
	}
}

// processesIn are the pids of processes that run in sandboxes below dir.
func processesIn(dir string) (pids []string) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range all {
		if strings.Contains(environment(p), "MESOS_SANDBOX="+dir) {
			pids = append(pids, filepath.Base(p))
		}
	}
	return pids
}

// environment is that of a process. One that is just becoming another program has none for a moment, in which it is no zombie: it has a file.
func environment(process string) string {
	const looks = 1000
	for range looks {
		data, err := os.ReadFile(process + "/environ")
		if err != nil || len(data) > 0 {
			return string(data)
		}
		if _, err := os.Readlink(process + "/exe"); err != nil {
			break
		}
		runtime.Gosched()
	}
	return ""
}
