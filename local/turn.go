package local

// turn is a lock whose holder may wait for a long time. Unlike for a sync.Mutex, waiting for it lets virtual time pass, without which in
// testing/synctest the holder would wait for ever.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// Lock waits for its turn.
func (t turn) Lock() { t <- struct{}{} }

// Unlock lets the next one.
func (t turn) Unlock() { <-t }
