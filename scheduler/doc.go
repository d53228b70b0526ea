// Package scheduler is the framework's half of Mesos' scheduler API, on two levels. A [Framework] is told what is wanted, and does what every
// framework has to: it finds offers, records, launches, follows and reconciles.
//
//	framework := scheduler.NewFramework(scheduler.FrameworkOptions{Store: records, Options: scheduler.Options{Master: "zk://...", Framework: info}})
//	err := framework.Want(web) // a scheduler.Need: tasks and what they ask for
//	for event, err := range framework.Events(ctx) {
//		if err != nil {
//			return err
//		}
//		if e, ok := event.(*scheduler.EventTask); ok && e.Task.Over() && !e.Dropped {
//			err = framework.Want(web) // another one
//		}
//	}
//
// Below it is a [Session], which stays subscribed at the leading master, tells what happens as typed events, and makes calls. The rest is
// its author's.
//
//	session := scheduler.New(scheduler.Options{
//		Master:      "zk://10.0.0.1:2181,10.0.0.2:2181/mesos",
//		Framework:   mesos.FrameworkInfo{Name: "web", FailoverTimeout: new(float64(7 * 24 * 3600)), Checkpoint: new(true)},
//		FrameworkID: scheduler.FileID("/var/lib/web/framework-id"),
//	})
//	for event, err := range session.Events(ctx) {
//		if err != nil {
//			return err // a *scheduler.Error: waiting will not mend it
//		}
//		switch e := event.(type) {
//		case *scheduler.EventSubscribed: // ask about the tasks that this framework remembers
//			err = session.Reconcile(ctx, remembered()...)
//		case *scheduler.EventOffers: // each offer is accepted or declined, and soon: others wait for it
//			for _, offer := range e.Offers {
//				if tasks := match(offer); len(tasks) > 0 {
//					err = session.Accept(ctx, scheduler.CallAccept{OfferIDs: []mesos.OfferID{offer.ID}, Operations: launch(tasks)})
//				} else {
//					err = session.Decline(ctx, scheduler.CallDecline{OfferIDs: []mesos.OfferID{offer.ID}, Filters: scheduler.Refuse(time.Hour)})
//				}
//			}
//		case *scheduler.EventUpdate: // save it; it is acknowledged when the loop asks for the next event
//			err = save(e.Status)
//		case *scheduler.EventDisconnected:
//			log.Print(e)
//		}
//		if err != nil && !errors.Is(err, scheduler.ErrDisconnected) {
//			return err // the update at hand stays unacknowledged, and comes again
//		}
//	}
//
// # What the session does
//
// It finds the leading master and follows it, subscribes, repeats that with growing pauses when it fails, notices a silent connection
// by its missing heartbeats, and subscribes again under the same framework id, with the roles that were suppressed still suppressed. It saves
// the id before it tells of it. It acknowledges each status update that wants it (those with a uuid) when the loop's body has come to
// its end, and never one whose body ended by break, return or panic: the agent sends that again. Where an event has a
// string that is not UTF-8, a program's output in a status say, U+FFFD stands for what is not, but ids stay as they came (in protobuf form).
//
// # The caller's duties
//
// A Framework's author wants what is to run, wants it again when it is over, keeps the store where it outlives the process, and is quick in the
// loop's body; docs/task-model.md says what each state means. The author of a Session has more to do:
//
//   - Handle every offer. An offer that is neither accepted nor declined is withheld from everybody.
//   - Be quick in the loop's body, or at least return: events wait meanwhile, and so does the next acknowledgement.
//   - Expect an update more than once, with the same uuid: handling one is idempotent. Save what it changes before the body ends.
//   - Believe a task launched when an update says so, not when Accept has returned.
//   - Forget all offers at [EventDisconnected]: they are void, and so are those that [EventRescind] names.
//   - Reconcile after [EventSubscribed]: what happened in between is told only to those who ask.
//   - Clone what is kept for long of an event: its parts share memory with all that arrived beside them.
//   - Keep the framework's id where it outlives the process (Options.FrameworkID), and set a failover timeout: without them all tasks are killed when
//     the scheduler ends.
//
// # Security
//
// Options.Security has the credentials, a principal and its secret or a token, that each request carries. They go to the master that is configured or
// detected, and to those it redirects to; with https, a redirection to a host without encryption is refused. They appear
// in no log and no error. Without https whoever can read or change the traffic can have them.
package scheduler
