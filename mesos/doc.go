// Package mesos holds the nouns of Apache Mesos: Offer, Resource, TaskInfo,
// TaskStatus, AgentInfo and the rest of the v1 schema, and what one does with
// them.
//
// The messages are generated from schema/ and are plain structs: a required
// field is a value, an optional scalar a pointer (new("x")), an optional message
// a pointer, a repeated field a slice. GetX reads an optional scalar with the
// schema's default. Fields that this version does not know are kept in Unknown
// and written back, so that what a master sent can be echoed to it unchanged.
//
// Written by hand beside them is the algebra: [Resources] with exact arithmetic
// in thousandths, with reservations ([Resources.Reserve]), volumes ([Resource.WithVolume])
// and what operations make of resources ([Resources.Apply]); [Ranges]; Mesos' text forms
// ([ParseResources], [ParseAttributes], [ParseDuration]); what a [TaskState] means; and the
// rules for ids ([ValidID]) and roles ([ValidRole]).
//
//	offered := mesos.Resources(offer.Resources)
//	need := mesos.Resources{mesos.CPUs(0.1), mesos.Mem(32)}
//	used, rest, ok := offered.Take(need...)
//	if !ok { ... } // decline
//	port, rest, ok := rest.TakePorts(1)
//	task.Resources = used.Add(port...)
//
// # What the caller must know
//
// Nothing here changes its arguments or its receiver, and nothing waits or locks:
// values may be read by many goroutines. A result may share its parts with what it
// was computed from, so a message that has gone into a computation is not to be
// modified afterwards; Clone gives a copy that may.
//
// A message that was decoded with an arena may share the memory of the record it
// came from; see Decode. What is computed from it does so too, and keeps the whole record
// in memory: Clone what is to be kept for long.
package mesos
