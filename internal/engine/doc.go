// Package engine decides what the framework does: which instances of apps run, where, and what becomes of a change.
// It is pure: it neither waits nor reaches out nor asks the time.
//
//	e, err := engine.New(records, engine.Options{})
//	for {
//		effects := e.Step(now, input) // a Mesos event, a command of the API, an answer to a probe, or nothing: time has passed
//		// 1. save effects.Records   2. make effects.Calls   3. publish effects.Events, e.View() and effects.Replies
//		//    (Roles are told to the master between 1 and 2)
//		// 4. acknowledge the update that was the input
//	}
//
// The caller's duties: perform the effects in that order, and no other Step in between; when something could not be
// saved, throw the engine away and begin again with New from what is saved. A Step is idempotent: the same update
// again, or an answer that comes late, changes nothing. Call Step with a nil input at Effects.WakeAt.
package engine
