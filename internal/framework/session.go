package framework

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/api"
	"github.com/ormosproject/ormos/internal/engine"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// A link is the framework at the master: the session's goroutine tells the loop what happens, and the loop makes its calls.
type link struct {
	opts    scheduler.Options
	loop    *loop
	agents  *addresses
	metrics *api.Metrics
	hub     *api.Hub
	log     *slog.Logger

	session atomic.Pointer[scheduler.Session]
	// artifact is where agents fetch Ormos' executor. Nobody but this machine's can when it is on loopback, of which people are told once.
	artifact string
	told     bool

	mu   sync.Mutex
	role standing
}

func newLink(o scheduler.Options, roles []string, base string, l *loop, agents *addresses, metrics *api.Metrics, hub *api.Hub) *link {
	k := &link{opts: o, loop: l, agents: agents, metrics: metrics, hub: hub, log: o.Logger, role: standing{wanted: roles, base: base, suppressed: map[string]bool{}}}
	k.begin(roles)
	return k
}

// run tells the loop what the session tells, until ctx ends, the loop has ended, or the session fails for good. A framework that the master has
// removed, since it was away for too long, begins anew under another id: its tasks were killed, and what is wanted is launched again. One that
// is refused with the roles of its apps goes on without those that the master does not let it have.
func (l *link) run(ctx context.Context) error {
	for {
		err := l.follow(ctx)
		end, ok := errors.AsType[*scheduler.Error](err)
		switch {
		case ok && end.Reason == scheduler.ReasonRemoved:
			l.log.Warn("the master has removed the framework and killed its tasks; it begins anew", "framework", l.session.Load().FrameworkID().Value, "error", end.Err)
			if err := l.opts.FrameworkID.Save(""); err != nil {
				return err
			}
			l.begin(l.wanted())
		case ok && (end.Reason == scheduler.ReasonInvalid || end.Reason == scheduler.ReasonForbidden) && l.retreat():
			l.log.Warn("the master has refused the subscription; it is tried with the role of apps that have none, and then the others", "error", end.Err)
		default:
			return err
		}
	}
}

func (l *link) follow(ctx context.Context) error {
	for batch, err := range l.session.Load().Batches(ctx) {
		if err != nil {
			return err
		}
		if inputs := l.read(ctx, batch); len(inputs) > 0 && !l.loop.deliver(ctx, inputs) {
			return nil // what was not saved stays unacknowledged
		}
	}
	return nil
}

// read makes the engine's inputs of events.
func (l *link) read(ctx context.Context, batch []scheduler.TypedEvent) []engine.Input {
	inputs := make([]engine.Input, 0, len(batch))
	for _, event := range batch {
		switch e := event.(type) {
		case *scheduler.EventSubscribed:
			inputs = append(inputs, l.subscribed(ctx, e)...)
		case *scheduler.EventDisconnected:
			l.log.Warn(e.String())
			inputs = append(inputs, engine.Disconnected{})
		case *scheduler.EventOffers:
			l.metrics.Add(api.OffersIncoming, len(e.Offers))
			l.agents.learn(e.Offers)
			l.reach(e.Offers)
			inputs = append(inputs, engine.Offered{Offers: e.Offers})
		case *scheduler.EventRescind:
			inputs = append(inputs, engine.Rescinded{OfferID: e.OfferID})
		case *scheduler.EventUpdate:
			l.metrics.Add(api.TaskUpdates(e.Status.State.String()), 1)
			inputs = append(inputs, engine.Updated{Status: e.Status})
		case *scheduler.EventInverseOffers:
			l.refuse(ctx, e)
		case *scheduler.EventMessage:
			l.pass(e)
		}
	}
	return inputs
}

