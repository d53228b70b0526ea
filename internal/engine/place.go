package engine

import (
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
	"github.com/ormosproject/ormos/scheduler"
)

// LaunchOptions are how instances are placed and launched. The zero value works.
type LaunchOptions struct {
	// Role is the one of apps that have none: "*" when empty.
	Role string
	// Principal is the framework's, if it has one.
	Principal string
	// Serve starts Ormos' own executor, which serves what an app's Serve says; see [Served]. Nil when there is none: then such apps
	// are never launched.
	Serve *mesos.CommandInfo
	// Executor is the one of apps that do not say: "" or "//cmd" for Mesos' own, or a path on the agents.
	Executor string
	// EnvPrefix stands before the names of HOST and the ports' variables.
	EnvPrefix string
	// Bridge is the CNI network that stands for the bridge in Mesos' own containers: "mesos-bridge" when empty.
	Bridge string
	// PerOffer is how many instances an agent's offers may get at a time: 0 is 5, less than 0 any number.
	PerOffer int
	// Draining is how long before an agent's maintenance it gets no more instances.
	Draining time.Duration
	// MixGPUs lets apps without gpus use agents that have some.
	MixGPUs bool
	// Home is the region of the masters, from which apps without a constraint on @region do not go away, as with Marathon; empty when the
	// masters tell none. Agents that tell no region are there. [Engine.Step] learns it with each subscription.
	Home string
}

func (o *LaunchOptions) bridge() string {
	if o.Bridge == "" {
		return "mesos-bridge"
	}
	return o.Bridge
}

func (o *LaunchOptions) perOffer() int {
	switch {
	case o.PerOffer == 0:
		return 5
	case o.PerOffer < 0:
		return 0
	}
	return o.PerOffer
}

// A pending instance is to be launched.
type pending struct {
	// app is the definition of its Version.
	app      *app.App
	instance *Instance
	// taskID is that of the task to come.
	taskID string
	// enforceRole is the setting of the app's top-level group.
	enforceRole bool
}

// A placing is all that decides where instances go.
type placing struct {
	now    time.Time
	offers []mesos.Offer
	// pending are served in this order.
	pending []pending
	// placed are the instances that count beside others of a definition, also those that are not placed: not those of definitions that it
	// replaces, as theirs may go where those are. It is asked only where constraints count them.
	placed func(*app.App) iter.Seq[*Instance]
	// seed has ports chosen at random; each placing wants another.
	seed uint64
}

// A placement is what a placing has come to.
type placement struct {
	// launched are new Instances, Provisioned; they are to be saved before the accepts are called.
	launched []*Instance
	// accepts are the calls that launch them. Their Filters are the caller's.
	accepts []*scheduler.CallAccept
	// waiting are the indices of the pending ones that found no place.
	waiting []int
	// unused are the offers of which nothing is used, those of agents in maintenance among them.
	unused []mesos.OfferID
}

// A launcher places instances. It remembers what was offered, and of definitions with pending instances what these have in common.
type launcher struct {
	*LaunchOptions // constant, since sights have it
	log            offerLog
	templates      map[definition]*template
}

// settle has the masters be in a region.
func (l *launcher) settle(region string) {
	if l.Home == region {
		return
	}
	o := *l.LaunchOptions
	o.Home = region
	l.LaunchOptions, l.templates = &o, nil
}

// A definition is an app's, with what its tasks are told of their group.
type definition struct {
	app         *app.App
	enforceRole bool
}

// place finds places for pending instances; without any it only notes the offers. Its costs are those of the offers and of the pending instances, and
// of all instances of the apps whose constraints count them.
func (l *launcher) place(p placing) placement {
	usable, out := l.available(p.now, p.offers)
	needs, templates := l.needs(p.pending)
	needs, which := fitting(needs, templates, usable)
	result := offer.Match(usable, needs, l.matching(p.seed, l.placed(p.placed)))
	done := placement{unused: append(result.Untouched, out...)}
	random := rand.New(rand.NewPCG(p.seed, 1))
	used, launched := make([]use, 0, len(result.Accepts)), make([]bool, len(p.pending))
	done.accepts = make([]*scheduler.CallAccept, 0, len(result.Accepts))
	done.launched = make([]*Instance, 0, len(needs)-len(result.Unmatched))
	for i := range result.Accepts {
		accept := &result.Accepts[i]
		at := hostOf(accept)
		for j := range accept.Grants {
			g := &accept.Grants[j]
			one := which[g.Need]
			launched[one] = true
			ports := templates[one].finish(g, p.pending[one].taskID, random)
			done.launched = append(done.launched, at.provision(&p.pending[one], ports, p.now))
		}
		used = append(used, usedBy(accept))
		done.accepts = append(done.accepts, &scheduler.CallAccept{OfferIDs: accept.OfferIDs, Operations: accept.Operations()})
	}
	done.waiting = unset(launched)
	l.log.note(p.now, p.offers, used)
	return done
}

