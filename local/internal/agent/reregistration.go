package agent

import (
	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// reregistration says what is here: tasks that are not completed and executors that have not ended. Command executors are the agent's
// own affair.
func (a *Agent) reregistration() link.Reregister {
	m := link.Reregister{
		Agent: *a.info.Clone(), Address: a.o.Address, Version: daemon.MesosVersion, Capabilities: capabilities(),
	}
	for i := range a.reserved {
		m.CheckpointedResources = append(m.CheckpointedResources, *a.reserved[i].Clone())
	}
	for _, f := range a.frameworks {
		m.Frameworks = append(m.Frameworks, *f.info.Clone())
		for _, e := range f.executors {
			m.Tasks = append(m.Tasks, e.records()...)
			if e.command == nil && e.state != terminated {
				m.Executors = append(m.Executors, *e.info.Clone())
			}
		}
	}
	return m
}

// records are the executor's tasks that are not completed: queued ones are staging.
func (e *executor) records() []mesos.Task {
	var all []mesos.Task
	for _, t := range e.ordered() {
		all = append(all, *t.record.Clone())
	}
	return append(all, e.queuedRecords()...)
}

func (e *executor) queuedRecords() []mesos.Task {
	var all []mesos.Task
	for _, b := range e.queued {
		for i := range b.tasks {
			all = append(all, taskRecord(e, &b.tasks[i]))
		}
	}
	return all
}
