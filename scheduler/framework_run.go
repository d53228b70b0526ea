package scheduler

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/ormosproject/ormos/internal/wire"
)

const (
	// backlog is how many events may wait for the loop; those that do are saved together.
	backlog = 256
	// commitRecords and commitBytes are how much one Commit has at most: a packet of ZooKeeper takes 1 MB.
	commitRecords = 1000
	commitBytes   = 256 << 10
	// lastCommit is how long one may take after the loop's context has ended.
	lastCommit = 5 * time.Second
)

// delivery is an event and the subscription that it came from, which is where it is acknowledged.
type delivery struct {
	event TypedEvent
	link  *link
	tells int // how many of the tells come before or of it
}

// frameworkRun is one range over a framework's events: all of it but the reading happens on the goroutine that ranges.
type frameworkRun struct {
	*Framework
	yield    func(TypedEvent) bool
	link     *link // that the last event came from: offers are good for no other
	offerLog *offerLog
	arriving chan delivery
	ended    chan error
}

func (f *Framework) run(ctx context.Context, yield func(TypedEvent) bool) (err error) {
	if err := f.load(ctx); err != nil {
		return err
	}
	// The session ends after the loop, so that what the loop has acknowledged last goes out.
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &frameworkRun{Framework: f, yield: yield, offerLog: newOfferLog(f.opts.Logger), arriving: make(chan delivery, backlog), ended: make(chan error, 1)}
	go func() { r.ended <- r.read(reading) }()
	defer func() { // also when the loop's body panics
		stop()
		end := <-r.ended
		f.change(func(time.Time) { f.book.disconnected() })
		if errors.Is(err, errEnded) {
			err = end
		}
	}()
	return r.loop(ctx)
}

// read hands over what the session tells.
func (r *frameworkRun) read(ctx context.Context) error {
	defer close(r.arriving)
	return r.session.run(ctx, 0, func(e []TypedEvent) bool {
		l, _ := r.session.current()
		select {
		case r.arriving <- delivery{event: e[0], link: l}:
			return true
		case <-ctx.Done():
			return false
		}
	})
}

// loop takes what has arrived, until there is no more or the author has left.
func (r *frameworkRun) loop(ctx context.Context) error {
	for more := true; more; {
		batch, err := r.collect(ctx)
		if err != nil || batch == nil && ctx.Err() != nil {
			return err
		}
		more, err = r.handle(ctx, batch)
		if err != nil {
			return err
		}
	}
	return nil
}

// errEnded says that the session has.
var errEnded = errors.New("the session has ended")

// collect waits for something to do and takes all that has arrived, up to a new subscription: that is told before its offers are used.
func (r *frameworkRun) collect(ctx context.Context) ([]delivery, error) {
	var timer <-chan time.Time
	if at, ok := r.next(); ok {
		t := time.NewTimer(time.Until(at))
		defer t.Stop()
		timer = t.C
	}
	var batch []delivery
	select {
	case d, ok := <-r.arriving:
		if !ok {
			return nil, errEnded
		}
		batch = append(batch, d)
	case <-r.wake:
	case <-timer:
	case <-ctx.Done():
		return nil, nil
	}
	for len(batch) < backlog {
		if n := len(batch); n > 0 {
			if _, ok := batch[n-1].event.(*EventSubscribed); ok {
				break
			}
		}
		select {
		case d, ok := <-r.arriving:
			if !ok {
				return batch, nil
			}
			batch = append(batch, d)
		default:
			return batch, nil
		}
	}
	return batch, nil
}

func (r *frameworkRun) next() (time.Time, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.book.out.tells) > 0 {
		return time.Time{}, true
	}
	return r.book.next()
}

// handle deals with a batch: save, call, tell, acknowledge. It returns false when the author has left.
func (r *frameworkRun) handle(ctx context.Context, batch []delivery) (bool, error) {
	r.decide(batch)
	if err := r.perform(ctx); err != nil {
		return false, err
	}
	told, more := r.tell(ctx)
	if err := r.perform(ctx); err != nil { // what the author has asked for, and what is of no more use
		return false, err
	}
	for _, d := range batch {
		if d.tells > told {
			break
		}
		if call := acknowledgement(d.event); call != nil && d.link != nil {
			_ = d.link.acknowledge(ctx, call) // a subscription that was lost meanwhile: it will be sent again
		}
	}
	return more, nil
}

