// Package serve is Ormos' own executor: it serves the web pages of apps with serve over HTTP, one task a process.
//
//	err := serve.Run(ctx, executor.RunOptions{}) // in a process that an agent has started
//
// The task's data is JSON and says what and where: see [engine.Served]. TASK_RUNNING is told when the server answers. The health check
// of the task, which for executors of a framework's own no agent makes, is made here. A task that is to end says so first (TASK_KILLING) and goes on
// serving for a moment, so that load balancers hear of it before the port is closed; then it takes no new requests, and ends when those
// at hand are answered.
//
// Nothing is served but what is below the directory that was named, or out of the archive: no link leads out of it. Names that begin with
// a dot are not served (but /.well-known), nor lists of what is in a directory.
package serve
