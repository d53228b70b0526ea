package agent

import (
	"fmt"
	"math"
	"runtime"

	"github.com/ormosproject/ormos/local/internal/cgroup"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// openGroups finds control groups for the isolators that want them. Without, memory is measured now and then, and CPUs are not limited.
func (a *Agent) openGroups() {
	groups, err := a.flags.openGroups()
	if err != nil {
		a.log.Warn("limits are kept without control groups: memory is looked at now and then, CPUs are not limited", "error", err)
	}
	a.groups = groups
}

// openGroups gives nil where no isolator wants control groups.
func (f *Flags) openGroups() (*cgroup.Groups, error) {
	o := cgroup.Options{
		Hierarchy: f.CgroupsHierarchy, Root: f.CgroupsRoot, CFS: f.CgroupsEnableCFS, Swap: f.CgroupsLimitSwap,
		Memory: f.isolates("cgroups/mem", "cgroups/all"), CPU: f.isolates("cgroups/cpu", "cgroups/all"),
	}
	if !o.Memory && !o.CPU {
		return nil, nil
	}
	return cgroup.Open(o)
}

// unlimitable says, as Mesos does, why limits of tasks cannot be kept here; "" when they can.
func (f *Flags) unlimitable(tasks []mesos.TaskInfo) string {
	for i := range tasks {
		if _, ok := tasks[i].Limits["cpus"]; ok && !f.isolates("cgroups/cpu", "cgroups/all") {
			return "CPU limits can only be set on tasks launched in Mesos containers when the agent has loaded the 'cgroups/cpu' isolator"
		}
		if _, ok := tasks[i].Limits["mem"]; ok && !f.isolates("cgroups/mem", "cgroups/all") {
			return "Memory limits can only be set on tasks launched in Mesos containers when the agent has loaded the 'cgroups/mem' isolator"
		}
	}
	return ""
}

// limitGroup brings the limits of an executor's group up to date with its tasks.
func (a *Agent) limitGroup(e *executor) {
	if e.cgroup == nil {
		return
	}
	if err := e.cgroup.Limit(e.limits(a.flags.CgroupsEnableCFS)); err != nil {
		a.log.Warn("cannot change the limits of an executor", "framework", e.framework.id, "executor", e.id, "error", err)
	}
}

// limits are what an executor may use with its tasks. A task without a limit counts into that of all with what it requests; but CPUs are
// then not limited at all unless requests limit them too.
func (e *executor) limits(cfs bool) cgroup.Limits {
	total := e.resources()
	var cpus, mem sum
	e.everyLive(func(resources mesos.Resources, limits map[string]mesos.ValueScalar) {
		cpus.add(resources.CPUs(), limits, "cpus")
		mem.add(resources.Mem(), limits, "mem")
	})
	own := mesos.Resources(e.info.Resources)
	l := cgroup.Limits{CPUs: total.CPUs(), Mem: total.Mem() * megabyte, MemLimit: mem.limit(own.Mem()) * megabyte}
	if cpus.unlimited == 0 || cfs {
		l.CPULimit = cpus.limit(own.CPUs())
	}
	return l
}

// sum is what tasks may use of one thing.
type sum struct {
	limited   bool
	limits    float64
	unlimited float64 // requested by tasks without a limit
}

func (s *sum) add(request float64, limits map[string]mesos.ValueScalar, name string) {
	if l, ok := limits[name]; ok {
		s.limited, s.limits = true, s.limits+l.Value
	} else {
		s.unlimited += request
	}
}

// limit is that of an executor which has own itself; 0 when none of its tasks has one.
func (s *sum) limit(own float64) float64 {
	if !s.limited {
		return 0
	}
	return s.limits + s.unlimited + own
}

// ownLimits are those of a task that has a group of its own.
func ownLimits(t *mesos.TaskInfo) cgroup.Limits {
	r := mesos.Resources(t.Resources)
	return cgroup.Limits{
		CPUs: r.CPUs(), Mem: r.Mem() * megabyte, CPULimit: t.Limits["cpus"].Value, MemLimit: t.Limits["mem"].Value * megabyte,
	}
}

// sharesGroup tells whether a task of a group has no control group of its own.
func sharesGroup(t *mesos.TaskInfo) bool {
	return t.Container == nil || t.Container.LinuxInfo == nil || t.Container.LinuxInfo.ShareCgroups == nil || *t.Container.LinuxInfo.ShareCgroups
}

// ownGroup gives a task of a group a control group within that of its executor.
func (a *Agent) ownGroup(n *nested, t *mesos.TaskInfo) *cgroup.Group {
	g := a.groups.Group(chain(&n.id))
	if g != nil {
		_ = g.Limit(ownLimits(t)) // it is not there yet, so that nothing can fail
	}
	return g
}

// closeGroups ends what is watched of an executor that lives on without its agent.
func (e *executor) closeGroups() {
	e.cgroup.Close()
	e.within.every(func(n *nested) bool {
		n.cgroup.Close()
		return true
	})
}

// waited is what WAIT_NESTED_CONTAINER tells, t being nil unless it was ended for its use of memory.
func (t *termination) waited(status *int32) *operator.AgentResponseWaitNestedContainer {
	w := &operator.AgentResponseWaitNestedContainer{ExitStatus: status}
	if t != nil {
		w.State, w.Reason, w.Message, w.Limitation = new(t.state), new(t.reason), new(t.message), t.limitation.Clone()
	}
	return w
}

// group is the control group of a container within others: its own, or that of one around it.
func (n *nested) group() *cgroup.Group {
	switch {
	case n.cgroup != nil:
		return n.cgroup
	case n.around != nil:
		return n.around.group()
	}
	return n.e.cgroup
}

// watchGroup ends an executor that has used up its memory.
func (a *Agent) watchGroup(e *executor) {
	if e.cgroup == nil {
		return
	}
	a.goDo(func() {
		if excess, over := e.cgroup.AwaitExcess(); over {
			a.post(func() { a.usedUp(e, excess) })
		}
	})
}

func (a *Agent) usedUp(e *executor, x cgroup.Excess) { a.exceed(e, outOfMemory(x)) }

// watchOwnGroup ends a task that has used up the memory of its own group; how it ended is told when it has.
func (a *Agent) watchOwnGroup(n *nested) {
	if n.cgroup == nil {
		return
	}
	a.goDo(func() {
		if _, over := n.cgroup.AwaitExcess(); over {
			a.post(func() { a.destroyNested(n) })
		}
	})
}

// removeGroup removes a group whose processes have ended.
func (a *Agent) removeGroup(g *cgroup.Group) {
	if g == nil {
		return
	}
	a.goDo(func() {
		if err := g.Remove(); err != nil {
			a.log.Warn("a control group is left", "error", err)
		}
	})
}

// outOfMemory is how a task ends then, in the words of Mesos.
func outOfMemory(x cgroup.Excess) termination {
	return termination{
		mesos.TaskFailed, mesos.ReasonContainerLimitationMemory,
		fmt.Sprintf("Memory limit exceeded: Requested: %s Maximum Used: %s\n\nMEMORY STATISTICS: \n%s\n", bytesText(x.Limit), bytesText(x.Used), x.Statistics),
		limitation(mesos.Mem(float64(x.Used) / megabyte)),
	}
}

// bytesText is a number of bytes in the largest unit that loses nothing, as Mesos writes it.
func bytesText(n uint64) string {
	unit := 0
	for units := []string{"B", "KB", "MB", "GB", "TB"}; ; unit++ {
		if n == 0 || n%1024 != 0 || unit == len(units)-1 {
			return fmt.Sprintf("%d%s", n, units[unit])
		}
		n /= 1024
	}
}

// limitsShown tells the limits of a container in the words of Mesos' statistics. What may use everything may use what the machine has.
func limitsShown(s *mesos.ResourceStatistics, l cgroup.Limits, cfs bool) {
	s.CPUsSoftLimit, s.MemSoftLimitBytes, s.MemLimitBytes = new(l.CPUs), new(uint64(l.Mem)), new(uint64(l.Mem))
	switch {
	case math.IsInf(l.CPULimit, 1):
		s.CPUsLimit = new(float64(runtime.NumCPU()))
	case l.CPULimit != 0:
		s.CPUsLimit = new(l.CPULimit)
	case cfs:
		s.CPUsLimit = new(l.CPUs)
	}
	switch {
	case math.IsInf(l.MemLimit, 1):
		s.MemLimitBytes = new(totalMemory())
	case l.MemLimit != 0:
		s.MemLimitBytes = new(uint64(l.MemLimit))
	}
}
