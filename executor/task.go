package executor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// Task is a task while [Run] runs it. Its methods may be called from any goroutine.
type Task struct {
	// Info is what was launched, with its data, limits, labels and so on. It is not to be changed.
	Info mesos.TaskInfo

	runner         *runner
	group          []*Task // with which it was launched, itself among them
	hearsOfKilling bool

	ctx     context.Context // ends when the task is to end
	cancel  context.CancelCauseFunc
	overdue context.Context // ends when it has to
	expire  context.CancelFunc

	mu       sync.Mutex
	last     mesos.TaskStatus // what was told last
	why      error            // it is to end; nil if it is not
	asked    time.Time        // when it was first asked to end
	deadline time.Time
	grace    *time.Timer // until deadline
}

func newTask(r *runner, info mesos.TaskInfo) *Task {
	t := &Task{Info: info, runner: r, last: mesos.TaskStatus{CheckStatus: unchecked(info.Check)}}
	t.ctx, t.cancel = context.WithCancelCause(context.Background())
	t.overdue, t.expire = context.WithCancel(context.Background())
	return t
}

// unchecked is what is told of a task that has a check before its first result.
func unchecked(check *mesos.CheckInfo) *mesos.CheckStatusInfo {
	if check == nil {
		return nil
	}
	status := &mesos.CheckStatusInfo{Type: check.Type}
	switch check.GetType() {
	case mesos.CheckInfoTypeCommand:
		status.Command = new(mesos.CheckStatusInfoCommand)
	case mesos.CheckInfoTypeHTTP:
		status.HTTP = new(mesos.CheckStatusInfoHTTP)
	case mesos.CheckInfoTypeTCP:
		status.TCP = new(mesos.CheckStatusInfoTCP)
	}
	return status
}

// Driver is the executor's, for its environment and for messages to the scheduler.
func (t *Task) Driver() *Driver { return t.runner.Driver }

// Overdue ends when the grace period is over that the task was given to end: whatever still works for it is to be
// ended by force.
func (t *Task) Overdue() context.Context { return t.overdue }

// Running tells that the task works: TASK_RUNNING.
func (t *Task) Running() error { return t.Update(mesos.TaskStatus{State: mesos.TaskRunning}) }

// Healthy tells the result of a health check: TASK_RUNNING with REASON_TASK_HEALTH_CHECK_STATUS_UPDATED.
func (t *Task) Healthy(healthy bool) error {
	return t.Update(mesos.TaskStatus{State: mesos.TaskRunning, Healthy: &healthy, Reason: new(mesos.ReasonTaskHealthCheckStatusUpdated)})
}

// Checked tells the result of a check: TASK_RUNNING with REASON_TASK_CHECK_STATUS_UPDATED.
func (t *Task) Checked(result mesos.CheckStatusInfo) error {
	return t.Update(mesos.TaskStatus{State: mesos.TaskRunning, CheckStatus: &result, Reason: new(mesos.ReasonTaskCheckStatusUpdated)})
}

// Update is [Driver.Update] for this task, whose id it fills in. The last results of checks are told again where status has none, since
// schedulers look at the latest update only. While the task is being killed TASK_KILLING takes the place of TASK_RUNNING
// for a framework that wants to hear of it. A terminal state takes the place of what the end of the task's function would tell.
func (t *Task) Update(status mesos.TaskStatus) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.update(status)
}

func (t *Task) update(status mesos.TaskStatus) error {
	status.TaskID = t.Info.TaskID
	if status.Healthy == nil {
		status.Healthy = t.last.Healthy
	}
	if status.CheckStatus == nil {
		status.CheckStatus = t.last.CheckStatus
	}
	if t.last.State == mesos.TaskKilling && !status.State.Terminal() {
		status.State = mesos.TaskKilling
	}
	err := t.runner.Update(status)
	if err == nil {
		t.last = *status.Clone()
	}
	return err
}

// end asks the task to end within grace, which counts from the first time that it is asked: a later one may only shorten it.
func (t *Task) end(why error, grace time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.State.Terminal() {
		return
	}
	if t.why == nil {
		t.why, t.asked = why, time.Now()
		t.deadline = t.asked.Add(grace)
		t.grace = time.AfterFunc(grace, t.expire)
		if t.hearsOfKilling && why != errOvertime {
			_ = t.update(mesos.TaskStatus{State: mesos.TaskKilling}) // nothing that could be refused
		}
		t.cancel(why)
	} else if sooner := t.asked.Add(grace); sooner.Before(t.deadline) {
		t.deadline = sooner
		t.grace.Reset(time.Until(sooner))
	}
}

// run lives as long as the task.
func (t *Task) run() {
	if limit := t.Info.MaxCompletionTime; limit != nil {
		timer := time.AfterFunc(time.Duration(limit.Nanoseconds), func() { t.end(errOvertime, 0) })
		defer timer.Stop()
	}
	err := t.ctx.Err()
	if err == nil {
		err = t.runner.work(t.ctx, t)
	}
	t.tell(err)
	if state := t.last.State; state != mesos.TaskFinished {
		for _, other := range t.group {
			other.end(errGroup, new(EventKill).Grace(&other.Info))
		}
	}
	t.runner.ended(t)
}

// tell tells how the task has ended, unless that was told.
func (t *Task) tell(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.last.State.Terminal() {
		if refused := t.update(t.result(err)); refused != nil {
			t.runner.log.Error("the end of a task cannot be told", "task", t.Info.TaskID.Value, "error", refused)
		}
	}
	t.cancel(nil)
	t.expire()
	if t.grace != nil {
		t.grace.Stop()
	}
}

func (t *Task) result(err error) mesos.TaskStatus {
	status := mesos.TaskStatus{State: mesos.TaskFinished}
	switch {
	case t.why == errOvertime:
		status.State, status.Reason, err = mesos.TaskFailed, new(mesos.ReasonMaxCompletionTimeReached), t.why
	case t.why != nil:
		status.State = mesos.TaskKilled
		if err == nil || errors.Is(err, context.Canceled) {
			err = t.why
		}
	case err != nil:
		status.State = mesos.TaskFailed
	}
	if err != nil {
		status.Message = new(err.Error())
	}
	return status
}
