package trial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/ormosproject/ormos/local/invariant"
)

// errDead is what a framework gets that has crashed, if it goes on all the same.
var errDead = errors.New("the process has crashed")

// crash ends the framework's life. One that is away already stays away.
func (r *run) crash(ctx context.Context, away time.Duration) error {
	select {
	case r.crashes <- away:
	case <-time.After(time.Millisecond):
	case <-ctx.Done():
	}
	return ctx.Err()
}

// live lets the framework live, crash and come back.
func (r *run) live(ctx context.Context) error {
	for number := 1; ; number++ {
		l := &life{run: r, number: number}
		away, err := l.live(ctx)
		if err != nil || ctx.Err() != nil {
			return err
		}
		if err := wait(ctx, away); err != nil {
			return nil
		}
	}
}

// life is one of a framework's lives. After its end nothing that it does has any effect.
type life struct {
	*run
	number int

	mu    sync.Mutex
	dead  bool
	conns []net.Conn
}

// live returns for how long the framework stays away.
func (l *life) live(ctx context.Context) (away time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	store := l.checker.Store(&l.store)
	go func() {
		ended <- l.Framework(ctx, Environment{Master: l.Cluster.Master(), Dial: l.dial, Store: mortal{store, l}, Life: l.number})
	}()
	select {
	case err := <-ended:
		if ctx.Err() == nil {
			return 0, fmt.Errorf("the framework has ended by itself: %v", err)
		}
		return 0, nil
	case away = <-l.crashes:
		l.die()
		cancel()
	case <-ctx.Done():
	}
	<-ended
	return away, nil
}

// die cuts the life off from the world, before its context tells it anything.
func (l *life) die() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
	for _, conn := range l.conns {
		conn.Close()
	}
}

func (l *life) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := l.checker.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		conn.Close()
		return nil, errDead
	}
	l.conns = append(l.conns, conn)
	return conn, nil
}

// mortal is a store that a dead framework does not reach.
type mortal struct {
	invariant.Store
	life *life
}

// Load gives the records.
func (m mortal) Load(ctx context.Context) (map[string][]byte, error) {
	m.life.mu.Lock()
	defer m.life.mu.Unlock()
	if m.life.dead {
		return nil, errDead
	}
	return m.Store.Load(ctx)
}

// Commit makes the changes.
func (m mortal) Commit(ctx context.Context, changes map[string][]byte) error {
	m.life.mu.Lock()
	defer m.life.mu.Unlock()
	if m.life.dead {
		return errDead
	}
	return m.Store.Commit(ctx, changes)
}
