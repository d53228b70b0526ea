package framework

import (
	"container/heap"
	"context"
	"crypto/tls"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/engine"
)

const (
	// maxAsking is how many tasks are asked at the same time. What is due beyond that waits.
	maxAsking = 256
	// firstAfter is how long after its start a task is asked first, at most, where every failure counts: as in Marathon.
	firstAfter = 5 * time.Second
	// eager is the first pause while a task may be starting yet. Each further one is twice as long, up to the interval.
	eager = 250 * time.Millisecond
	// minInterval is the shortest one, whatever a definition says.
	minInterval = 250 * time.Millisecond
)

// A prober asks tasks how they are: the health checks that are the scheduler's, and readiness checks. One goroutine knows when to ask whom;
// those that ask live for one question, so that a task costs nothing while it is not asked.
//
// A task that has begun of late is asked at once, and again soon, as long as its failures do not count: it is not known for longer than
// needed whether it is well.
type prober struct {
	tell func(context.Context, engine.Input)
	http *http.Client
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu     sync.Mutex
	orders []engine.Probe
	wake   chan struct{}

	tasks   map[string][]*question
	queue   agenda
	asking  int
	answers chan answer // has room for all who ask
}

// A question is one check of one task.
type question struct {
	task      engine.Probe
	health    int // the index of the health check; -1 for a readiness check
	readiness int // that of the readiness check

	interval, timeout time.Duration
	counts            time.Time // from when on failures count; before, it is asked eagerly
	pause             time.Duration
	due               time.Time
	place             int // in the agenda; -1 while it is asked
	passed            bool
	ctx               context.Context // ends when nobody wants to know any more
	end               context.CancelFunc
}

// answer is what became of a question.
type answer struct {
	*question
	began  time.Time
	passed bool
}

func newProber(tell func(context.Context, engine.Input), dial func(context.Context, string, string) (net.Conn, error)) *prober {
	return &prober{
		tell: tell, dial: dial, wake: make(chan struct{}, 1), tasks: map[string][]*question{}, answers: make(chan answer, maxAsking),
		http: &http.Client{
			Transport: &http.Transport{
				DialContext: dial, DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
				// A task's certificate names its service, hardly the address that is asked here.
				TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// order has tasks asked, or not any more. It returns at once.
func (p *prober) order(probes []engine.Probe) {
	if len(probes) == 0 {
		return
	}
	p.mu.Lock()
	p.orders = append(p.orders, probes...)
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run asks until ctx ends.
func (p *prober) run(ctx context.Context) error {
	var asking sync.WaitGroup
	defer asking.Wait()
	defer p.endAll()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		now := time.Now()
		for p.asking < maxAsking && len(p.queue) > 0 && !p.queue[0].due.After(now) {
			q := heap.Pop(&p.queue).(*question)
			p.asking++
			asking.Go(func() { p.answers <- answer{q, now, p.ask(q)} })
		}
		timer.Stop()
		if p.asking < maxAsking && len(p.queue) > 0 {
			timer.Reset(p.queue[0].due.Sub(now))
		}
		select {
		case <-p.wake:
			p.take(ctx)
		case a := <-p.answers:
			p.asking--
			p.again(a)
		case <-timer.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (p *prober) endAll() {
	for _, questions := range p.tasks {
		for _, q := range questions {
			q.end()
		}
	}
}

// take carries out the orders.
func (p *prober) take(ctx context.Context) {
	p.mu.Lock()
	orders := p.orders
	p.orders = nil
	p.mu.Unlock()
	now := time.Now()
	for _, order := range orders {
		for _, q := range p.tasks[order.TaskID] {
			q.end()
			if q.place >= 0 {
				heap.Remove(&p.queue, q.place)
			}
		}
		delete(p.tasks, order.TaskID)
		if order.App == nil {
			continue
		}
		for _, q := range questions(order, now) {
			q.ctx, q.end = context.WithCancel(ctx)
			p.tasks[order.TaskID] = append(p.tasks[order.TaskID], q)
			heap.Push(&p.queue, q)
		}
	}
}

// questions are what is to be asked of a task.
func questions(order engine.Probe, now time.Time) []*question {
	var all []*question
	for i := range order.App.HealthChecks {
		h := &order.App.HealthChecks[i]
		if h.Protocol.OnAgent() {
			continue
		}
		q := &question{task: order, health: i, readiness: -1, interval: inSeconds(h.IntervalSeconds), timeout: inSeconds(h.TimeoutSeconds)}
		q.counts = order.Since.Add(time.Duration(h.GracePeriodSeconds) * time.Second)
		q.begin(now)
		all = append(all, q)
	}
	if !order.Readiness {
		return all
	}
	for i := range order.App.ReadinessChecks {
		r := &order.App.ReadinessChecks[i]
		q := &question{task: order, health: -1, readiness: i, interval: inSeconds(r.IntervalSeconds), timeout: inSeconds(r.TimeoutSeconds)}
		q.counts = now.Add(365 * 24 * time.Hour) // never: it is only waited for
		q.begin(now)
		all = append(all, q)
	}
	return all
}

func inSeconds(n int) time.Duration { return max(time.Duration(n)*time.Second, minInterval) }

// begin says when a question is asked first. What runs for long already is known from before: such tasks are not asked all at the same moment.
func (q *question) begin(now time.Time) {
	first := min(q.interval, firstAfter)
	q.pause, q.due = eager, now
	switch {
	case now.Sub(q.task.Since) > firstAfter && q.health >= 0:
		q.due = now.Add(rand.N(first))
	case !now.Before(q.counts):
		q.due = q.task.Since.Add(first)
	}
}

// again says when a question is asked next.
func (p *prober) again(a answer) {
	q := a.question
	if q.ctx.Err() != nil {
		return
	}
	if a.passed && q.readiness >= 0 {
		q.end() // ready once is ready
		return
	}
	q.passed = q.passed || a.passed
	next := q.interval
	if !q.passed && a.began.Before(q.counts) {
		next = min(q.pause, q.interval)
		q.pause *= 2
	}
	q.due = a.began.Add(next)
	if now := time.Now(); q.due.Before(now) {
		q.due = now
	}
	heap.Push(&p.queue, q)
}

// agenda is what is to be asked, the most urgent first.
type agenda []*question

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].due.Before(a[j].due) }
func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = i, j
}

func (a *agenda) Push(x any) {
	q := x.(*question)
	q.place = len(*a)
	*a = append(*a, q)
}

func (a *agenda) Pop() any {
	last := len(*a) - 1
	q := (*a)[last]
	(*a)[last], q.place = nil, -1
	*a = (*a)[:last]
	return q
}

// portOf is the one that a health check asks.
func portOf(h *app.HealthCheck, ports []int) (int, bool) {
	if h.Port != nil {
		return *h.Port, true
	}
	index := 0
	if h.PortIndex != nil {
		index = *h.PortIndex
	}
	if index < 0 || index >= len(ports) {
		return 0, false
	}
	return ports[index], true
}
