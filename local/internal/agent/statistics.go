package agent

import (
	"time"

	"github.com/ormosproject/ormos/local/internal/cgroup"
	"github.com/ormosproject/ormos/mesos"
)

// containerView is a running container as operators see it.
type containerView struct {
	id                                *mesos.ContainerID
	executor, framework, name, source string
	pid                               int         // 0 when it has no process of its own
	measured                          []Container // its own, and those within it
	group                             *cgroup.Group
	statistics                        mesos.ResourceStatistics
}

// containerViews gives all containers that run, by framework and executor, those within others right behind them if they are wanted.
func (a *Agent) containerViews(nestedToo bool) []containerView {
	var all []containerView
	for _, f := range a.sorted() {
		for _, e := range f.sorted() {
			if e.state == terminated || e.container == nil && e.group == nil {
				continue
			}
			all = append(all, e.view(a.flags.CgroupsEnableCFS))
			e.within.every(func(n *nested) bool {
				if nestedToo && n.container != nil && n.live() {
					all = append(all, n.view())
				}
				return true
			})
		}
	}
	return all
}

func (e *executor) view(cfs bool) containerView {
	v := containerView{
		id: &mesos.ContainerID{Value: e.run}, executor: e.id, framework: e.framework.id, name: e.info.GetName(), source: e.info.GetSource(),
		measured: e.measured(), group: e.cgroup,
	}
	limitsShown(&v.statistics, e.limits(cfs), cfs)
	if e.container != nil {
		v.pid = e.container.PID()
	}
	return v
}

// measured are the containers of an executor: its own, and those within it.
func (e *executor) measured() []Container {
	all := e.within.running()
	if e.container != nil {
		all = append(all, e.container)
	}
	return all
}

func (n *nested) view() containerView {
	return containerView{
		id: n.id.Clone(), executor: n.e.id, framework: n.e.framework.id, name: n.e.info.GetName(), source: n.e.info.GetSource(),
		pid: n.container.PID(), measured: append(n.within.running(), n.container), group: n.cgroup,
	}
}

// running gives what runs in the nest, and within that.
func (all nest) running() []Container {
	var list []Container
	all.every(func(n *nested) bool {
		if n.container != nil && n.live() {
			list = append(list, n.container)
		}
		return true
	})
	return list
}

// measure adds what each container uses now. It reads the system's table of processes and must not run on the goroutine that
// owns the state.
func measure(list []containerView) []containerView {
	now := seconds(time.Now())
	for i := range list {
		s := &list[i].statistics
		var user, system time.Duration
		var rss uint64
		for _, c := range list[i].measured {
			u := c.Usage()
			user, system, rss = user+u.User, system+u.System, rss+u.RSS
		}
		s.Timestamp = now
		s.CPUsUserTimeSecs, s.CPUsSystemTimeSecs = new(user.Seconds()), new(system.Seconds())
		s.MemRSSBytes = new(rss)
		list[i].group.Measure(s)
	}
	return list
}

func (c *containerView) status() *mesos.ContainerStatus {
	s := &mesos.ContainerStatus{ContainerID: c.id.Clone()}
	if c.pid != 0 {
		s.ExecutorPID = new(uint32(c.pid))
	}
	return s
}
