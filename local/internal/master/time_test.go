package master

import "time"

// pass lets the time of a synctest bubble pass: nothing real is waited for.
func pass(d time.Duration) { <-time.After(d) }