// decide tells the book what has arrived.
func (r *frameworkRun) decide(batch []delivery) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range batch {
		r.link = batch[i].link
		r.book.event(now, batch[i].event)
		r.offerLog.event(batch[i].event)
		if _, ok := batch[i].event.(*EventSubscribed); ok {
			roles, suppressed := r.session.Roles()
			r.book.offers.Subscribed(now, roles, suppressed)
		}
		batch[i].tells = len(r.book.out.tells)
	}
	r.book.act(now)
}

// perform saves what the book has decided, and then makes the calls that follow from it.
func (r *frameworkRun) perform(ctx context.Context) error {
	r.mu.Lock()
	saves, calls := r.book.take()
	answers := r.offerLog.answers(r.book, calls)
	orders := r.book.orders
	r.book.orders = map[string]KillOrder{}
	r.mu.Unlock()
	if err := r.commit(ctx, saves); err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.loaded = false // the store knows best what is there
		maps.Copy(orders, r.book.orders)
		r.book.orders = orders
		return &Error{Reason: ReasonStore, Hint: "what is not recorded would be lost; see that the store can be written", Err: err}
	}
	r.offerLog.log(answers)
	for _, s := range calls {
		r.send(ctx, s)
	}
	return nil
}

// commit saves records, in batches that every store takes. Each is right by itself.
func (r *frameworkRun) commit(ctx context.Context, saves map[string]record) error {
	if r.opts.Store == nil || len(saves) == 0 {
		return nil
	}
	if ctx.Err() != nil { // the author has ended it, and is done with what is saved now
		short, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCommit)
		defer cancel()
		ctx = short
	}
	batch, size := map[string][]byte{}, 0
	for _, key := range sorted(saves) {
		var text []byte
		if one := saves[key]; one != nil {
			var err error
			if text, err = one.encode(); err != nil {
				return err
			}
		}
		if len(batch) > 0 && (len(batch) >= commitRecords || size+len(text) > commitBytes) {
			if err := r.opts.Store.Commit(ctx, batch); err != nil {
				return err
			}
			batch, size = map[string][]byte{}, 0
		}
		batch[key] = text
		size += len(key) + len(text)
	}
	return r.opts.Store.Commit(ctx, batch)
}

// send makes a call without waiting for its answer. What the master was surely not asked for, or refuses, the book is told.
func (r *frameworkRun) send(ctx context.Context, s sending) {
	refused := func(err error) {
		r.opts.Logger.Debug("a call was not taken", "call", s.call.GetType(), "error", err)
		r.change(func(now time.Time) { r.book.refused(now, s, err) })
	}
	done := func(err error) {
		switch {
		case err == nil:
			r.session.suppressedBy(s.call)
		case !errors.Is(err, ErrDisconnected): // then nobody knows
			refused(describe(s.call, err))
		}
	}
	if r.link == nil {
		refused(describe(s.call, ErrDisconnected))
	} else if err := r.link.send(ctx, s.call, done); err != nil {
		if errors.Is(err, wire.ErrUnanswered) { // its connection was lost before, and not by this call
			err = ErrDisconnected
		}
		refused(describe(s.call, err))
	}
}

// tell yields what there is to tell, and has what is over forgotten. It returns how many the author is done with.
func (r *frameworkRun) tell(ctx context.Context) (told int, more bool) {
	r.mu.Lock()
	tells := r.book.out.tells
	r.book.out.tells = nil
	r.mu.Unlock()
	for i, t := range tells {
		if ctx.Err() != nil || !r.yield(t.event) {
			return i, false
		}
		r.mu.Lock()
		r.book.told(t)
		r.mu.Unlock()
	}
	return len(tells), true
}
