// Package wire is both ends of every conversation over Mesos' v1 HTTP API: RecordIO, the two encodings of messages, calls
// and event streams, for a client and for a server.
//
// A client has one [Client] for a peer: [Client.Subscribe] opens the event stream on a connection of its own,
// [Client.Call] makes one call and waits for its answer, and a [Pipeline] makes many calls in order over one connection
// without waiting. The caller closes what it opened: a [Stream], a [Pipeline], the idle connections of its transport.
//
// A server reads a call with [ReadCall], negotiates with [Accepted], and answers a subscription with an [EventStream].
// Authentication, leadership and what the call means are its own matter.
//
// Nothing here dials again, waits or retries: that is for the sessions of the packages scheduler and executor.
package wire
