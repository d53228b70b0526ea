package scheduler

import (
	"context"
	"errors"
	"sync"

	"github.com/ormosproject/ormos/internal/detect"
)

var errLeaderChanged = errors.New("another master leads")

// watch is what a detector that runs in a goroutine of its own has found last.
type watch struct {
	mu      sync.Mutex
	found   *detect.Leader // nil until the detector has spoken
	err     error
	changed chan struct{} // closed by the next word of the detector
	replace func(error)   // ends the subscription at the leader of before
}

func newWatch() *watch { return &watch{changed: make(chan struct{})} }

// follow runs the detector until ctx ends.
func (w *watch) follow(ctx context.Context, d detect.Detector) {
	for l, err := range d.Detect(ctx) {
		w.set(l, err)
	}
}

func (w *watch) set(l detect.Leader, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && w.found != nil && (l.URL != w.found.URL || l.ID != w.found.ID) && w.replace != nil {
		w.replace(errLeaderChanged)
	}
	w.found, w.err = &l, err
	close(w.changed)
	w.changed = make(chan struct{})
}

// get returns what was found last, nil if nothing was yet, and a channel that is closed when that changes; end is called when another
// master leads than the one returned.
func (w *watch) get(end func(error)) (*detect.Leader, <-chan struct{}, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.replace = end
	return w.found, w.changed, w.err
}
