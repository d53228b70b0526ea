package master

import (
	"errors"

	"github.com/ormosproject/ormos/mesos"
)

// validateTaskExecutor judges how a task of a LAUNCH is run: by a command or by an executor of the framework's own.
func (c *acceptance) validateTaskExecutor(info *mesos.TaskInfo) error {
	if (info.Command != nil) == (info.Executor != nil) {
		return says("Task should have at least one (but not both) of CommandInfo or ExecutorInfo present")
	}
	e := info.Executor
	if e == nil {
		return nil
	}
	if e.GetType() == mesos.ExecutorInfoTypeDefault {
		return says("The 'ExecutorInfo.type' must be 'CUSTOM'")
	}
	if e.Command == nil {
		return errors.New("'ExecutorInfo.command' must be set")
	}
	for i := range e.Resources {
		if e.Resources[i].IsShared() {
			return says("Executor resources must not be shared")
		}
	}
	if l := linuxInfo(e.Container); l != nil && l.ShareCgroups != nil && *l.ShareCgroups {
		return says("The 'share_cgroups' of an executor must not be 'true'")
	}
	if err := c.validateExecutor(e); err != nil {
		return err
	}
	return disjoint(info.Resources, e.Resources)
}

// validateExecutor judges an executor of a LAUNCH or a LAUNCH_GROUP.
func (c *acceptance) validateExecutor(e *mesos.ExecutorInfo) error {
	if err := validateExecutorKind(e); err != nil {
		return err
	}
	if err := mesos.ValidID(e.ExecutorID.Value); err != nil {
		return says("ExecutorID '%s' is invalid: %w", e.ExecutorID.Value, err)
	}
	if d := e.ShutdownGracePeriod; d != nil && d.Nanoseconds < 0 {
		return says("ExecutorInfo's 'shutdown_grace_period' must be non-negative")
	}
	if err := validateCommand(e.Command); err != nil {
		return err
	}
	if err := validateContainer(e.Container); err != nil {
		return err
	}
	if id := frameworkID(e.FrameworkID); id != c.framework.id {
		return says("ExecutorInfo has an invalid FrameworkID (Actual: %s vs Expected: %s)", id, c.framework.id)
	}
	if err := c.validateResources(e.Resources); err != nil {
		return says("Executor uses invalid resources: %w", err)
	}
	return c.validateCompatible(e)
}

func validateExecutorKind(e *mesos.ExecutorInfo) error {
	switch e.GetType() {
	case mesos.ExecutorInfoTypeDefault:
		if e.Command != nil {
			return errors.New("'ExecutorInfo.command' must not be set for 'DEFAULT' executor")
		}
		if e.Container != nil && (e.Container.Type != mesos.ContainerInfoTypeMesos || e.Container.Mesos != nil && e.Container.Mesos.Image != nil) {
			return errors.New("'ExecutorInfo.container' must be of type 'MESOS' without an image for 'DEFAULT' executor")
		}
	case mesos.ExecutorInfoTypeCustom:
		if e.Command == nil {
			return errors.New("'ExecutorInfo.command' must be set for 'CUSTOM' executor")
		}
	}
	return nil
}

// validateCompatible refuses an executor that differs from the one of the same id which runs on the agent.
func (c *acceptance) validateCompatible(e *mesos.ExecutorInfo) error {
	running := c.framework.executor(c.agent.id, e.ExecutorID.Value)
	if running == nil || sameExecutor(running, e) {
		return nil
	}
	return says("ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID")
}

// sameExecutor compares executors, resources by what they are and all else as it is.
func sameExecutor(a, b *mesos.ExecutorInfo) bool {
	if !mesos.Resources(a.Resources).Equal(b.Resources) {
		return false
	}
	x, y := *a, *b
	x.Resources, y.Resources = nil, nil
	return sameMessage(&x, &y)
}

// disjoint refuses ranges and sets that a task and its executor both ask for.
func disjoint(task, executor mesos.Resources) error {
	for _, name := range rangeNames(task) {
		for _, r := range task.Ranges(name) {
			for _, other := range executor.Ranges(name) {
				if r.Begin <= other.End && other.Begin <= r.End {
					return says("There are overlapping resources in the task resources %s and executor resources %s", task, executor)
				}
			}
		}
	}
	return nil
}

