package master

import (
	"errors"
	"fmt"
	"math"

	"github.com/ormosproject/ormos/mesos"
)

// The errors below are what frameworks read in TASK_ERROR. Their words begin as Mesos' do where clients match on them.

// validateTask judges a task of a LAUNCH. The first thing that is wrong is the error.
func (c *acceptance) validateTask(info *mesos.TaskInfo) error {
	if err := c.validateTaskItself(info); err != nil {
		return err
	}
	if err := c.validateTaskExecutor(info); err != nil {
		return err
	}
	if err := c.validateAmount(info); err != nil {
		return err
	}
	if l := linuxInfo(info.Container); l != nil && l.ShareCgroups != nil && !*l.ShareCgroups {
		return says("Only tasks in a task group may have 'share_cgroups' set to 'false'")
	}
	return nil
}

// validateTaskItself judges what holds for tasks in groups, too, in Mesos' order.
func (c *acceptance) validateTaskItself(info *mesos.TaskInfo) error {
	checks := []func(*mesos.TaskInfo) error{
		validateTaskID, c.validateUnique, c.validateAgent, validateTimes, validateCheck,
		func(info *mesos.TaskInfo) error { return validateHealthCheck(info.HealthCheck) },
		c.validateTaskResources,
		func(info *mesos.TaskInfo) error { return validateCommand(info.Command) },
		func(info *mesos.TaskInfo) error { return validateContainer(info.Container) },
		validateLimits,
	}
	for _, check := range checks {
		if err := check(info); err != nil {
			return err
		}
	}
	return nil
}

func validateTaskID(info *mesos.TaskInfo) error {
	if err := mesos.ValidID(info.TaskID.Value); err != nil {
		return says("TaskID '%s' is invalid: %w", info.TaskID.Value, err)
	}
	return nil
}

// validateUnique refuses ids that are in use. Those of completed tasks may be used again.
func (c *acceptance) validateUnique(info *mesos.TaskInfo) error {
	id := info.TaskID.Value
	if c.framework.tasks[id] != nil {
		return says("Task has duplicate ID: %s", id)
	}
	for _, t := range c.framework.unreachable {
		if t.TaskID.Value == id {
			return says("Task reuses the ID of an unreachable task: %s", id)
		}
	}
	return nil
}

func (c *acceptance) validateAgent(info *mesos.TaskInfo) error {
	if info.AgentID.Value != c.agent.id {
		return says("Task uses invalid agent %s while agent %s is expected", info.AgentID.Value, c.agent.id)
	}
	return nil
}

func validateTimes(info *mesos.TaskInfo) error {
	if p := info.KillPolicy; p != nil && p.GracePeriod != nil && p.GracePeriod.Nanoseconds < 0 {
		return says("Task's 'kill_policy.grace_period' must be non-negative")
	}
	if d := info.MaxCompletionTime; d != nil && d.Nanoseconds < 0 {
		return says("Task's 'max_completion_time' must be non-negative")
	}
	return nil
}

func (c *acceptance) validateTaskResources(info *mesos.TaskInfo) error {
	if len(info.Resources) == 0 {
		return says("Task uses no resources")
	}
	if err := c.validateResources(info.Resources); err != nil {
		return says("Task uses invalid resources: %w", err)
	}
	if mesos.Resources(info.Resources).IsEmpty() {
		return says("Task uses no resources")
	}
	return nil
}

// validateResources judges the resources of a task or executor.
func (c *acceptance) validateResources(r mesos.Resources) error {
	if err := r.Validate(); err != nil {
		return err
	}
	revocable := map[string]bool{}
	volumes := map[string]bool{}
	for i := range r {
		one := &r[i]
		if err := validateUse(one); err != nil {
			return err
		}
		if one.AllocationInfo.GetRole() != c.role {
			return fmt.Errorf("resource %q is allocated to role %q, but the offer is for %q", one.Name, one.AllocationInfo.GetRole(), c.role)
		}
		if is, seen := revocable[one.Name]; seen && is != one.IsRevocable() {
			return fmt.Errorf("revocable and non-revocable %q are used together", one.Name)
		}
		revocable[one.Name] = one.IsRevocable()
		if one.IsPersistentVolume() {
			id := one.ReservedRole() + "\n" + one.Disk.Persistence.ID
			if volumes[id] {
				return fmt.Errorf("persistence id %q is used twice", one.Disk.Persistence.ID)
			}
			volumes[id] = true
		}
	}
	return nil
}

// validateUse judges what is allowed for what is used, but not for what there is.
func validateUse(r *mesos.Resource) error {
	if r.Name == mesos.GPUsName && r.Scalar != nil && r.Scalar.Value != math.Trunc(r.Scalar.Value) {
		return errors.New("the 'gpus' resource must be an unsigned integer")
	}
	if r.Type == mesos.ValueTypeScalar && r.Scalar != nil && r.Scalar.Value != 0 && math.Abs(r.Scalar.Value) < 0x1p-1022 {
		return fmt.Errorf("%q is subnormal", r.Name)
	}
	if r.IsDynamicallyReserved() && r.IsRevocable() {
		return errors.New("dynamically reserved resources must not be revocable")
	}
	return validateDisk(r)
}

func validateDisk(r *mesos.Resource) error {
	d := r.Disk
	switch {
	case d == nil:
		return nil
	case d.Persistence != nil:
		return validatePersistence(r)
	case d.Volume != nil:
		return errors.New("non-persistent volumes are not supported")
	case d.Source == nil:
		return says("DiskInfo is set but empty")
	}
	return nil
}

func validatePersistence(r *mesos.Resource) error {
	d := r.Disk
	switch {
	case r.IsRevocable():
		return errors.New("persistent volumes cannot be created from revocable resources")
	case !r.IsReserved():
		return errors.New("persistent volumes cannot be created from unreserved resources")
	case d.Volume == nil:
		return errors.New("persistent volumes must have 'volume' set")
	case d.Volume.HostPath != nil:
		return errors.New("persistent volumes must not have 'volume.host_path' set")
	}
	if err := mesos.ValidID(d.Persistence.ID); err != nil {
		return fmt.Errorf("persistence id is invalid: %w", err)
	}
	return nil
}

// validateAmount asks whether the offer still has what the task needs, with its executor unless that runs already.
func (c *acceptance) validateAmount(info *mesos.TaskInfo) error {
	needs := mesos.Resources(info.Resources)
	if e := info.Executor; e != nil && c.framework.executor(c.agent.id, e.ExecutorID.Value) == nil {
		needs = mesos.Sum(needs, e.Resources)
	}
	if !c.rest.Contains(needs...) {
		return says("Total resources %s required by task and its executor is more than available %s", needs, c.rest)
	}
	return nil
}

// validateLimits judges limits beyond what is requested.
func validateLimits(info *mesos.TaskInfo) error {
	for name, limit := range info.Limits {
		if name != mesos.CPUsName && name != mesos.MemName {
			return says("Only 'cpus' and 'mem' limits are supported, not '%s'", name)
		}
		requested := mesos.Resources(info.Resources).Scalar(name)
		if requested <= 0 {
			return says("There must be a request of '%s' where there is a limit", name)
		}
		if math.IsNaN(limit.Value) || limit.Value < requested {
			return says("The '%s' limit %v must not be less than its request %v", name, limit.Value, requested)
		}
	}
	return nil
}

func linuxInfo(c *mesos.ContainerInfo) *mesos.LinuxInfo {
	if c == nil {
		return nil
	}
	return c.LinuxInfo
}
