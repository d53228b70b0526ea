// Package master is the master of the local cluster: what Apache Mesos' master does for frameworks, agents and operators, as
// a Go value.
//
// A caller makes a Master with New, serves it over HTTP (it is the whole URL space of a Mesos master), hands it to agents as
// their link.Dialer, and calls Run, which returns when its context ends. Before Run nothing is answered; after it every
// subscription has been closed and every agent told that its connection is gone. A Master runs once.
//
//	m, err := master.New(master.Options{Address: address, WorkDir: dir, Logger: logger})
//	...
//	go server.Serve(listener) // server.Handler = m
//	err = m.Run(ctx)
//
// With Options.Contend the master leads nobody until SetLeader names it: that is for an election in ZooKeeper. While another
// leads it redirects there.
//
// # Inside
//
// One goroutine, that of Run, owns all state. HTTP handlers, agents and timers put closures into its mailbox (mailbox.go)
// and never touch the state themselves. What is decided without the state, such as the validation of tasks, offers to make
// (allocator) and JSON, is plain code without clock and I/O. Time is package time alone, so that tests run in a
// testing/synctest bubble.
package master
