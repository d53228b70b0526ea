// Package pace has the pure state machines of a framework that is a good neighbour: when to ask the master about tasks, when to repeat what has not
// come about, and what becomes of offers. Time is an argument, and what is to be called is the result.
//
// The caller's duties: tell each machine what happens, call its Step (or Due) at the time that Next says, and make the calls.
package pace
