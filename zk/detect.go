package zk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"
)

// Detect follows the leading master. It yields at once what is known, at first perhaps that there is none yet and why,
// and then each change, until ctx ends. It ends early only with an error that waiting does not mend, such as an [*AuthError].
// A master that leads again under another registration is no change, nor is it one that ZooKeeper is out of reach.
func Detect(ctx context.Context, url URL, opts Options) iter.Seq2[Leader, error] {
	return func(yield func(Leader, error) bool) {
		c, err := newClient(url, opts)
		if err != nil {
			yield(Leader{}, fmt.Errorf("cannot detect the leading master: %w", err))
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer c.running.Wait()
		defer cancel()
		views, ended := make(chan view, 1), make(chan error, 1)
		c.running.Go(func() { ended <- c.watch(ctx, views) })
		var last *Leader
		for {
			select {
			case v := <-views:
				if last != nil && last.same(v.leader) {
					continue
				}
				last = &v.leader
				if !yield(v.leader, nil) {
					return
				}
			case err := <-ended:
				if err != nil && ctx.Err() == nil {
					yield(Leader{}, fmt.Errorf("cannot detect the leading master: %w", err))
				}
				return
			}
		}
	}
}

// view is what there was under the path at one moment.
type view struct {
	leader Leader
	nodes  []string // the paths of all masters' registrations, the leader first
}

func none(format string, args ...any) view {
	return view{leader: Leader{None: true, Reason: fmt.Sprintf(format, args...)}}
}

// watch leaves each new view in views until ctx ends or an error that waiting does not mend.
func (c *client) watch(ctx context.Context, views chan view) error {
	var seen atomic.Bool
	opts := sessionOptions{unreachable: func(err error) {
		if !seen.Load() {
			put(views, none("cannot reach ZooKeeper: %v", err))
		}
	}}
	for ctx.Err() == nil {
		err := c.watchSession(ctx, opts, func(v view) {
			seen.Store(true)
			put(views, v)
		})
		if auth := (*AuthError)(nil); errors.As(err, &auth) {
			return err
		}
		c.log.Debug("watching ZooKeeper anew", "path", c.url.Path, "after", err)
		if errors.Is(err, errChanged) {
			continue
		}
		pause(ctx, 50*time.Millisecond+rand.N(200*time.Millisecond))
	}
	return nil
}

// errChanged means that what a session watched has changed, so that a new one is to look again.
var errChanged = errors.New("what is registered has changed")

// watchSession looks once and watches for as long as one session's connection lasts and nothing changes.
//
// Its watch is the last thing that it asks for: when a connection begins, the library's own goroutine looks, some time, at whether there
// are watches, and if there are, at what every later answer changes, without a lock (sendSetWatches of v1.0.4).
func (c *client) watchSession(ctx context.Context, opts sessionOptions, see func(view)) error {
	s, err := c.open(ctx, opts)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.ready(ctx); err != nil {
		return err
	}
	// A server may lag behind the one that we watched at before: do not go back in time.
	if _, err := s.conn.Sync(c.url.Path); err != nil {
		return c.forbidden(err, "read", c.url.Path)
	}
	v, changed, err := s.look()
	if err != nil {
		return err
	}
	see(v)
	select {
	case <-changed:
		return errChanged
	case <-s.lost:
		return errLost
	case <-ctx.Done():
		return ctx.Err()
	}
}

// look reads what is there, and gives a channel that tells when that has changed. It ends with errChanged when it changes meanwhile.
func (s *session) look() (view, <-chan zk.Event, error) {
	path := s.url.Path
	children, _, err := s.conn.Children(path)
	if errors.Is(err, zk.ErrNoNode) {
		return s.lookForPath()
	}
	if err != nil {
		return view{}, nil, s.forbidden(err, "list", path)
	}
	v, err := s.view(children)
	if err != nil {
		return view{}, nil, err
	}
	again, _, changed, err := s.conn.ChildrenW(path)
	s.watching.Store(true)
	switch {
	case errors.Is(err, zk.ErrNoNode):
		return view{}, nil, errChanged
	case err != nil:
		return view{}, nil, s.forbidden(err, "list", path)
	case !sameNames(children, again):
		return view{}, nil, errChanged
	}
	return v, changed, nil
}

// sameNames compares lists that come in any order.
func sameNames(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// view reads who leads among these children of the path.
func (s *session) view(children []string) (view, error) {
	masters := candidates(children)
	if len(masters) == 0 {
		return none("no master is registered under %s in ZooKeeper", s.url.Path), nil
	}
	var v view
	for _, m := range masters {
		v.nodes = append(v.nodes, s.url.Path+"/"+m.name)
	}
	data, _, err := s.conn.Get(v.nodes[0])
	if errors.Is(err, zk.ErrNoNode) {
		return view{}, errChanged
	}
	if err != nil {
		return view{}, s.forbidden(err, "read", v.nodes[0])
	}
	v.leader, err = parseLeader(masters[0].label, data)
	if err != nil {
		v.leader = Leader{None: true, Reason: fmt.Sprintf("cannot read the leading master's registration %s: %v", v.nodes[0], err)}
	}
	v.leader.Node = v.nodes[0]
	return v, nil
}

// lookForPath waits for the path itself.
func (s *session) lookForPath() (view, <-chan zk.Event, error) {
	exists, _, changed, err := s.conn.ExistsW(s.url.Path)
	s.watching.Store(true)
	if err != nil {
		return view{}, nil, s.forbidden(err, "look for", s.url.Path)
	}
	if exists {
		return view{}, nil, errChanged
	}
	return none("%s does not exist in ZooKeeper: no master has registered yet", s.url.Path), changed, nil
}
