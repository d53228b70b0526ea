// Package attach connects operators to what a command reads and writes: through pipes, or through a terminal of its own.
//
//	s, err := attach.Pipes()            // or attach.Terminal(rows, columns)
//	output := s.Follow()                // before the start, so that nothing is missed
//	... start the command with s.Files() as stdin, stdout and stderr ...
//	s.Started()
//	for chunk := range output.Chunks() { ... }
//	s.Close()
//
// # What the caller owes
//
// Started is called once, whether the command could be started or not, and Close in the end: Close returns when nothing is
// read any more. A command that writes faster than its followers read is held up by them; one that nobody follows is not. So
// whoever follows reads on or calls Stop.
package attach
