package executor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// RunOptions are the choices of [Run]. The zero value is right for an executor that ends with its last task.
type RunOptions struct {
	Options
	// Idle is for how long an executor without tasks waits for further ones. 0 means not at all, as Mesos' own executors do; a task that
	// is launched after the agent has heard of the last one's end fails. A negative value means that it stays until the agent ends it.
	Idle time.Duration
	// Message is told what the scheduler sends; nil ignores it. It must not wait, and may keep data.
	Message func(d *Driver, data []byte)
}

// Run is an executor that calls work for each task, in a goroutine of its own, and tells how it ended:
//
//	TASK_FINISHED    work returned nil
//	TASK_FAILED      it returned an error, which becomes the message; or it took longer than the task's max_completion_time
//	TASK_KILLED      it returned anything after it was asked to end
//
// It is for work to say when the task works ([Task.Running]). It is asked to end by the end of its ctx: after a KILL, when the executor is to
// shut down, when ctx of Run ends, and when another task of its group was killed or has failed. It should return then, and must do
// so when [Task.Overdue] ends. The framework hears of TASK_KILLING meanwhile, if it has asked for that.
//
// Run returns when the executor has ended: after the last task (see [RunOptions].Idle), by order of the agent, or after the end
// of ctx, which is no error. It has waited for all of work then, and for the agent's acknowledgements.
func Run(ctx context.Context, o RunOptions, work func(ctx context.Context, task *Task) error) error {
	driver, err := New(o.Options)
	if err != nil {
		return err
	}
	r := &runner{Driver: driver, options: o, work: work, tasks: map[string]*Task{}}
	r.idle = time.AfterFunc(time.Hour, r.stopIdle)
	r.idle.Stop()
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		<-ctx.Done()
		r.leave(fmt.Errorf("the executor ends: %w", context.Cause(ctx)), driver.env.ShutdownGracePeriod)
	})
	for event, failure := range driver.Events(context.WithoutCancel(ctx)) {
		if err = failure; err == nil {
			r.handle(event)
		}
	}
	cancel()
	watching.Wait()
	r.running.Wait()
	r.idle.Stop()
	return err
}

// runner owns the tasks of Run.
type runner struct {
	*Driver
	options RunOptions
	work    func(context.Context, *Task) error
	running sync.WaitGroup

	mu      sync.Mutex
	tasks   map[string]*Task // that have not ended, by id
	idle    *time.Timer      // runs while there are none
	leaving error            // why nothing may begin any more
	killing bool             // the framework wants to hear of TASK_KILLING
}

func (r *runner) handle(event TypedEvent) {
	switch e := event.(type) {
	case *EventSubscribed:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.killing = hearsOfKilling(&e.FrameworkInfo)
	case *EventLaunch:
		r.launch(e.Task)
	case *EventLaunchGroup:
		r.launch(e.TaskGroup.Tasks...)
	case *EventKill:
		if t := r.task(e.TaskID); t != nil {
			t.end(errKilled, e.Grace(&t.Info))
		}
	case *EventAcknowledged:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.rest()
	case *EventMessage:
		if r.options.Message != nil {
			r.options.Message(r.Driver, e.Data)
		}
	case *EventShutdown:
		r.leave(fmt.Errorf("the executor shuts down: %s", e.Reason), e.Grace)
	}
}

func hearsOfKilling(framework *mesos.FrameworkInfo) bool {
	for _, c := range framework.Capabilities {
		if c.Type != nil && *c.Type == mesos.FrameworkInfoCapabilityTypeTaskKillingState {
			return true
		}
	}
	return false
}

func (r *runner) task(id mesos.TaskID) *Task {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tasks[id.Value]
}

// launch begins tasks that share their fate.
func (r *runner) launch(infos ...mesos.TaskInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.idle.Stop()
	group := make([]*Task, 0, len(infos))
	for _, info := range infos {
		if r.tasks[info.TaskID.Value] == nil { // no agent launches a task twice
			t := newTask(r, info)
			r.tasks[info.TaskID.Value] = t
			group = append(group, t)
		}
	}
	for _, t := range group {
		t.group, t.hearsOfKilling = group, r.killing
		if r.leaving != nil {
			t.end(r.leaving, 0)
		}
		r.running.Go(t.run)
	}
}

// ended forgets a task.
func (r *runner) ended(t *Task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.tasks, t.Info.TaskID.Value)
	if r.rest(); len(r.tasks) == 0 && r.options.Idle >= 0 {
		r.idle.Reset(cmp.Or(r.options.Idle, r.opts.FlushTimeout))
	}
}

// rest ends the executor if nothing is left to do. One that does not wait for further tasks ends once the agent has acknowledged the last update: what
// was launched before that has arrived.
func (r *runner) rest() {
	if len(r.tasks) == 0 && (r.leaving != nil || r.options.Idle == 0 && r.ledger.atRest()) {
		r.Stop()
	}
}

func (r *runner) stopIdle() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.tasks) == 0 {
		r.Stop()
	}
}

// leave ends all tasks, and then the executor. Of the grace a part is left for telling how they ended.
func (r *runner) leave(why error, grace time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leaving = why
	for _, t := range r.tasks {
		t.end(why, grace-min(telling, grace/2))
	}
	r.rest()
}

// telling is how much of a shutdown's grace Mesos' own executors keep for their last words.
const telling = 2 * time.Second

var (
	errKilled   = errors.New("the task is killed")
	errOvertime = errors.New("the task has taken longer than its max_completion_time")
	errGroup    = errors.New("another task of the group has ended before its time")
)
