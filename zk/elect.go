package zk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/go-zookeeper/zk"
)

// Standing is how an election stands for one candidate.
type Standing struct {
	// Leading tells that this candidate leads. Once it is false again another may lead already.
	Leading bool
	// Leader is who leads, as [Detect] would tell it. It is this candidate when Leading, and never otherwise: while ZooKeeper
	// still shows a registration of ours that may have expired, there is none.
	Leader Leader
}

// Elect registers a master (as Mesos does: an ephemeral, sequential json.info_ znode) and yields its Standing at once and
// whenever it changes, until ctx ends; then the registration is withdrawn. info is the MasterInfo in Mesos' JSON.
//
// Missing parents of the path are made; with credentials they and the registration are readable by everybody and
// writable by the user alone. A registration that is lost, by an expired session or by somebody's hand, is made anew, at the
// end of the queue. The lead is given up as soon as ZooKeeper may have expired the session, that is when it has not
// been heard for nine tenths of the session timeout, where Mesos' own master would exit.
func Elect(ctx context.Context, url URL, info []byte, opts Options) iter.Seq2[Standing, error] {
	return func(yield func(Standing, error) bool) {
		c, err := newClient(url, opts)
		var own Leader
		if err == nil {
			own, err = parseJSON(info)
		}
		if err != nil {
			yield(Standing{}, fmt.Errorf("cannot stand for election: %w", err))
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer c.running.Wait()
		defer cancel()
		err = c.elect(ctx, own, func(s Standing) bool { return yield(s, nil) })
		if err != nil && ctx.Err() == nil {
			yield(Standing{}, fmt.Errorf("cannot stand for election: %w", err))
		}
	}
}

// elect puts together what the watch sees and what has become of our registration.
func (c *client) elect(ctx context.Context, own Leader, yield func(Standing) bool) error {
	views, ended := make(chan view, 1), make(chan error, 2)
	ours, doubt := make(chan registration, 1), make(chan struct{}, 1)
	c.running.Go(func() { ended <- c.watch(ctx, views) })
	c.running.Go(func() { ended <- c.stand(ctx, own.Info, ours, doubt) })
	var (
		v    *view
		me   registration
		last *Standing
	)
	for {
		select {
		case seen := <-views:
			v = &seen
		case me = <-ours:
		case err := <-ended:
			return err
		}
		if v == nil {
			continue
		}
		if me.node != "" && !slices.Contains(v.nodes, me.node) {
			put(doubt, struct{}{})
		}
		now := Standing{Leading: me.safe && me.node == v.leader.Node, Leader: v.leader}
		if !now.Leading && now.Leader.same(own) {
			now.Leader = none("this master is the first that is registered, but it is not certain that this still holds").leader
		}
		if last != nil && last.Leading == now.Leading && last.Leader.same(now.Leader) {
			continue
		}
		last = &now
		if !yield(now) {
			return nil
		}
	}
}

// registration is our znode.
type registration struct {
	node string // its path; empty for none
	safe bool   // ZooKeeper cannot have expired it yet
}

// stand registers, again and again when the registration is lost, and tells ours what has become of it. On doubt it
// asks whether the registration is still there.
func (c *client) stand(ctx context.Context, info []byte, ours chan registration, doubt <-chan struct{}) error {
	for ctx.Err() == nil {
		err := c.standSession(ctx, info, ours, doubt)
		put(ours, registration{})
		if auth := (*AuthError)(nil); errors.As(err, &auth) {
			return err
		}
		c.log.Debug("registering in ZooKeeper anew", "path", c.url.Path, "after", err)
		pause(ctx, 50*time.Millisecond+rand.N(200*time.Millisecond))
	}
	return nil
}

func (c *client) standSession(ctx context.Context, info []byte, ours chan registration, doubt <-chan struct{}) error {
	s, err := c.open(ctx, sessionOptions{renew: true, unreachable: func(error) {}})
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.ready(ctx); err != nil {
		return err
	}
	node, err := s.register(ctx, info)
	if err != nil {
		return err
	}
	put(ours, registration{node, true})
	return s.keep(ctx, node, ours, doubt)
}

// keep watches over the registration until it is lost.
func (s *session) keep(ctx context.Context, node string, ours chan registration, doubt <-chan struct{}) error {
	expiry := time.NewTimer(s.timeout)
	defer expiry.Stop()
	expiry.Stop()        // it runs while we are disconnected
	var found chan error // the answer to the only question under way
	ask := func() {
		if found == nil {
			found = make(chan error, 1)
			s.running.Go(func() { found <- s.find(node) })
		}
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case state := <-s.states:
			switch state {
			case zk.StateExpired:
				return errLost
			case zk.StateDisconnected:
				expiry.Reset(s.timeout*9/10 - s.silence())
			case zk.StateHasSession:
				expiry.Stop()
				ask()
			}
		case <-expiry.C:
			put(ours, registration{node, false})
		case <-doubt:
			ask()
		case err := <-found:
			found = nil
			connected := s.conn.State() == zk.StateHasSession
			switch {
			case errors.Is(err, zk.ErrNoNode):
				return fmt.Errorf("somebody removed %s", node)
			case connected && err == nil:
				put(ours, registration{node, true})
			case connected:
				ask() // the connection broke and is back
			}
		}
	}
}

// find fails with ErrNoNode when the znode is gone.
func (s *session) find(node string) error {
	exists, _, err := s.conn.Exists(node)
	if err == nil && !exists {
		return zk.ErrNoNode
	}
	return err
}

// register makes our znode. When the connection breaks, nobody knows whether it was made: so look for it then.
func (s *session) register(ctx context.Context, info []byte) (string, error) {
	node, err := s.create(info)
	for isBroken(err) {
		if err := s.await(ctx); err != nil {
			return "", err
		}
		node, err = s.adopt()
		if err == nil && node == "" {
			node, err = s.create(info)
		}
	}
	return node, err
}

func isBroken(err error) bool {
	return errors.Is(err, zk.ErrConnectionClosed) || errors.Is(err, zk.ErrNoServer)
}

func (s *session) create(info []byte) (string, error) {
	acl := zk.WorldACL(zk.PermAll)
	if s.url.User != "" {
		acl = append(zk.WorldACL(zk.PermRead), zk.AuthACL(zk.PermAll)...)
	}
	for end := range len(s.url.Path) + 1 {
		if end == 0 || end < len(s.url.Path) && s.url.Path[end] != '/' {
			continue
		}
		parent := s.url.Path[:end]
		_, err := s.conn.Create(parent, nil, 0, acl)
		if err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return "", s.forbidden(err, "create", parent)
		}
	}
	node, err := s.conn.Create(s.url.Path+"/"+labelJSON+"_", info, zk.FlagEphemeralSequential, acl)
	return node, s.forbidden(err, "register a master under", s.url.Path)
}

// adopt finds a registration that this session has made already, or "".
func (s *session) adopt() (string, error) {
	children, _, err := s.conn.Children(s.url.Path)
	if errors.Is(err, zk.ErrNoNode) {
		return "", nil
	}
	if err != nil {
		return "", s.forbidden(err, "list", s.url.Path)
	}
	for _, m := range candidates(children) {
		node := s.url.Path + "/" + m.name
		exists, stat, err := s.conn.Exists(node)
		if err != nil {
			return "", err
		}
		if exists && stat.EphemeralOwner == s.conn.SessionID() {
			return node, nil
		}
	}
	return "", nil
}
