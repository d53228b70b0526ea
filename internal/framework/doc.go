// Package framework runs the engine: it is the loop between the engine and the world.
//
//	err := framework.Run(ctx, framework.Options{
//		Scheduler: scheduler.Options{Master: "zk://..."}, Store: records, Listen: api.ServerOptions{Address: ":8080"},
//	})
//
// One goroutine owns the engine. What has happened comes to it from the session with the master, from the API's requests,
// from the probes and from its timer; it takes all that waits, and then performs what the engine has decided:
//
//	session --+                        +--> 1. save      the store, all or nothing, once for all that was taken
//	requests -+--> loop: engine.Step --+--> 2. call      the master
//	probes ---+                        +--> 3. publish   the view, the event stream, probes
//	time -----+                        +--> 4. reply     to requests; the updates that were taken are acknowledged
//
// So nobody is told, and nothing is acknowledged or launched, that a kill -9 could make untrue. When something cannot be saved, Run ends:
// what was taken is not answered, and is sent again by Mesos, or by who has asked.
//
// The caller's duties: one process at a time with a store (which the stores of package store see to); start Run again when it has
// failed, with the same store.
package framework