func (o *LaunchOptions) matching(seed uint64, placed []offer.Placed) offer.Options {
	return offer.Options{
		Placed: placed, Role: o.BaseRole(), Principal: o.Principal, Seed: seed, MixGPUs: o.MixGPUs, PerLot: o.perOffer(),
	}
}

// available leaves out the offers of agents that are, or are about to be, in maintenance.
func (o *LaunchOptions) available(now time.Time, offers []mesos.Offer) (usable []mesos.Offer, out []mesos.OfferID) {
	if !slices.ContainsFunc(offers, func(one mesos.Offer) bool { return one.Unavailability != nil }) {
		return offers, nil
	}
	for i := range offers {
		if o.drained(now, offers[i].Unavailability) {
			out = append(out, offers[i].ID)
		} else {
			usable = append(usable, offers[i])
		}
	}
	return usable, out
}

func (o *LaunchOptions) drained(now time.Time, u *mesos.Unavailability) bool {
	if u == nil || !now.After(time.Unix(0, u.Start.Nanoseconds).Add(-o.Draining)) {
		return false
	}
	return u.Duration == nil || !now.After(time.Unix(0, u.Start.Nanoseconds).Add(time.Duration(u.Duration.Nanoseconds)))
}

// needs are those of the instances, in their order, with the templates of their definitions.
func (l *launcher) needs(all []pending) ([]offer.Need, []*template) {
	needs, templates := make([]offer.Need, len(all)), make([]*template, len(all))
	known := l.templates
	l.templates = make(map[definition]*template, min(len(known), len(all)))
	for i := range all {
		d := definition{all[i].app, all[i].enforceRole}
		t, ok := l.templates[d]
		if !ok {
			if t, ok = known[d]; !ok {
				t = l.template(d)
			}
			l.templates[d] = t
		}
		needs[i], templates[i] = t.need, t
		needs[i].Name = all[i].instance.ID
	}
	return needs, templates
}

// placed are the instances that the constraints of those pending count.
func (l *launcher) placed(of func(*app.App) iter.Seq[*Instance]) []offer.Placed {
	var all []offer.Placed
	for _, t := range l.templates {
		if counts(&t.need) {
			all = t.placed(all, of(t.app))
		}
	}
	return all
}

// placed adds those of the instances that have their place.
func (t *template) placed(all []offer.Placed, instances iter.Seq[*Instance]) []offer.Placed {
	for i := range instances {
		if i.Condition.placed() {
			all = append(all, offer.Placed{
				Group: t.need.Group, AgentID: mesos.AgentID{Value: i.AgentID}, Hostname: i.Host, Attributes: i.Attributes, Domain: domain(i.Region, i.Zone),
			})
		}
	}
	return all
}

// placed tells whether an instance in this condition has its place: one that was replaced because its agent is unreachable has not.
func (c Condition) placed() bool {
	switch c {
	case Provisioned, Staging, Starting, Running, Killing, Unreachable:
		return true
	}
	return false
}

func domain(region, zone string) *mesos.DomainInfo {
	if region == "" && zone == "" {
		return nil
	}
	return &mesos.DomainInfo{FaultDomain: &mesos.DomainInfoFaultDomain{
		Region: mesos.DomainInfoFaultDomainRegionInfo{Name: region}, Zone: mesos.DomainInfoFaultDomainZoneInfo{Name: zone},
	}}
}

// A host is what instances keep of their agent and of their role. Its memory is its own: offers are let go.
type host struct {
	name, agent, region, zone, role string
	attributes                      mesos.Attributes
}

func hostOf(a *offer.Accept) host {
	h := host{name: strings.Clone(a.Hostname), agent: strings.Clone(a.AgentID.Value), role: strings.Clone(a.Role)}
	for i := range a.Attributes {
		h.attributes = append(h.attributes, *a.Attributes[i].Clone())
	}
	if d := a.Domain; d != nil && d.FaultDomain != nil {
		h.region, h.zone = strings.Clone(d.FaultDomain.Region.Name), strings.Clone(d.FaultDomain.Zone.Name)
	}
	return h
}

// provision is the instance as it is once its launch was called.
func (h *host) provision(p *pending, ports []bound, now time.Time) *Instance {
	i := *p.instance
	i.TaskID, i.Condition, i.State, i.Version = p.taskID, Provisioned, mesos.TaskStaging, p.app.Version
	i.Role, i.Host, i.AgentID, i.Region, i.Zone, i.Attributes = h.role, h.name, h.agent, h.region, h.zone, h.attributes
	i.Ports = nil
	for j := range ports {
		if ports[j].onAgent {
			i.Ports = append(i.Ports, ports[j].agent)
		}
	}
	i.StagedAt, i.StartedAt = app.At(now), app.Timestamp{}
	return &i
}
