// Package executor is the side of a Mesos framework that runs tasks: a process that an agent starts, which talks to that
// agent over the v1 executor API.
//
// [Run] is a whole executor, for any number of tasks at a time. It calls a function for each, in a goroutine of its own:
//
//	err := executor.Run(ctx, executor.RunOptions{}, func(ctx context.Context, task *executor.Task) error {
//		command := task.Command("convert", string(task.Info.Data)) // told to end by KILL and so on, with the grace that they give
//		if err := command.Start(); err != nil {
//			return err // TASK_FAILED
//		}
//		task.Running()
//		return command.Wait() // TASK_FINISHED, TASK_FAILED or, if it was asked to end, TASK_KILLED
//	})
//
// What the function owes: to call Running when the task works, and to return soon after the end of ctx, or by [Task.Overdue] at the
// latest. A panic ends the process, and all of its tasks fail.
//
// A [Driver] is what Run stands on, for those who want every event:
//
//	driver, err := executor.New(executor.Options{}) // reads what the agent has put into the environment
//	if err != nil {
//		return err
//	}
//	for event, err := range driver.Events(ctx) {
//		if err != nil {
//			return err
//		}
//		switch e := event.(type) {
//		case *executor.EventLaunch:
//			go work(driver, e.Task) // tells TASK_RUNNING, and in the end TASK_FINISHED or TASK_FAILED, and driver.Stop()
//		case *executor.EventKill:
//			interrupt(e.TaskID, e.Grace(task)) // work then tells TASK_KILLED
//		case *executor.EventShutdown:
//			interruptAll() // within e.Grace
//		}
//	}
//
// where work says how its task fares by
//
//	driver.Update(mesos.TaskStatus{TaskID: task.TaskID, State: mesos.TaskRunning})
//
// # The duties of those who use a driver
//
//   - Tell the truth in time: TASK_RUNNING when the task works, exactly one terminal state when it has ended. A task that
//     is never ended in words keeps its resources until the executor exits.
//   - Be quick in the body of the loop, or start goroutines; Update and Stop may be called from any of them.
//   - Expect a KILL twice, also for a task that has ended; do nothing then. A later KILL may shorten the grace period, see [EventKill.Grace].
//   - End the other tasks of an EventLaunchGroup when one was killed or has failed: a scheduler expects it.
//   - Keep to a task's max_completion_time; nobody else does. Tell the last results of its checks with every update.
//   - End when all is done: break out of the loop or call [Driver.Stop]. The agent does not end an idle executor.
//   - Handle EventShutdown: when its grace is over, the process and its group are killed.
//   - Events share memory with one another. They stay valid; Clone a small part that is kept for long.
//
// # What the driver does
//
// Updates get their uuid, source and time, and are sent in order until the agent has acknowledged them, with the next
// subscription if need be. The agent acknowledges when it has an update on its disk; it is the agent that sees to it from there.
//
// When the connection is lost the driver subscribes again, after a random pause of at most MESOS_SUBSCRIPTION_BACKOFF_MAX, for
// as long as MESOS_RECOVERY_TIMEOUT, if the framework has asked for checkpointing; running tasks do not notice that
// their agent was restarted. Without checkpointing, and after that time, the caller gets an EventShutdown. A heartbeat
// goes each way every 30 minutes. Events that this version does not know are ignored.
//
// Calls carry the token that the agent has given to the executor. With https the agent's certificate is always verified, by
// what LIBPROCESS_SSL_CA_FILE names or by Go's defaults; where the agent has put a Unix socket there, that is used instead.
package executor
