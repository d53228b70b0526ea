// Package offer matches what tasks need with what a master offers: needs and offers go in, and out comes which offers to accept,
// with which operations, and for each need that was not served why.
//
//	result := offer.Match(offers, []offer.Need{{
//		Name:  "web-1",
//		Group: "web",
//		Tasks: []offer.Task{{
//			Info:  mesos.TaskInfo{Name: "web", TaskID: id, Command: command, Resources: mesos.Resources{mesos.CPUs(0.5), mesos.Mem(64)}},
//			Ports: []offer.Port{{Name: "http"}},
//		}},
//		Constraints: []offer.Constraint{{Field: "rack", Operator: offer.GroupBy}},
//	}}, offer.Options{Placed: running})
//	for _, accept := range result.Accepts {
//		for _, grant := range accept.Grants { // what is known only now
//			grant.Tasks[0].Data = []byte(strconv.FormatUint(grant.Port("http"), 10))
//		}
//		session.Accept(ctx, scheduler.CallAccept{OfferIDs: accept.OfferIDs, Operations: accept.Operations()})
//	}
//	for _, need := range result.Unmatched {
//		log.Print(result.Explain(need))
//	}
//	session.Decline(ctx, scheduler.CallDecline{OfferIDs: result.Untouched})
//
// [OfferConstraints] tells the master beforehand which agents are of use.
//
// # How it decides
//
// Needs are served in their order. Each is given wholly out of one lot: all offers of one agent for one role, which one ACCEPT
// can use together. Of the lots that satisfy its constraints and have what it asks for, it gets the first by its preferences, and
// else the one that was offered first. What it is given is taken away before the next need is looked at, and counts for the constraints
// of its group.
//
// Everything here is computed from the arguments alone: the same offers, needs and options give the same result. Nothing waits,
// logs, asks the time or changes its arguments.
//
// # The caller's duties
//
//   - Record the tasks before the ACCEPT goes out, and believe them launched when an update says so.
//   - Give the tasks that run as Options.Placed, those that were launched and not heard of yet among them.
//   - Leave out offers that were rescinded, and those of agents that are about to be maintained if they are not wanted.
//   - Not modify offers and needs for as long as the result is in use: it shares their parts.
package offer
