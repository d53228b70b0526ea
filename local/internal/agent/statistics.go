package agent

import (
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// containerView is a running container as operators see it.
type containerView struct {
	id, executor, framework, name, source string
	container                             Container
	statistics                            mesos.ResourceStatistics
}

// containerViews gives all containers that run, by framework and executor.
func (a *Agent) containerViews() []containerView {
	var all []containerView
	for _, f := range a.sorted() {
		for _, e := range f.sorted() {
			if e.state == terminated || e.container == nil {
				continue
			}
			total := e.resources()
			limit := uint64(total.Mem() * (1 << 20))
			all = append(all, containerView{
				e.run, e.id, f.id, e.info.GetName(), e.info.GetSource(), e.container,
				mesos.ResourceStatistics{CPUsSoftLimit: new(total.CPUs()), MemLimitBytes: new(limit), MemSoftLimitBytes: new(limit)},
			})
		}
	}
	return all
}

// measure adds what each container uses now. It reads the system's table of processes and must not run on the goroutine that
// owns the state.
func measure(list []containerView) []containerView {
	now := seconds(time.Now())
	for i := range list {
		s, u := &list[i].statistics, list[i].container.Usage()
		s.Timestamp = now
		s.CPUsUserTimeSecs, s.CPUsSystemTimeSecs = new(u.User.Seconds()), new(u.System.Seconds())
		s.MemRSSBytes = new(u.RSS)
	}
	return list
}

func (c *containerView) status() *mesos.ContainerStatus {
	return &mesos.ContainerStatus{ContainerID: &mesos.ContainerID{Value: c.id}, ExecutorPID: new(uint32(c.container.PID()))}
}
