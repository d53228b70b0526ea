package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

const (
	// killPause is when KILL is repeated for the first time; the pause doubles from there up to killPauseMost.
	killPause     = 10 * time.Second
	killPauseMost = 5 * time.Minute
)

// kill ends an instance's task. With Leave the instance goes, too; one that waits for an offer goes at once. A task that is not reached is
// given up: when it returns nobody knows it, and it is killed.
func (e *Engine) kill(s *crew, i *Instance, why killing) {
	switch i.Condition {
	case Scheduled:
		if why.Leave {
			e.publishInstance(i, Killed)
			e.remove(s, i)
		}
		return
	case Unreachable, UnreachableInactive:
		e.callKill(i)
		e.publishInstance(i, Killed)
		if why.Leave || i.Condition == UnreachableInactive {
			e.remove(s, i)
		} else {
			e.again(s, i)
		}
		return
	}
	next := *i
	next.Condition, next.leaving = Killing, i.leaving || why.Leave
	first := i.killing.Since.IsZero()
	if first {
		why.Since = e.at
		next.killing = why
	}
	if !first && next.leaving == i.leaving {
		return
	}
	next.killing.Leave = next.leaving
	e.put(s, &next)
	if first {
		e.callKill(&next)
	}
}

func (e *Engine) callKill(i *Instance) { e.call(killCall(i.TaskID, i.agent())) }

func killCall(task string, agent *mesos.AgentID) scheduler.Call {
	return scheduler.Call{Type: new(scheduler.CallTypeKill), Kill: &scheduler.CallKill{TaskID: taskID(task), AgentID: agent}}
}

// call asks the master for something, if there is one.
func (e *Engine) call(c scheduler.Call) {
	if e.views.connected {
		e.out.Calls = append(e.out.Calls, c)
	}
}

// nextKill is the first time after now at which a KILL of since is repeated.
func nextKill(since, now time.Time) time.Time {
	at, pause := since, killPause
	for !at.After(now) {
		if pause == killPauseMost { // evenly from here
			return at.Add(now.Sub(at)/pause*pause + pause)
		}
		at = at.Add(pause)
		pause = min(2*pause, killPauseMost)
	}
	return at
}

// killAgain asks for the end of all tasks that are to end: a new master may not know, and a call may have been lost.
func (e *Engine) killAgain() {
	for _, id := range sortedKeys(e.crews) {
		for _, i := range e.crews[id].instances.all() {
			if i.Condition == Killing {
				e.callKill(i)
			}
		}
	}
}

// instanceDue is when something has to be done about an instance though nothing happens.
func (e *Engine) instanceDue(s *crew, i *Instance) time.Time {
	switch i.Condition {
	case Killing:
		if i.killing.Since.IsZero() {
			return time.Time{} // it ends by itself
		}
		return nextKill(i.killing.Since.Time(), e.now)
	case Provisioned:
		return i.StagedAt.Time().Add(e.opts.ConfirmTimeout)
	case Staging, Starting:
		return i.StagedAt.Time().Add(e.opts.LaunchTimeout)
	case Unreachable, UnreachableInactive:
		u := s.strategy(i)
		switch {
		case u.Disabled:
			return time.Time{}
		case i.Condition == Unreachable:
			return i.unreachable.Time().Add(seconds64(u.InactiveAfter))
		}
		return i.unreachable.Time().Add(seconds64(u.ExpungeAfter))
	}
	return time.Time{}
}

func seconds64(n int64) time.Duration {
	return time.Duration(min(n, int64(1<<63-1)/int64(time.Second))) * time.Second
}

// overdue does what is due about an instance.
func (e *Engine) overdue(task string) {
	s, i := e.find(task)
	if i == nil {
		return
	}
	switch i.Condition {
	case Killing:
		e.callKill(i)
		e.timers.set(due{dueInstance, task}, e.instanceDue(s, i))
	case Provisioned:
		e.kill(s, i, killing{Failure: "nothing was heard of its launch for " + e.opts.ConfirmTimeout.String()})
	case Staging, Starting:
		e.kill(s, i, killing{Failure: "it did not run within " + e.opts.LaunchTimeout.String()})
	case Unreachable, UnreachableInactive:
		e.estrange(s, i)
	}
}

// killCommand is a Kill.
func (e *Engine) killCommand(c Kill) Result {
	if c.Scale && c.Wipe {
		return refuse(app.Malformed, "You cannot use scale and wipe at the same time.")
	}
	chosen, err := e.chosen(c)
	if err != nil {
		return Result{Err: err}
	}
	if c.Scale {
		return e.killAndScale(c, chosen)
	}
	r := Result{Killed: chosen}
	for _, i := range chosen {
		e.kill(e.crews[i.App], i, killing{Leave: c.Wipe})
	}
	return r
}

// chosen are the instances that a Kill is about: those with these tasks, or those of an app on these hosts.
func (e *Engine) chosen(c Kill) ([]*Instance, *app.Error) {
	var all []*Instance
	if len(c.Tasks) > 0 {
		for _, id := range c.Tasks {
			_, i := e.find(id)
			if i == nil || !i.holds() || c.App != "" && i.App != c.App {
				if c.App == "" {
					continue // of a list, what is gone already is passed over, as in Marathon
				}
				return nil, &app.Error{Code: app.NotFound, Message: fmt.Sprintf("Task '%s' does not exist", id)}
			}
			if !slices.Contains(all, i) {
				all = append(all, i)
			}
		}
		return all, nil
	}
	s := e.crews[c.App]
	if s == nil || !s.recorded {
		return nil, missingApp(c.App)
	}
	for _, i := range s.instances.all() {
		if i.holds() && strings.Contains(i.Host, c.Host) {
			all = append(all, i)
		}
	}
	return all, nil
}

// killAndScale ends instances for good: their apps are to have so many less, in one deployment.
func (e *Engine) killAndScale(c Kill, chosen []*Instance) Result {
	fewer := map[app.ID]int{}
	for _, i := range chosen {
		if i.Condition != Killing && i.Condition != UnreachableInactive {
			fewer[i.App]++
		}
	}
	change := Change{Force: c.Force}
	for _, id := range sortedKeys(fewer) {
		if s := e.crews[id]; s.wanted != nil {
			change.Edits = append(change.Edits, scaleTo{id, max(0, s.wanted.App.Instances-fewer[id])})
		}
	}
	r := e.change(change)
	if r.Err != nil {
		return r
	}
	for _, i := range chosen {
		if s := e.crews[i.App]; s != nil {
			e.kill(s, s.instances.get(i.ID), killing{Leave: true})
		}
	}
	r.Killed, r.App = chosen, nil
	return r
}
