package scheduler

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	"github.com/ormosproject/ormos/internal/detect"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/security"
)

// A Session is one framework, subscribed at the leading master for as long as somebody ranges over its events. The
// methods that make calls may be used from any goroutine meanwhile.
type Session struct {
	opts  Options
	fault error // why the options cannot work

	mu          sync.Mutex
	running     bool
	link        *link // the subscription; nil while there is none
	framework   mesos.FrameworkInfo
	loaded      bool // the framework's id was taken from the store
	suppressed  map[string]bool
	constraints *mesos.OfferConstraints
	torn        bool // TEARDOWN was accepted
}

// String names the framework and the masters, and holds no secret.
func (s *Session) String() string { return s.opts.String() }

// GoString is String.
func (s *Session) GoString() string { return s.opts.String() }

// LogValue is String.
func (s *Session) LogValue() slog.Value { return s.opts.LogValue() }

// New returns a session that is not subscribed yet. What is wrong with the options, Events tells.
func New(o Options) *Session {
	s := &Session{opts: o.complete(), suppressed: map[string]bool{}, constraints: o.OfferConstraints}
	s.framework = s.opts.Framework
	s.fault = s.opts.check()
	for _, role := range o.SuppressedRoles {
		s.suppressed[role] = true
	}
	return s
}

// FrameworkID returns the framework's id, the zero value before the first subscription of a framework without a stored one.
func (s *Session) FrameworkID() mesos.FrameworkID {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.framework.ID == nil {
		return mesos.FrameworkID{}
	}
	return *s.framework.ID
}

// Events subscribes, stays subscribed, and yields what happens, one event at a time and in order. It ends without an error when ctx ends, and
// after Teardown; with an error, a [*Error], when trying again is of no use. When the loop is left, by whatever way, the
// subscription ends: the framework's tasks then run on for its failover timeout. A later Events subscribes again.
//
// An update is acknowledged when the loop's body has come to its end; see the package's description.
func (s *Session) Events(ctx context.Context) iter.Seq2[TypedEvent, error] {
	return func(yield func(TypedEvent, error) bool) {
		if err := s.run(ctx, 1, func(e []TypedEvent) bool { return yield(e[0], nil) }); err != nil {
			yield(nil, err)
		}
	}
}

