package scheduler

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ormosproject/ormos/internal/detect"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/security"
)

// A call of the loop's body must not wait for a master that leads no more: nobody else can end its connection meanwhile.
func TestACallIsNotAnsweredWhenTheLeaderChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = io.Copy(io.Discard, far) })
		detached, cancel := context.WithCancelCause(t.Context())
		r := &run{Session: New(Options{}), credentials: new(security.Credentials)}
		l := r.newLink(detached, cancel, "http://master:5050")
		var err error
		if l.calls, err = wire.NewPipeline(l.client, near, wire.PipelineOptions{}); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() { cancel(errLeaderChanged) })
		start := time.Now()
		err = l.call(t.Context(), &Call{Type: new(CallTypeRevive)}, nil)
		if !errors.Is(err, ErrDisconnected) || !errors.Is(err, errLeaderChanged) {
			t.Errorf("the error is %v", err)
		}
		if took := time.Since(start); took != time.Second+farewell {
			t.Errorf("it took %v", took)
		}
		l.calls.Close()
		_ = far.Close()
		wg.Wait()
	})
}

// A redirection is one master's word, and is over when another leads, or none: else no pause would come.
func TestARedirectionIsForgottenWithItsMaster(t *testing.T) {
	for name, next := range map[string]detect.Leader{"none": {Reason: "none"}, "another": {URL: "http://127.0.0.1:0"}} {
		t.Run(name, func(t *testing.T) {
			r := &run{Session: New(Options{}), credentials: new(security.Credentials), watch: newWatch(), master: "http://a:5050", redirect: "http://b:5050", redirects: 1}
			r.watch.set(next, nil)
			if _, err := r.attempt(t.Context()); err == nil || r.redirects != 0 || r.redirect != "" {
				t.Errorf("after %v: %d redirections, to %q", err, r.redirects, r.redirect)
			}
		})
	}
}
