package agent

import (
	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// withEmptyLists is an answer as Mesos writes it in JSON: GET_STATE, GET_TASKS, GET_EXECUTORS and GET_FRAMEWORKS show their lists
// also when they are empty, others leave them out.
func withEmptyLists(r *operator.AgentResponse) any {
	answer := func(name string, value any) any {
		return daemon.Members{{Name: "type", Value: r.GetType().String()}, {Name: name, Value: value}}
	}
	switch r.GetType() {
	case operator.AgentResponseTypeGetTasks:
		return answer("get_tasks", taskLists(r.GetTasks))
	case operator.AgentResponseTypeGetExecutors:
		return answer("get_executors", executorLists(r.GetExecutors))
	case operator.AgentResponseTypeGetFrameworks:
		return answer("get_frameworks", frameworkLists(r.GetFrameworks))
	case operator.AgentResponseTypeGetState:
		return answer("get_state", daemon.Members{
			{Name: "get_tasks", Value: taskLists(r.GetState.GetTasks)},
			{Name: "get_executors", Value: executorLists(r.GetState.GetExecutors)},
			{Name: "get_frameworks", Value: frameworkLists(r.GetState.GetFrameworks)},
		})
	}
	return r
}

// list is never null in JSON.
func list[T any](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}

func taskLists(t *operator.AgentResponseGetTasks) daemon.Members {
	m := daemon.Members{}
	for _, one := range []struct {
		name  string
		tasks []mesos.Task
	}{
		{"pending_tasks", t.PendingTasks},
		{"queued_tasks", t.QueuedTasks},
		{"launched_tasks", t.LaunchedTasks},
		{"terminated_tasks", t.TerminatedTasks},
		{"completed_tasks", t.CompletedTasks},
	} {
		m = append(m, daemon.Member{Name: one.name, Value: list(one.tasks)})
	}
	return m
}

func executorLists(e *operator.AgentResponseGetExecutors) daemon.Members {
	return daemon.Members{{Name: "executors", Value: list(e.Executors)}, {Name: "completed_executors", Value: list(e.CompletedExecutors)}}
}

func frameworkLists(f *operator.AgentResponseGetFrameworks) daemon.Members {
	return daemon.Members{{Name: "frameworks", Value: list(f.Frameworks)}, {Name: "completed_frameworks", Value: list(f.CompletedFrameworks)}}
}