func rangeNames(r mesos.Resources) (names []string) {
	for i := range r {
		if r[i].Type == mesos.ValueTypeRanges {
			names = append(names, r[i].Name)
		}
	}
	return names
}

const (
	leastExecutorCPUs = 0.01
	leastExecutorMem  = 32
)

// validateGroup judges a task group as a whole.
func (c *acceptance) validateGroup(executor *mesos.ExecutorInfo, group *mesos.TaskGroupInfo) error {
	seen := map[string]bool{}
	for i := range group.Tasks {
		info := &group.Tasks[i]
		if err := c.validateGroupTask(executor, info); err != nil {
			return says("Task '%s' is invalid: %w", info.TaskID.Value, err)
		}
		if seen[info.TaskID.Value] {
			return says("Task has duplicate ID: %s", info.TaskID.Value)
		}
		seen[info.TaskID.Value] = true
	}
	if err := c.validateGroupExecutor(executor); err != nil {
		return err
	}
	return c.validateGroupAmount(executor, group)
}

func (c *acceptance) validateGroupTask(executor *mesos.ExecutorInfo, info *mesos.TaskInfo) error {
	if err := c.validateTaskItself(info); err != nil {
		return err
	}
	if info.Executor != nil && !sameExecutor(info.Executor, executor) {
		return says("The 'ExecutorInfo' of the task is different from the 'ExecutorInfo' of the group")
	}
	ownNetwork := info.Container != nil && len(info.Container.NetworkInfos) > 0
	if h := info.HealthCheck; h != nil && ownNetwork && h.GetType() != mesos.HealthCheckTypeCommand {
		return says("HTTP and TCP health checks are not supported for nested containers joining CNI networks")
	}
	if info.Container != nil && info.Container.Type == mesos.ContainerInfoTypeDocker {
		return says("Docker ContainerInfo is not supported on the task")
	}
	if l := linuxInfo(info.Container); len(info.Limits) > 0 && (l == nil || l.ShareCgroups == nil || *l.ShareCgroups) {
		return says("Resource limits may only be set for tasks within a task group when 'share_cgroups' is set to 'false'")
	}
	return nil
}

func (c *acceptance) validateGroupExecutor(e *mesos.ExecutorInfo) error {
	if e.GetType() == mesos.ExecutorInfoTypeUnknown {
		return errors.New("'ExecutorInfo.type' must be set")
	}
	if err := c.validateExecutor(e); err != nil {
		return err
	}
	if e.Container != nil && e.Container.Type == mesos.ContainerInfoTypeDocker {
		return says("Docker ContainerInfo is not supported on the executor")
	}
	r := mesos.Resources(e.Resources)
	if r.CPUs() < leastExecutorCPUs {
		return says("Executor '%s' uses less CPUs (%v) than the minimum required (%v)", e.ExecutorID.Value, r.CPUs(), leastExecutorCPUs)
	}
	if r.Mem() < leastExecutorMem {
		return says("Executor '%s' uses less memory (%v MB) than the minimum required (%v MB)", e.ExecutorID.Value, r.Mem(), leastExecutorMem)
	}
	if len(r.Named(mesos.DiskName)) == 0 {
		return says("Executor '%s' uses no disk", e.ExecutorID.Value)
	}
	return nil
}

func (c *acceptance) validateGroupAmount(executor *mesos.ExecutorInfo, group *mesos.TaskGroupInfo) error {
	var needs mesos.Resources
	for i := range group.Tasks {
		needs = mesos.Sum(needs, group.Tasks[i].Resources)
	}
	if c.framework.executor(c.agent.id, executor.ExecutorID.Value) == nil {
		needs = mesos.Sum(needs, executor.Resources)
	}
	if !c.rest.Contains(needs...) {
		return says("Total resources %s required by task group and its executor is more than available %s", needs, c.rest)
	}
	return nil
}
