package operator

import (
	"context"
	"maps"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// countTimeout bounds the questions about agents that have gone without a word.
const countTimeout = 10 * time.Second

// missing are the agents, and their executors, that have gone without a word: a master tells of an agent that leaves by itself; of one that it loses
// sight of, or that an operator has marked gone, it tells only what becomes of the tasks. The agents' number tells, which costs a master little; only
// where it differs it is asked for all of them. What cannot be answered now is asked again at the next heartbeat.
func (m *Model) missing(ctx context.Context) []Change {
	ctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	if n, ok := m.registered(ctx); !ok || n == len(m.state.Agents) {
		return nil
	}
	agents, err := m.master.GetAgents(ctx)
	if err != nil {
		return nil
	}
	there := map[string]bool{}
	for i := range agents.Agents {
		there[agentID(&agents.Agents[i])] = true
	}
	next := m.state.clone()
	maps.DeleteFunc(next.Agents, func(id string, _ *MasterResponseGetAgentsAgent) bool { return !there[id] })
	maps.DeleteFunc(next.Executors, func(key ExecutorKey, _ *mesos.ExecutorInfo) bool { return !there[key.Agent] })
	return departures(m.state, next, nil)
}

// registered is how many agents the master has, whether they are connected or not.
func (m *Model) registered(ctx context.Context) (int, bool) {
	metrics, err := m.master.GetMetrics(ctx, countTimeout)
	connected, ok := metrics["master/slaves_connected"]
	disconnected, too := metrics["master/slaves_disconnected"]
	return int(connected + disconnected), err == nil && ok && too
}
