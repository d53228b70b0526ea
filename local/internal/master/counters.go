package master

import (
	"path"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// counters are numbers by the names of Mesos' metrics.
type counters map[string]float64

func (c counters) add(name string, n float64) { c[name] += n }

// countInvalid counts calls whose structure is wrong, as far as Mesos does.
func (m *Master) countInvalid(call *scheduler.Call) {
	name := map[scheduler.CallType]string{
		scheduler.CallTypeAcknowledge:                invalidAcknowledgements,
		scheduler.CallTypeAcknowledgeOperationStatus: "master/invalid_operation_status_update_acknowledgements",
		scheduler.CallTypeMessage:                    "master/invalid_framework_to_executor_messages",
	}[call.GetType()]
	if name != "" {
		m.mail.post(func() { m.counters.add(name, 1) })
	}
}

// countEnd counts a task's end, for the master and for its framework.
func (m *Master) countEnd(f *framework, state mesos.TaskState, _ *mesos.TaskStatus) {
	name := lower(state.String())
	m.counters.add("master/tasks_"+name[len("task_"):], 1)
	f.counters.add("tasks/terminal/"+name, 1)
}

// countOperation counts an operation that makes resources into others, by what became of it: finished or error.
func (m *Master) countOperation(kind mesos.OfferOperationType, outcome string) {
	for _, kind := range []string{lower(kind.String()), ""} {
		m.counters.add(operationMetric(kind, outcome), 1)
		m.counters.add(operationMetric(kind, "total"), 1)
	}
}

// operationMetric is the name of a metric about operations of a kind, "" being all.
func operationMetric(kind, word string) string { return path.Join("master/operations", kind, word) }

// countStatus counts a status by state, source and reason, in the words of Mesos' older API.
func (m *Master) countStatus(s *mesos.TaskStatus) {
	if s.Reason == nil || !s.State.Terminal() && s.State != mesos.TaskUnreachable {
		return
	}
	m.counters.add("master/"+lower(s.State.String())+"/"+legacyWord(s.GetSource().String())+"/"+legacyWord(s.GetReason().String()), 1)
}
