// Package replay records what passes between a framework and a real master, events in and calls out, and plays the master's part of it again: a session
// that has gone wrong once becomes a regression test.
//
//	recorder := replay.NewRecorder(file, nil)
//	session := scheduler.New(scheduler.Options{Master: master, Dial: recorder.Dial})
//	... // until it has happened
//	err := recorder.Close()
//
//	player, err := replay.Open(file)
//	session := scheduler.New(scheduler.Options{Master: player.Master(), Dial: player.Dial})
//	... // until <-player.Done()
//	differences := player.Close()
//
// # The file
//
// It has a line of JSON for each thing that has passed, whatever the wire's encoding was, with the time since the recording began (at, in seconds) and
// the number of the framework's connection (link):
//
//	{"recording":"ormos scheduler 1"}                               the first
//	{"at":0.01,"link":1,"call":{"type":"SUBSCRIBE",...}}            a call, in Mesos' JSON
//	{"at":0.02,"link":1,"event":{"type":"SUBSCRIBED",...}}          an event
//	{"at":0.03,"link":2,"status":400,"body":"..."}                  the answer to a call that the master has refused
//	{"at":9.99,"link":1,"end":true}                                 a connection has ended
//
// No header is in it, so no credential is, and the value of every Secret in a message is left out. What a framework writes elsewhere, in plain
// variables and labels and data, is recorded as it is.
//
// # How it is played
//
// An event is told when the calls that were made before it have been made; the times are not kept. Calls may come in another order than theirs between two
// events. [Player.Close] tells the calls that were recorded and not made, and those that were made and not recorded.
//
// # The caller's duties
//
// The framework has to be the same for the same events. Ids of tasks and operations may be by chance, as those of a scheduler.Framework are: the call
// that launches them tells which one stands for which, and all later calls and events are read so. Bytes, such as a task's data, are not: an id must not be in them. Plain HTTP is needed on the framework's side.
package replay
