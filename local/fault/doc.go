// Package fault has things go wrong: on the wire between a framework and its master, and in the cluster, by call or by a schedule that is a
// pure function of a seed.
//
//	schedule := fault.Random(seed, fault.Limits{Agents: 3})
//	wire := fault.NewWire(cluster.Dial)
//	defer wire.Close()
//	session := scheduler.New(scheduler.Options{Master: cluster.Master(), Dial: wire.Dial})
//	...
//	err := schedule.Run(ctx, func(f fault.Fault) error { ... wire.Do(f) ... })
//	t.Log(schedule) // Parse reads it again
//
// What comes of a fault is told by its [Kind]. Those of the cluster are what a local.Cluster's own functions do, from KillAgent to RescindOffers, under
// the same names; [DoCluster] begins and ends them. What those do until Heal, to disks and to all updates between agents and master, no schedule
// has. Those on the wire between framework and master are this package's own: there one record is dropped, delayed or duplicated. They are
// about what passes next, so that they hit a conversation at the same place however long it takes.
//
// # What a seed repeats
//
// The same seed and limits give the same faults at the same times, and in virtual time (testing/synctest) a run has nothing else to go by: no
// busy machine, no slow network. What Go leaves to chance (which of two goroutines that both may run is first, the order of a map, the jitter of
// pauses) is not repeated. So a seed that has failed is tried some times over, and fails again soon.
//
// # The caller's duties
//
// Close a [Wire] when its framework has ended. Give schedules time to come to their end, and the framework time to recover after
// it, before looking at what has become of its tasks.
package fault
