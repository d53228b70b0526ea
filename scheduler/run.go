package scheduler

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ormosproject/ormos/internal/detect"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/security"
)

const (
	// subscribeTimeout is how long a master may take to answer SUBSCRIBE, with SUBSCRIBED.
	subscribeTimeout = 15 * time.Second
	// missedHeartbeats in a row end a subscription.
	missedHeartbeats = 5
	// defaultHeartbeat is the masters' own.
	defaultHeartbeat = 15 * time.Second
	// staleSubscribe is for how long a SUBSCRIBE that was given up may have its effect after one that was answered.
	staleSubscribe = time.Minute
	// maxRedirects in a row are followed without a pause.
	maxRedirects = 4
)

var (
	// errLeft says that the loop's owner wants no further event.
	errLeft = errors.New("the loop was left")
	// errSuperseded says that the master has come to hear an earlier SUBSCRIBE of our own after a later one.
	errSuperseded = errors.New("a subscription that was given up has taken the place of this one")
	// errNoLeader says that there is nobody to subscribe at.
	errNoLeader = errors.New("no master leads")
)

// A run is one range over a session's events: all of it happens on the goroutine that ranges.
type run struct {
	*Session
	yield       func([]TypedEvent) bool
	limit       int          // of events that are told at once
	batch       []TypedEvent // those
	later       bool         // whoever takes the events acknowledges them
	credentials *security.Credentials
	dialer      wire.Dialer
	http        *http.Client
	watch       *watch
	changed     <-chan struct{} // closed when watch has another leader than the last attempt had
	backoff     Backoff

	master     string // the detected one's URL
	redirect   string // the URL that it has redirected to
	redirects  int    // in a row
	subscribed bool   // ever
	unheard    int    // subscriptions that were asked for and given up without an answer; see superseded
}

// loop subscribes again and again. It returns nil when the owner, ctx or TEARDOWN has ended it.
func (r *run) loop(ctx context.Context) error {
	for {
		lost, err := r.attempt(ctx)
		if end, ok := errors.AsType[*Error](err); ok {
			return end
		}
		if ctx.Err() != nil || errors.Is(err, errLeft) || r.tornDown() {
			return nil
		}
		if r.redirects > 0 && r.redirects <= maxRedirects {
			continue
		}
		r.redirect, r.redirects = "", 0
		if !r.pause(ctx, err, lost) {
			return nil
		}
	}
}

