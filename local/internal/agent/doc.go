// Package agent is a Mesos agent of the local cluster: it offers its machine to a master, runs the executors and commands of
// frameworks in sandboxes, and delivers their status updates reliably.
//
//	a, err := agent.New(agent.Options{Address: address, WorkDir: dir, Master: master, Containerizer: containers})
//	server := &http.Server{Handler: a}   // listens on address
//	err = a.Run(ctx)
//
// # What the caller owes
//
// The HTTP server listens before Run is called and serves until Run has returned: executors talk to the agent to its end. It
// must be the same port again after a restart on the same WorkDir, for executors remember it. Nobody else uses the WorkDir. The
// containerizer outlives Run; the caller closes it afterwards.
//
// Run ends when its context does: with Options.DestroyOnStop after all executors have been shut down and nothing of them is
// left, otherwise as a Mesos agent that gets SIGTERM: executors of frameworks with checkpoint=true live on, and the next Run
// on the same WorkDir takes them back. Kill ends it as SIGKILL would.
//
// # How it works
//
// One goroutine owns all state: messages of the master, calls of executors, ends of processes and timers are functions put
// into its mailbox. What blocks (fetching, launching, killing) has goroutines of its own, which report back by the mailbox; Run
// waits for them.
//
// A command task costs no executor process: the built-in command executor is a part of the agent (commandExecutor), and the
// task's process is its own child.
package agent