// Batches is [Session.Events] for those who save what changes, which is cheaper for many at once: it yields the events that have arrived, one
// or more and at most 256, in their order. The updates among them are acknowledged when the loop's body has come to its end. The slice is good
// until then.
func (s *Session) Batches(ctx context.Context) iter.Seq2[[]TypedEvent, error] {
	return func(yield func([]TypedEvent, error) bool) {
		if err := s.run(ctx, backlog, func(e []TypedEvent) bool { return yield(e, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

// run is one range over the events, so many at a time. With a limit of 0 it is one, and nothing is acknowledged: whoever takes it does that.
func (s *Session) run(ctx context.Context, limit int, yield func([]TypedEvent) bool) error {
	detector, credentials, err := s.begin()
	if err != nil {
		return err
	}
	defer s.end()
	dialer := wire.Dialer{TLS: credentials.TLS, Dial: s.opts.Dial}
	transport := dialer.Transport()
	defer transport.CloseIdleConnections()
	r := &run{
		Session: s, yield: yield, limit: max(limit, 1), later: limit == 0, credentials: credentials, dialer: dialer, backoff: s.opts.Backoff,
		http: &http.Client{Transport: transport}, watch: newWatch(),
	}
	if s.FrameworkID().Value != "" {
		r.unheard = 1 // the last one of a process that was killed
	}
	following, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { r.watch.follow(following, detector) })
	defer wg.Wait()
	defer stop()
	return r.loop(ctx)
}

// begin takes the session for one loop.
func (s *Session) begin() (detect.Detector, *security.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return nil, nil, &Error{Reason: ReasonOptions, Hint: "range over its events once at a time", Err: errors.New("the session is subscribed already")}
	}
	if s.fault != nil {
		return nil, nil, invalidOptions(s.fault)
	}
	credentials, err := s.opts.Security.Load(s.opts.Logger)
	if err != nil {
		return nil, nil, invalidOptions(err)
	}
	d, err := detect.New(s.opts.Master, s.opts.Security.TLS.On(), s.opts.Logger)
	if err != nil {
		return nil, nil, invalidOptions(err)
	}
	if err := s.load(); err != nil {
		return nil, nil, err
	}
	s.running, s.torn = true, false
	return d, credentials, nil
}

func invalidOptions(err error) *Error {
	return &Error{Reason: ReasonOptions, Hint: "correct the session's options", Err: err}
}

func (s *Session) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = false
}

// load takes the framework's id from the store, once.
func (s *Session) load() error {
	if s.opts.FrameworkID == nil || s.loaded {
		return nil
	}
	id, err := s.opts.FrameworkID.Load()
	if err != nil {
		return &Error{Reason: ReasonStore, Hint: "without the id the framework's tasks would be lost; see that it can be read", Err: err}
	}
	if id != "" {
		s.framework.ID = &mesos.FrameworkID{Value: id}
	}
	s.loaded = true
	return nil
}

// identify keeps the id under which the master has subscribed the framework.
func (s *Session) identify(id mesos.FrameworkID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.framework.ID; known != nil && known.Value != "" {
		if known.Value != id.Value { // to take it would be to lose the tasks
			return fmt.Errorf("the master has subscribed the framework as %q, not as %q", id.Value, known.Value)
		}
		return nil
	}
	if err := s.save(id.Value); err != nil {
		return err
	}
	s.framework.ID = id.Clone()
	return nil
}

func (s *Session) save(id string) error {
	if s.opts.FrameworkID == nil {
		return nil
	}
	if err := s.opts.FrameworkID.Save(id); err != nil {
		return &Error{Reason: ReasonStore, Hint: "without the id a restarted scheduler would lose its tasks; see that it can be written", Err: err}
	}
	return nil
}

// subscribeCall describes the framework as it is now.
func (s *Session) subscribeCall() *Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Call{
		Type:        new(CallTypeSubscribe),
		FrameworkID: s.framework.ID,
		Subscribe: &CallSubscribe{
			FrameworkInfo: s.framework, SuppressedRoles: s.suppressedRoles(), OfferConstraints: s.constraints,
		},
	}
}

func (s *Session) suppressedRoles() []string {
	var roles []string
	for role := range s.suppressed {
		roles = append(roles, role)
	}
	slices.Sort(roles)
	return roles
}

// roles are those that the framework is subscribed with.
func (s *Session) roles() []string {
	if len(s.framework.Roles) > 0 {
		return s.framework.Roles
	}
	for _, c := range s.framework.Capabilities {
		if c.GetType() == mesos.FrameworkInfoCapabilityTypeMultiRole {
			return nil
		}
	}
	return []string{s.framework.GetRole()}
}

// connected makes l the link of all calls; nil ends that.
func (s *Session) connected(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link = l
}

func (s *Session) tornDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.torn
}

// current returns the link for a call.
func (s *Session) current() (*link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == nil {
		return nil, ErrDisconnected
	}
	return s.link, nil
}

// suppress adds roles to those that want no offers. A role that the framework does not have is passed over, as by the master.
func (s *Session) suppress(roles []string) {
	for _, role := range roles {
		if slices.Contains(s.roles(), role) {
			s.suppressed[role] = true
		}
	}
}

// revive takes roles, or all when none is named, from those that want no offers.
func (s *Session) revive(roles []string) {
	if len(roles) == 0 {
		clear(s.suppressed)
	}
	for _, role := range roles {
		delete(s.suppressed, role)
	}
}

// suppressedBy follows a SUPPRESS or REVIVE that was accepted.
func (s *Session) suppressedBy(c *Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case c.Suppress != nil && len(c.Suppress.Roles) == 0:
		s.suppress(s.roles())
	case c.Suppress != nil:
		s.suppress(c.Suppress.Roles)
	case c.Revive != nil:
		s.revive(c.Revive.Roles)
	}
}

// forget drops the framework's id.
func (s *Session) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.framework.ID = nil
}

// Roles are those that the framework is subscribed with, or will be, and those of them that want no offers.
func (s *Session) Roles() (roles, suppressed []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.roles()), s.suppressedRoles()
}

// describe names a call in errors.
func describe(call *Call, err error) error {
	return fmt.Errorf("cannot make the call %v: %w", call.GetType(), err)
}
