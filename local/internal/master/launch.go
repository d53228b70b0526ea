package master

import (
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// launch performs a LAUNCH: each task is judged by itself.
func (c *acceptance) launch(op *mesos.OfferOperation) {
	if op.Launch == nil {
		return
	}
	m, f := c.master, c.framework
	for i := range op.Launch.TaskInfos {
		info := op.Launch.TaskInfos[i].Clone()
		if op.ID != nil {
			m.refuseTask(f, info, mesos.TaskError, mesos.ReasonTaskInvalid, "Operation 'LAUNCH' must not have an 'id'")
			continue
		}
		c.complete(info)
		if err := c.authorize(info); err != nil {
			m.refuseTask(f, info, mesos.TaskError, mesos.ReasonTaskUnauthorized, err.Error())
			continue
		}
		if err := c.validateTask(info); err != nil {
			m.refuseTask(f, info, mesos.TaskError, mesos.ReasonTaskInvalid, err.Error())
			continue
		}
		c.run(info)
	}
}

// complete fills in what a framework may leave out of a task of a LAUNCH.
func (c *acceptance) complete(info *mesos.TaskInfo) {
	if info.Executor != nil && info.Executor.FrameworkID == nil {
		info.Executor.FrameworkID = &mesos.FrameworkID{Value: c.framework.id}
	}
	c.completeTask(info)
}

// completeTask fills in what any task may leave out: the allocation of resources, the type of a health check.
func (c *acceptance) completeTask(info *mesos.TaskInfo) {
	inferHealthCheck(info.HealthCheck)
	c.allocate(info.Resources)
	if info.Executor != nil {
		c.allocate(info.Executor.Resources)
	}
}

// allocate notes the role of the offer in resources that name none.
func (c *acceptance) allocate(resources []mesos.Resource) {
	for i := range resources {
		if resources[i].AllocationInfo == nil {
			resources[i].AllocationInfo = &mesos.ResourceAllocationInfo{Role: new(c.role)}
		}
	}
}

// authorize asks whether the framework may run tasks as the task's user.
func (c *acceptance) authorize(info *mesos.TaskInfo) error {
	user := c.framework.info.User
	if own := userOf(info); own != nil {
		user = *own
	}
	if user == "root" && c.master.flags.NoRootSubmissions {
		return says("Task is not authorized to launch as user 'root'")
	}
	if !c.master.acls.permit(aclRunTasks, c.framework.info.GetPrincipal(), user) {
		return says("Task is not authorized to launch as user '%s'", user)
	}
	return nil
}

// run gives a valid task to the agent.
func (c *acceptance) run(info *mesos.TaskInfo) {
	c.use(info)
	c.agent.send(link.RunTask{Framework: *c.framework.info.Clone(), Task: *info})
}

// use takes what the task and a new executor of its own use off the rest, and starts to track both.
func (c *acceptance) use(info *mesos.TaskInfo) {
	m, f := c.master, c.framework
	info.Resources = upgraded(info.Resources)
	c.rest = c.rest.Subtract(info.Resources...)
	if e := info.Executor; e != nil && f.executor(c.agent.id, e.ExecutorID.Value) == nil {
		e.Resources = upgraded(e.Resources)
		c.rest = c.rest.Subtract(e.Resources...)
		f.addExecutor(c.agent.id, e.Clone())
	}
	m.addTask(f, c.agent, m.newTask(f, info))
}

// upgraded gives valid resources in the format that the master and its agents use.
func upgraded(r mesos.Resources) mesos.Resources {
	if post, err := r.In(mesos.PostRefinement); err == nil {
		return post
	}
	return r
}

// launchGroup performs a LAUNCH_GROUP: all tasks or none.
func (c *acceptance) launchGroup(op *mesos.OfferOperation) {
	if op.LaunchGroup == nil || len(op.LaunchGroup.TaskGroup.Tasks) == 0 {
		return
	}
	m, f := c.master, c.framework
	executor, group := op.LaunchGroup.Executor.Clone(), op.LaunchGroup.TaskGroup.Clone()
	c.allocate(executor.Resources)
	for i := range group.Tasks {
		c.completeTask(&group.Tasks[i])
	}
	reason, err := c.judgeGroup(op, executor, group)
	if err != nil {
		for i := range group.Tasks {
			m.refuseTask(f, &group.Tasks[i], mesos.TaskError, reason, err.Error())
		}
		return
	}
	for i := range group.Tasks {
		if group.Tasks[i].Executor == nil {
			group.Tasks[i].Executor = executor.Clone()
		}
		c.use(&group.Tasks[i])
	}
	executor.Resources = upgraded(executor.Resources)
	c.agent.send(link.RunTaskGroup{Framework: *f.info.Clone(), Executor: *executor, Group: *group})
}

func (c *acceptance) judgeGroup(op *mesos.OfferOperation, executor *mesos.ExecutorInfo, group *mesos.TaskGroupInfo) (mesos.TaskStatusReason, error) {
	if op.ID != nil {
		return mesos.ReasonTaskGroupInvalid, says("Operation 'LAUNCH_GROUP' must not have an 'id'")
	}
	for i := range group.Tasks {
		if err := c.authorize(&group.Tasks[i]); err != nil {
			return mesos.ReasonTaskGroupUnauthorized, err
		}
	}
	return mesos.ReasonTaskGroupInvalid, c.validateGroup(executor, group)
}
