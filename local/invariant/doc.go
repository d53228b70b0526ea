// Package invariant watches a framework from outside, on the wire and in the cluster, and tells what no framework may do whatever happens around
// it. It knows nothing of the framework's inside, and the framework nothing of it.
//
//	checker := invariant.New(invariant.Options{Dial: cluster.Dial})
//	defer checker.Close()
//	session := scheduler.New(scheduler.Options{Master: cluster.Master(), Dial: checker.Dial})
//	... // faults, and then a time of rest
//	checker.Check(ctx, cluster.Master())
//	for _, v := range checker.Violations() {
//		t.Error(v)
//	}
//
// # What it holds a framework to
//
//   - No task id is launched twice, unless the master has refused the first launch.
//   - An instance ([Options].Instance) has one live task at a time, as far as the framework has been told, but for those that
//     it has given up ([Options].Abandoned).
//   - A task is launched only on offers that the framework has: not on rescinded ones, not on those of an earlier subscription, not twice.
//   - No offer is kept for longer than [Options].Patience.
//   - An update is acknowledged once for each time that it came, within Patience, and never before what it changes is saved
//     ([Options].Saved). A task is launched only after it was recorded ([Options].Recorded).
//   - Offers of an agent are not declined again and again without need ([Options].Declines).
//   - The framework comes back as the one that it was: under its id.
//   - In the end ([Checker.Check]) the tasks that the cluster runs are those that the framework was told of as running, one for each
//     instance, and as many as are wanted.
//
// # The caller's duties
//
// The checker stands beside the framework: faults on the wire belong between it and the master ([Options].Dial). One checker is for one
// framework, restarts included. In real time Patience is a matter of the machine's speed; in virtual time it is exact.
package invariant
