package executor

import (
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// DefaultGrace is how long Mesos' own executors let a task take to end when nobody has said.
const DefaultGrace = 3 * time.Second

// Grace is how long the task may take to end, counted from the first KILL: what this KILL says, else what the task's own kill policy says, else
// [DefaultGrace]. A later KILL may only shorten it. nil is a task without a kill policy.
func (m *EventKill) Grace(task *mesos.TaskInfo) time.Duration {
	if m.KillPolicy != nil && m.KillPolicy.GracePeriod != nil {
		return time.Duration(max(m.KillPolicy.GracePeriod.Nanoseconds, 0))
	}
	if task != nil && task.KillPolicy != nil && task.KillPolicy.GracePeriod != nil {
		return time.Duration(max(task.KillPolicy.GracePeriod.Nanoseconds, 0))
	}
	return DefaultGrace
}
