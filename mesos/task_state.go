package mesos

// Terminal tells whether a task in this state is over for Mesos: its resources are
// free, its last status update ends its stream, and its id may be used again. The
// terminal states are FINISHED, FAILED, KILLED, ERROR, LOST, DROPPED, GONE and
// GONE_BY_OPERATOR.
//
//	STAGING -> STARTING -> RUNNING -> KILLING -> FINISHED FAILED KILLED ...
//	                          ^ |
//	                          | v
//	                       UNREACHABLE -> GONE GONE_BY_OPERATOR
//
// A task in TASK_LOST may nevertheless still run: see MayReturn.
func (e TaskState) Terminal() bool {
	switch e {
	case TaskFinished, TaskFailed, TaskKilled, TaskError, TaskLost, TaskDropped, TaskGone, TaskGoneByOperator:
		return true
	default:
		return false
	}
}

// MayReturn tells whether the master lost sight of a task that may still be running
// and be reported as running again: UNREACHABLE, UNKNOWN, and LOST, which is what a
// framework without PARTITION_AWARE is told instead.
func (e TaskState) MayReturn() bool {
	return e == TaskUnreachable || e == TaskUnknown || e == TaskLost
}
