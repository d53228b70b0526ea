package master

import (
	"strconv"

	"github.com/ormosproject/ormos/internal/codec"
	"github.com/ormosproject/ormos/operator"
)

// Of the operator API's answers Mesos writes lists that are empty only in those below, which is why these are written here and
// not by the codec.

// jsonLists writes an object of lists in the given order; empty ones are there, too.
type jsonLists struct {
	b   []byte
	err error
}

func (j *jsonLists) open(name string) {
	j.comma()
	if name != "" {
		j.b = append(strconv.AppendQuote(j.b, name), ':')
	}
	j.b = append(j.b, '{')
}

func (j *jsonLists) shut() { j.b = append(j.b, '}') }

func (j *jsonLists) comma() {
	if n := len(j.b); n > 0 && j.b[n-1] != '{' && j.b[n-1] != '[' && j.b[n-1] != ':' {
		j.b = append(j.b, ',')
	}
}

// list writes a member that is a list of messages.
func list[T any, P interface {
	*T
	codec.Message
}](j *jsonLists, name string, items []T) {
	j.comma()
	j.b = append(strconv.AppendQuote(j.b, name), ':', '[')
	for i := range items {
		if i > 0 {
			j.b = append(j.b, ',')
		}
		var err error
		if j.b, err = P(&items[i]).AppendJSON(j.b); err != nil {
			j.err = err
			return
		}
	}
	j.b = append(j.b, ']')
}

func (j *jsonLists) tasks(v *operator.MasterResponseGetTasks) {
	j.open("get_tasks")
	list(j, "tasks", v.Tasks)
	list(j, "unreachable_tasks", v.UnreachableTasks)
	list(j, "completed_tasks", v.CompletedTasks)
	j.shut()
}

func (j *jsonLists) executors(v *operator.MasterResponseGetExecutors) {
	j.open("get_executors")
	list(j, "executors", v.Executors)
	j.shut()
}

func (j *jsonLists) frameworks(v *operator.MasterResponseGetFrameworks) {
	j.open("get_frameworks")
	list(j, "frameworks", v.Frameworks)
	list(j, "completed_frameworks", v.CompletedFrameworks)
	j.shut()
}

func (j *jsonLists) agents(v *operator.MasterResponseGetAgents) {
	j.open("get_agents")
	list(j, "agents", v.Agents)
	list(j, "recovered_agents", v.RecoveredAgents)
	j.shut()
}

func (j *jsonLists) state(v *operator.MasterResponseGetState) {
	j.open("get_state")
	j.tasks(v.GetTasks)
	j.executors(v.GetExecutors)
	j.frameworks(v.GetFrameworks)
	j.agents(v.GetAgents)
	j.shut()
}

// response is an answer of the operator API that is written as Mesos does.
type response struct{ operator.MasterResponse }

// AppendJSON writes empty lists where Mesos does.
func (r *response) AppendJSON(b []byte) ([]byte, error) {
	j := &jsonLists{b: append(b, `{"type":"`+r.GetType().String()+`"`...)}
	switch {
	case r.GetState != nil:
		j.state(r.GetState)
	case r.GetTasks != nil:
		j.tasks(r.GetTasks)
	case r.GetExecutors != nil:
		j.executors(r.GetExecutors)
	case r.GetFrameworks != nil:
		j.frameworks(r.GetFrameworks)
	case r.GetAgents != nil:
		j.agents(r.GetAgents)
	default:
		return r.MasterResponse.AppendJSON(b)
	}
	j.shut()
	return j.b, j.err
}

// subscribedEvent is the first event of an operator's stream.
type subscribedEvent struct{ operator.MasterEvent }

// AppendJSON writes empty lists where Mesos does.
func (e *subscribedEvent) AppendJSON(b []byte) ([]byte, error) {
	j := &jsonLists{b: append(b, `{"type":"SUBSCRIBED"`...)}
	j.open("subscribed")
	j.state(e.Subscribed.GetState)
	j.b = append(j.b, `,"heartbeat_interval_seconds":15.0`...)
	j.shut()
	j.shut()
	return j.b, j.err
}
