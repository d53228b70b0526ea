package engine

import (
	"strings"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// updated follows what Mesos says of a task. The same again changes nothing.
func (e *Engine) updated(st *mesos.TaskStatus) {
	e.market.reconciler.Heard(st.TaskID.Value)
	s, i := e.find(st.TaskID.Value)
	if i == nil {
		e.stranger(st)
		return
	}
	if !i.holds() {
		return // over, and told
	}
	state := effective(st)
	switch {
	case state == mesos.TaskUnreachable:
		e.unreachable(s, i, st)
	case state.Terminal() || state == mesos.TaskUnknown:
		e.ended(s, i, st, state)
	default:
		e.alive(s, i, st)
	}
}

// effective is what a state comes to. TASK_LOST is for frameworks that do not know the newer ones: its reason tells whether the
// task may return.
func effective(st *mesos.TaskStatus) mesos.TaskState {
	if st.State != mesos.TaskLost {
		return st.State
	}
	if st.Reason == nil {
		return mesos.TaskDropped
	}
	switch *st.Reason {
	case mesos.ReasonReconciliation, mesos.ReasonAgentDisconnected, mesos.ReasonAgentRemoved, mesos.ReasonMasterDisconnected:
		return mesos.TaskUnreachable
	case mesos.ReasonExecutorTerminated, mesos.ReasonContainerPreempted:
		return mesos.TaskFailed
	}
	return mesos.TaskDropped
}

// alive follows a task that is not over. States only move forward, except that an unreachable task returns.
func (e *Engine) alive(s *crew, i *Instance, st *mesos.TaskStatus) {
	next := *i
	next.heard = true
	returned := i.Condition == Unreachable || i.Condition == UnreachableInactive
	if c := conditionOf(st.State); returned || order(c) > order(i.Condition) {
		next.Condition, next.State, next.unreachable = c, st.State, app.Timestamp{}
		if i.killing.Since.IsZero() || c == Killing {
			next.Condition = c
		} else {
			next.Condition = Killing
		}
	}
	if next.State == mesos.TaskRunning && next.StartedAt.IsZero() {
		next.StartedAt = e.at
	}
	next.locate(st)
	e.observe(s, &next, st)
	if same(i, &next) {
		return
	}
	if next.State != i.State || !i.heard {
		e.publishStatus(&next, st)
	}
	e.put(s, &next)
	if returned && next.leaving {
		e.callKill(&next)
	}
}

// same tells whether there is nothing new in next.
func same(i, next *Instance) bool {
	return i.State == next.State && i.Condition == next.Condition && i.heard == next.heard && i.StartedAt == next.StartedAt &&
		i.ContainerID == next.ContainerID && len(i.IPAddresses) == len(next.IPAddresses) && i.Check == next.Check &&
		sameHealth(i.Healthy, next.Healthy) && len(i.Health) == len(next.Health)
}

// locate copies where the task's container is.
func (i *Instance) locate(st *mesos.TaskStatus) {
	c := st.ContainerStatus
	if c == nil {
		return
	}
	if c.ContainerID != nil && i.ContainerID != c.ContainerID.Value {
		i.ContainerID = strings.Clone(c.ContainerID.Value)
	}
	if addresses := addressesOf(c); len(addresses) != len(i.IPAddresses) {
		i.IPAddresses = addresses
	}
}

func addressesOf(c *mesos.ContainerStatus) []app.IPAddress {
	var all []app.IPAddress
	for i := range c.NetworkInfos {
		for _, a := range c.NetworkInfos[i].IPAddresses {
			if a.IPAddress == nil {
				continue
			}
			protocol := "IPv4"
			if strings.Contains(*a.IPAddress, ":") {
				protocol = "IPv6"
			}
			all = append(all, app.IPAddress{IPAddress: strings.Clone(*a.IPAddress), Protocol: protocol})
		}
	}
	return all
}

func conditionOf(s mesos.TaskState) Condition {
	switch s {
	case mesos.TaskStaging:
		return Staging
	case mesos.TaskStarting:
		return Starting
	case mesos.TaskRunning:
		return Running
	case mesos.TaskKilling:
		return Killing
	case mesos.TaskUnreachable:
		return Unreachable
	case mesos.TaskFinished:
		return Finished
	case mesos.TaskFailed:
		return Failed
	case mesos.TaskKilled:
		return Killed
	case mesos.TaskError:
		return Error
	case mesos.TaskGone, mesos.TaskGoneByOperator:
		return Gone
	case mesos.TaskDropped, mesos.TaskLost:
		return Dropped
	}
	return Unknown
}

// order is how far a task has come.
func order(c Condition) int {
	switch c {
	case Provisioned:
		return 0
	case Staging:
		return 1
	case Starting:
		return 2
	case Running:
		return 3
	}
	return 4
}

// ended follows a task that is over, or that nobody knows: its instance goes, or gets another one.
func (e *Engine) ended(s *crew, i *Instance, st *mesos.TaskStatus, state mesos.TaskState) {
	last := *i
	last.State, last.Condition = st.State, conditionOf(state)
	last.locate(st)
	e.publishStatus(&last, st)
	e.publishInstance(&last, last.Condition)
	if failed, message := reckon(i, st, state); failed {
		e.failed(s, &last, message)
	} else if worthTelling(state) {
		e.note(s, &last, st.GetMessage())
	}
	if i.leaving || i.Condition == UnreachableInactive {
		e.remove(s, i)
		return
	}
	e.again(s, &last)
}

// reckon tells whether the end of a task is a failure of its app, which makes the next launch wait: what ends by itself is, whatever its exit
// status, and what was ended for its health or for being late. What was killed otherwise is not, and neither is what never started
// for a cause of Mesos'.
func reckon(i *Instance, st *mesos.TaskStatus, state mesos.TaskState) (failed bool, message string) {
	message = st.GetMessage()
	switch {
	case i.killing.Failure != "":
		return true, i.killing.Failure
	case !i.killing.Since.IsZero():
		return false, message
	}
	switch state {
	case mesos.TaskFinished, mesos.TaskFailed, mesos.TaskError:
		return true, message
	case mesos.TaskDropped:
		return st.Reason == nil || *st.Reason != mesos.ReasonInvalidOffers && *st.Reason != mesos.ReasonReconciliation, message
	}
	return false, message
}

// worthTelling tells whether an end that is no failure is kept as the app's last one all the same.
func worthTelling(state mesos.TaskState) bool {
	return state == mesos.TaskGone || state == mesos.TaskGoneByOperator || state == mesos.TaskUnknown
}

// unreachable follows a task whose agent the master has lost sight of. An instance that is to go is given up at once.
func (e *Engine) unreachable(s *crew, i *Instance, st *mesos.TaskStatus) {
	if i.Condition == Unreachable || i.Condition == UnreachableInactive {
		return
	}
	next := *i
	next.State, next.Condition, next.unreachable, next.heard = mesos.TaskUnreachable, Unreachable, e.at, true
	e.publishStatus(&next, st)
	e.put(s, &next)
	if i.leaving {
		e.remove(s, &next)
		return
	}
	e.estrange(s, &next)
}

// estrange does what the unreachable strategy says: another instance is launched beside it after one time, and after the other it is
// forgotten. Should its task return, nobody knows it, and it is killed.
func (e *Engine) estrange(s *crew, i *Instance) {
	u := s.strategy(i)
	if u.Disabled {
		return
	}
	gone := e.now.Sub(i.unreachable.Time())
	if i.Condition == Unreachable && gone >= seconds64(u.InactiveAfter) {
		next := *i
		next.Condition = UnreachableInactive
		e.put(s, &next)
		i = &next
	}
	if i.Condition == UnreachableInactive && gone >= seconds64(u.ExpungeAfter) {
		e.note(s, i, "its agent was not reached for too long")
		e.remove(s, i)
	}
}

func (s *crew) strategy(i *Instance) *app.UnreachableStrategy {
	if v := s.goal; v != nil && v.serves(s.definition(i.Version)) {
		return &v.App.UnreachableStrategy
	}
	if v := s.definition(i.Version); v != nil {
		return &v.App.UnreachableStrategy
	}
	return &app.UnreachableStrategy{}
}

// stranger deals with a task that nobody knows: one that was forgotten, or launched by somebody else under the framework's id. It is killed.
func (e *Engine) stranger(st *mesos.TaskStatus) {
	instance, id := instanceOf(st.TaskID.Value)
	switch {
	case st.State.Terminal():
		e.publish(app.UnknownTerminated{
			Stamp: e.stamp(app.EventUnknownTerminated), InstanceID: instance, RunSpecID: id, Condition: string(conditionOf(st.State)),
		})
	case st.State.MayReturn(), st.State == mesos.TaskKilling:
	default:
		e.call(killCall(strings.Clone(st.TaskID.Value), st.AgentID.Clone()))
	}
}

func (e *Engine) publishStatus(i *Instance, st *mesos.TaskStatus) {
	e.publish(app.StatusUpdate{
		Stamp: e.stamp(app.EventStatusUpdate), AgentID: i.AgentID, TaskID: i.TaskID, TaskStatus: st.State.String(), Message: strings.Clone(st.GetMessage()),
		AppID: i.App, Host: i.Host, IPAddresses: append([]app.IPAddress{}, i.IPAddresses...), Ports: append([]int{}, i.Ports...), Version: i.Version,
	})
}