// reach warns of agents that cannot fetch Ormos' executor from where it is.
func (l *link) reach(offers []mesos.Offer) {
	if l.told || !onLoopback(l.artifact) {
		return
	}
	for i := range offers {
		if a := offers[i].URL; a != nil && isElsewhere(a.Address.GetIP()) {
			l.told = true
			l.log.Warn("agents on other machines cannot fetch Ormos' executor, without which apps with serve fail there: name an address that they reach with --advertise",
				"from", l.artifact, "agent", offers[i].Hostname)
			return
		}
	}
}

// refuse answers that resources may not be given back in time: draining agents is for their operators. Without an answer they would not know.
func (l *link) refuse(ctx context.Context, e *scheduler.EventInverseOffers) {
	var ids []mesos.OfferID
	for i := range e.InverseOffers {
		ids = append(ids, e.InverseOffers[i].ID)
	}
	l.call(ctx, &scheduler.Call{
		Type:                 new(scheduler.CallTypeDeclineInverseOffers),
		DeclineInverseOffers: &scheduler.CallDeclineInverseOffers{InverseOfferIDs: ids},
	})
}

// pass publishes what an executor says.
func (l *link) pass(e *scheduler.EventMessage) {
	message := make([]int, len(e.Data))
	for i, b := range e.Data {
		message[i] = int(b)
	}
	l.hub.Publish(app.FrameworkMessage{
		Stamp:      app.Stamp{EventType: app.EventFrameworkMessage, Timestamp: app.At(time.Now())},
		ExecutorID: e.ExecutorID.Value, AgentID: e.AgentID.Value, Message: message,
	})
}

// masterAddress is host:port of a master.
func masterAddress(m *mesos.MasterInfo) string {
	if m == nil {
		return ""
	}
	if _, at, ok := strings.Cut(m.GetPID(), "@"); ok {
		return at
	}
	return net.JoinHostPort(m.GetHostname(), strconv.FormatUint(uint64(m.Port), 10))
}

// masterRegion is the region of a master, empty when it tells none.
func masterRegion(m *mesos.MasterInfo) string {
	if m == nil || m.Domain == nil || m.Domain.FaultDomain == nil {
		return ""
	}
	return m.Domain.FaultDomain.Region.Name
}

// call makes one of the engine's calls. What does not come to the master is no loss: it is asked again with the next subscription.
func (l *link) call(ctx context.Context, c *scheduler.Call) {
	l.count(c)
	l.note(c)
	ctx, cancel := outlasting(ctx, lastSave)
	defer cancel()
	answered := func(err error) {
		if reason := l.answered(err); reason != "" {
			l.loop.late.add(engine.Refused{Call: *c, Reason: reason})
		}
	}
	if err := l.session.Load().Send(ctx, c, answered); err != nil {
		answered(err)
	}
}

// answered looks at what became of a call, and gives the master's reason where it has refused it.
func (l *link) answered(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, scheduler.ErrDisconnected):
		l.log.Debug("a call was not made", "error", err)
		return ""
	}
	l.log.Error("the master has refused a call", "error", err)
	return refusal(err)
}

// refusal is why the master wants nothing of a call; empty where it may have taken it.
func refusal(err error) string {
	status, ok := errors.AsType[*wire.StatusError](err)
	if !ok || status.Status/100 != 4 {
		return ""
	}
	return cmp.Or(strings.TrimSpace(status.Body), status.Error())
}

func (l *link) count(c *scheduler.Call) {
	switch {
	case c.Accept != nil:
		l.metrics.Add(api.OffersUsed, len(c.Accept.OfferIDs))
		for i := range c.Accept.Operations {
			if launch := c.Accept.Operations[i].Launch; launch != nil {
				l.metrics.Add(api.LaunchOperations, 1)
				l.metrics.Add(api.TasksLaunched, len(launch.TaskInfos))
			}
		}
	case c.Decline != nil:
		l.metrics.Add(api.OffersDeclined, len(c.Decline.OfferIDs))
	case c.GetType() == scheduler.CallTypeRevive:
		l.metrics.Add(api.Revives, 1)
	case c.GetType() == scheduler.CallTypeSuppress:
		l.metrics.Add(api.Suppresses, 1)
	}
}