// pause tells why the session is disconnected and waits until it makes sense to try again. It returns false when it does not.
func (r *run) pause(ctx context.Context, why error, lost bool) bool {
	event := &EventDisconnected{Err: why, Lost: lost}
	if errors.Is(why, errLeaderChanged) {
		r.backoff.Reset()
	}
	if !errors.Is(why, errNoLeader) {
		event.Retry = r.backoff.Next()
	}
	r.opts.Logger.Warn("disconnected from the master", "framework", r.FrameworkID().Value, "error", why, "retry", event.Retry)
	if !r.yield([]TypedEvent{event}) {
		return false
	}
	var timer <-chan time.Time
	if event.Retry > 0 {
		timer = time.After(event.Retry)
	}
	select {
	case <-timer:
	case <-r.changed:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// attempt subscribes at the leading master and stays for as long as that lasts. The error says why it has ended; lost, that it had
// begun.
func (r *run) attempt(ctx context.Context) (lost bool, err error) {
	// The connections do not end with ctx, but after it: first the last acknowledgements are to go out.
	detached, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	at, err := r.leader(ctx, cancel)
	if err != nil || at != r.master {
		r.master, r.redirect, r.redirects = at, "", 0 // that was another's word
	}
	if err != nil {
		return false, err
	}
	if r.redirect != "" {
		at = r.redirect
	}
	l := r.newLink(detached, cancel, at)
	defer l.close()
	err = l.cause(r.stay(ctx, l))
	if _, answered := errors.AsType[*wire.StatusError](err); !answered && l.stream == nil {
		r.unheard++
	}
	return l.established, r.explain(at, err)
}

// leader returns the URL of the leading master, and has end called when it leads no more. It waits for the detector's first word.
func (r *run) leader(ctx context.Context, end func(error)) (string, error) {
	for {
		found, changed, err := r.watch.get(end)
		r.changed = changed
		switch {
		case err != nil:
			return "", &Error{Reason: ReasonDetection, Hint: "correct the masters' address and its credentials", Err: err}
		case found != nil && found.URL == "":
			return "", fmt.Errorf("%w: %s", errNoLeader, found.Reason)
		case found != nil:
			return found.URL, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// explain finds out whether an attempt at the master at this URL that ended with err can be repeated, and where.
func (r *run) explain(at string, err error) error {
	if errors.Is(err, ErrDisconnected) { // it was a call that has shown it
		return err
	}
	if end := unmendable(err); end != nil {
		return end
	}
	if _, bad := errors.AsType[*tls.CertificateVerificationError](err); bad && !r.subscribed {
		return &Error{Reason: ReasonTLS, Hint: "give the session the certificate authority of the masters", Err: err}
	}
	status, ok := errors.AsType[*wire.StatusError](err)
	if !ok || status.Status != http.StatusTemporaryRedirect {
		r.redirects = 0
		return err
	}
	to, bad := detect.Redirected(at, status.Location)
	if bad != nil {
		r.redirects = 0
		return bad
	}
	r.opts.Logger.Debug("redirected to the leading master", "master", to)
	r.redirect = to
	r.redirects++
	return err
}

// stay subscribes and tells the events, until there are no more.
func (r *run) stay(ctx context.Context, l *link) error {
	if err := l.subscribe(ctx, r.subscribeCall()); err != nil {
		return err
	}
	event, mended := new(Event), 0
	for {
		end := r.gather(ctx, l, event)
		if n := l.stream.Mended(); n > mended {
			mended = n
			r.opts.Logger.Warn("an event has strings that are not UTF-8", "framework", r.FrameworkID().Value)
		}
		if err := r.tell(ctx, l); err != nil {
			return err
		}
		if err := cmp.Or(end, ctx.Err()); err != nil {
			return err
		}
	}
}

// gather takes the next event, and those that have arrived behind it. The error ends the subscription, after what was gathered.
func (r *run) gather(ctx context.Context, l *link, event *Event) error {
	r.batch = r.batch[:0]
	for len(r.batch) == 0 || len(r.batch) < r.limit && l.stream.Ready() {
		if err := l.next(ctx, event); err != nil {
			return err
		}
		typed, err := r.read(ctx, l, event)
		if err != nil {
			return err
		}
		if typed != nil {
			r.batch = append(r.batch, typed)
		}
	}
	return nil
}

// read looks at one event. It returns nil for one that nobody is told of.
func (r *run) read(ctx context.Context, l *link, event *Event) (TypedEvent, error) {
	typed := event.typed()
	switch event.GetType() {
	case EventTypeError:
		end := r.refusal(event.Error.message())
		if end.Reason == ReasonFailedOver && r.superseded(l) {
			return nil, errSuperseded
		}
		return nil, end
	case EventTypeSubscribed:
		if event.Subscribed == nil || event.Subscribed.FrameworkID.Value == "" {
			return nil, errors.New("the master says SUBSCRIBED without the framework's id")
		}
		if err := mesos.ValidID(event.Subscribed.FrameworkID.Value); err != nil {
			return nil, fmt.Errorf("the master says SUBSCRIBED with what is no framework's id: %w", err)
		}
		if l.established {
			return nil, errors.New("the master says SUBSCRIBED twice")
		}
		if err := r.establish(ctx, l, event.Subscribed); err != nil {
			return nil, err
		}
	}
	if typed == nil {
		r.opts.Logger.Debug("passed over an event of an unknown type", "event", event.String())
		return nil, nil
	}
	if !l.established {
		return nil, fmt.Errorf("the master says %v before SUBSCRIBED", event.GetType())
	}
	return typed, nil
}

// tell passes the events at hand on, and acknowledges them if the loop wants others.
func (r *run) tell(ctx context.Context, l *link) error {
	if len(r.batch) == 0 {
		return nil
	}
	if !r.yield(r.batch) {
		return errLeft
	}
	for _, event := range r.batch {
		if call := acknowledgement(event); call != nil && !r.later {
			if err := l.acknowledge(ctx, call); err != nil {
				return err
			}
		}
	}
	return nil
}

// superseded tells whether it may be this session itself that has taken its own place, or a process of before that has ended: a master that could not
// answer for a while hears afterwards all that was asked meanwhile, in any order.
func (r *run) superseded(l *link) bool {
	if r.unheard == 0 || l.established && time.Since(l.since) > staleSubscribe {
		return false
	}
	r.unheard--
	return true
}

func (m *EventError) message() string {
	if m == nil {
		return "no reason is given"
	}
	return m.Message
}

// establish is what SUBSCRIBED begins: the id is kept before anybody is told of it, and calls can be made.
func (r *run) establish(ctx context.Context, l *link, e *EventSubscribed) error {
	if err := r.identify(e.FrameworkID); err != nil {
		return err
	}
	if err := l.connectCalls(ctx); err != nil {
		return err
	}
	l.patience = missedHeartbeats * heartbeat(e.GetHeartbeatIntervalSeconds())
	l.established, r.subscribed = true, true
	l.since, l.id = time.Now(), e.FrameworkID.Clone()
	r.redirects = 0
	r.connected(l)
	r.opts.Logger.Info("subscribed", "framework", e.FrameworkID.Value, "master", l.client.URL)
	return nil
}

// heartbeat reads the interval that a master announces, in seconds.
func heartbeat(seconds float64) time.Duration {
	if !(seconds >= 0.001 && seconds <= 24*3600) {
		return defaultHeartbeat
	}
	return time.Duration(seconds * float64(time.Second))
}
