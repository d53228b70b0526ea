// Package check performs the checks and health checks of tasks, as Mesos' executors do.
//
//	c := check.OfHealthCheck(task.HealthCheck)
//	verdict := check.NewHealth(task.HealthCheck, start)
//	c.Run(ctx, start, command, func(result mesos.CheckStatusInfo) {
//		tell, kill := verdict.Judge(time.Now(), check.Passed(&result))
//		...
//	})
//
// Run performs one check after the other until its context ends: it returns when the last one has ended. A check of type
// COMMAND is performed by the function that the caller gives; HTTP and TCP are asked of the machine's loopback address,
// which is where Mesos asks. What the results mean for the task is decided by Health, which never waits.
package check
