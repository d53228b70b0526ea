package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ormosproject/ormos/local/internal/cgroup"
	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/local/internal/files"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// ErrShutdown is what Run returns when the master has told the agent to end: it was removed, or its registration is refused.
// The next Run on the same WorkDir is a new agent.
var ErrShutdown = errors.New("the master told the agent to shut down")

// errKilled ends Run without any tidying.
var errKilled = errors.New("the agent was killed")

// Agent is an agent of a cluster.
//
//	new -> recovering -> (executors come back) -> registering <-> registered -> stopping -> ended
type Agent struct {
	o       Options
	flags   Flags
	log     *slog.Logger
	mux     *daemon.Mux
	files   *files.Files
	layout  layout
	key     key // of executors' tokens
	started time.Time
	groups  *cgroup.Groups // nil without isolators that want them
	mailbox *mailbox
	ended   chan struct{} // closed when Run returns
	serving atomic.Bool   // recovery has come so far that state can be asked for
	work    sync.WaitGroup
	cancel  context.CancelCauseFunc // ends what blocks, and Run
	running context.Context

	// What follows belongs to the goroutine of Run.

	info         mesos.AgentInfo
	id           string // "" before the first registration
	recovering   bool   // executors may still come back
	stopping     bool
	result       error // of Run, once stopping
	master       connection
	frameworks   map[string]*framework
	completed    []*framework // oldest first
	streams      map[streamKey]*updateStream
	reserved     []mesos.Resource // checkpointed resources: dynamic reservations and volumes
	counters     counters
	garbage      garbage
	garbageTimer *time.Timer
	heartbeat    *time.Timer
	watches      []*watch
}

// New makes an agent; it does nothing before Run.
func New(o Options) (*Agent, error) {
	switch {
	case o.WorkDir == "":
		return nil, errors.New("cannot make an agent: no WorkDir")
	case o.Master == nil || o.Containerizer == nil:
		return nil, errors.New("cannot make an agent: no Master or no Containerizer")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Address.Hostname = cmp.Or(o.Address.Hostname, o.Address.IP)
	work, err := realDirectory(o.WorkDir)
	if err != nil {
		return nil, fmt.Errorf("cannot make an agent: %w", err)
	}
	o.WorkDir = work
	a := &Agent{
		o: o, flags: o.Flags.complete(), log: o.Logger, files: &files.Files{}, layout: layout{work},
		mailbox: newMailbox(), ended: make(chan struct{}), started: time.Now(),
		info: mesos.AgentInfo{
			Hostname: o.Address.Hostname, Port: new(int32(o.Address.Port)), Resources: o.Resources, Attributes: o.Attributes, Domain: o.Domain,
		},
		frameworks: map[string]*framework{}, streams: map[streamKey]*updateStream{},
	}
	a.counters.ended = map[mesos.TaskState]int{}
	a.running, a.cancel = context.WithCancelCause(context.Background())
	if a.key, err = a.flags.readKey(); err == nil {
		a.mux, err = a.routes()
	}
	if err != nil {
		a.cancel(nil)
		return nil, err
	}
	return a, nil
}

// ServeHTTP serves the agent's whole URL space.
func (a *Agent) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// Run recovers what an earlier agent left in the WorkDir, registers, and serves until ctx ends (nil), the master says
// Shutdown (ErrShutdown), or recovery fails. It may be called once.
func (a *Agent) Run(ctx context.Context) error {
	defer a.finish()
	if err := a.recover(); err != nil {
		return fmt.Errorf("cannot recover the agent: %w", err)
	}
	stop := ctx.Done()
	for {
		select {
		case <-stop:
			stop = nil
			a.stop(nil)
		case <-a.mailbox.wake:
			for _, f := range a.mailbox.take() {
				if a.running.Err() == nil {
					f()
				}
			}
		case <-a.running.Done():
			return a.result
		}
	}
}

// finish lets go of everything that belongs to a Run. Nothing is put down: that was done when it happened.
func (a *Agent) finish() {
	a.serving.Store(false)
	a.cancel(nil)
	a.mailbox.close()
	a.disconnect()
	for _, t := range []*time.Timer{a.garbageTimer, a.heartbeat} {
		if t != nil {
			t.Stop()
		}
	}
	for _, w := range a.watches {
		w.timer.Stop()
	}
	for _, s := range a.streams {
		s.stop()
	}
	for _, e := range a.executors() {
		e.release()
		a.endSessions(e)
		e.closeGroups()
	}
	close(a.ended)
	a.work.Wait()
}

// post runs f on the goroutine that owns the state, if Run has not ended by then.
func (a *Agent) post(f func()) { a.mailbox.put(f) }

// ask runs f on the goroutine that owns the state and waits for its end; false when it may not have been run.
func (a *Agent) ask(ctx context.Context, f func()) bool {
	done := make(chan struct{})
	if !a.mailbox.put(func() { defer close(done); f() }) {
		return false
	}
	select {
	case <-done:
		return true
	case <-a.ended:
	case <-ctx.Done():
	}
	return false
}

// goDo runs something that blocks. Run does not end before it has.
func (a *Agent) goDo(f func()) {
	a.work.Add(1)
	go func() {
		defer a.work.Done()
		f()
	}()
}

// after posts f when the time has passed. The caller stops the timer when it is not wanted any more.
func (a *Agent) after(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() { a.post(f) })
}

// stop begins the end of Run, see the package's comment; result is what Run will return.
func (a *Agent) stop(result error) {
	if a.stopping {
		return
	}
	a.stopping, a.result = true, result
	if !a.o.DestroyOnStop {
		a.disconnect()
	}
	for _, e := range a.executors() {
		if a.o.DestroyOnStop || result != nil || !e.framework.info.GetCheckpoint() {
			e.framework.ending = true
			a.shutdown(e)
		}
	}
	a.checkStopped()
}

// checkStopped ends Run when it is to be ended and nothing has to be waited for.
func (a *Agent) checkStopped() {
	if !a.stopping {
		return
	}
	for _, e := range a.executors() {
		if e.framework.ending && e.state != terminated {
			return
		}
	}
	a.cancel(nil)
}

// executors gives those of all frameworks, in no order.
func (a *Agent) executors() []*executor {
	var all []*executor
	for _, f := range a.frameworks {
		for _, e := range f.executors {
			all = append(all, e)
		}
	}
	return all
}

// pid is the agent's libprocess address.
func (a *Agent) pid() string { return fmt.Sprintf("slave(1)@%s", a.endpoint()) }

func (a *Agent) endpoint() string { return fmt.Sprintf("%s:%d", a.o.Address.IP, a.o.Address.Port) }

// peer is the agent as one connection's master sees it.
type peer struct {
	a          *Agent
	generation int
}

// Send puts what the master says into the mailbox. What comes over a connection that has ended is dropped.
func (p peer) Send(m link.Message) {
	p.a.post(func() {
		if p.a.master.generation == p.generation {
			p.a.hear(m)
		}
	})
}
