// Package zk finds the leading Mesos master in ZooKeeper, follows it, and lets a master stand for election.
//
//	url, err := zk.ParseURL("zk://10.0.0.1:2181,10.0.0.2:2181/mesos")
//	...
//	for leader, err := range zk.Detect(ctx, url, zk.Options{Logger: log}) {
//		if err != nil {
//			return err // will not mend by waiting: wrong credentials
//		}
//		if leader.None {
//			log.Info("waiting for a master", "reason", leader.Reason)
//			continue
//		}
//		connect(leader.Addr())
//	}
//
// A master registers itself with [Elect], which yields its [Standing] each time that it changes.
//
// # The caller's duties
//
// The loops end when ctx does, within about a second, and only then (or with an error, or by break), so give them a
// context that ends. The body of the loop should be quick: while it runs, changes are
// merged, and the next round tells the latest state only. A master that no longer leads must stop acting as one
// before the body returns.
//
// # What ZooKeeper's failures do
//
// A detected leader is kept while ZooKeeper is out of reach: only another leader, or the leader's absence as told
// by ZooKeeper itself, is a change. Lost connections and expired sessions are renewed without end. A path that does
// not exist yet is waited for. A candidate instead gives its lead up as soon as ZooKeeper may have
// expired its session, since then another one may lead already.
//
// This is the only package that knows the ZooKeeper client library.
package zk
