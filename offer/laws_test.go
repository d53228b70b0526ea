package offer_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// world is what a match is drawn from.
type world struct {
	offers  []mesos.Offer
	needs   []offer.Need
	options offer.Options
}

func draw[T any](t *rapid.T, label string, of ...T) T { return rapid.SampledFrom(of).Draw(t, label) }

func anyWorld(t *rapid.T, tb testing.TB) world {
	var w world
	for i := range rapid.IntRange(0, 6).Draw(t, "agents") {
		for j := range rapid.IntRange(1, 2).Draw(t, "offers") {
			w.offers = append(w.offers, anyOffer(t, tb, i, j))
		}
	}
	kinds := make([]offer.Need, rapid.IntRange(1, 3).Draw(t, "kinds"))
	for i := range kinds {
		kinds[i] = anyNeed(t, tb)
	}
	for i := range rapid.IntRange(0, 12).Draw(t, "needs") {
		need := draw(t, "kind", kinds...)
		need.Name = fmt.Sprint("need-", i)
		need.Tasks = slices.Clone(need.Tasks)
		for j := range need.Tasks {
			need.Tasks[j].Info.TaskID.Value = fmt.Sprint("task-", i, "-", j)
		}
		w.needs = append(w.needs, need)
	}
	for range rapid.IntRange(0, 3).Draw(t, "placed") {
		at := fmt.Sprint(rapid.IntRange(0, 7).Draw(t, "on"))
		w.options.Placed = append(w.options.Placed, offer.Placed{
			Group: draw(t, "group", "app", "db"), AgentID: mesos.AgentID{Value: at}, Hostname: at, Attributes: attributesOf(tb, draw(t, "rack", "", "rack:a", "rack:b", "rack:z")),
		})
	}
	w.options.Principal = "ormos"
	w.options.Seed = draw(t, "seed", uint64(0), 7)
	return w
}

func anyOffer(t *rapid.T, tb testing.TB, agent, number int) mesos.Offer {
	text := fmt.Sprintf("cpus:%d;mem:%d", rapid.IntRange(0, 4).Draw(t, "cpus"), 64*rapid.IntRange(0, 4).Draw(t, "mem"))
	text += draw(t, "reserved", "", ";cpus(web):1.5", ";cpus(web):0.5;mem(web):64", ";disk:200;disk(web):64")
	if number == 0 {
		text += draw(t, "ports", "", ";ports:[80-80,31000-31003]", ";ports(web):[31000-31000];ports:[31002-31005]") + draw(t, "gpus", "", "", "", ";gpus:2")
	}
	o := offered(tb, fmt.Sprint(agent), text, draw(t, "attributes", "", "rack:a", "rack:b", "rack:c;level:1.5"))
	o.ID.Value += fmt.Sprint("-", number)
	if rapid.IntRange(0, 3).Draw(t, "revocable") == 0 {
		o.Resources = append(o.Resources, mesos.Resources{revocable(mesos.CPUs(3))}.AllocatedTo("web")...)
	}
	if number == 0 && rapid.IntRange(0, 3).Draw(t, "volume") == 0 {
		o.Resources = append(o.Resources, existing(draw(t, "id", "v", "w"), rapid.Bool().Draw(t, "shared")))
	}
	if rapid.IntRange(0, 5).Draw(t, "runs") == 0 {
		o.ExecutorIDs = []mesos.ExecutorID{{Value: "e"}}
	}
	return o
}

func revocable(one mesos.Resource) mesos.Resource {
	one.Revocable = &mesos.ResourceRevocableInfo{}
	return one
}

// existing is a volume that is offered.
func existing(id string, shared bool) mesos.Resource {
	dynamic := mesos.ResourceReservationInfo{Role: new("web"), Principal: new("ormos")}
	one := mesos.Resources{mesos.Disk(32)}.Reserve(dynamic)[0].WithVolume(
		mesos.ResourceDiskInfoPersistence{ID: id, Principal: new("ormos")}, mesos.Volume{ContainerPath: "data", Mode: mesos.VolumeModeRw})
	if shared {
		one.Shared = &mesos.ResourceSharedInfo{}
	}
	return mesos.Resources{one}.AllocatedTo("web")[0]
}

func anyNeed(t *rapid.T, tb testing.TB) offer.Need {
	n := wants(tb, "", fmt.Sprintf("cpus:%s;mem:%d", draw(t, "cpus", "0.1", "1", "1.7"), 32*rapid.IntRange(1, 3).Draw(t, "mem")))
	n.Group = draw(t, "group", "app", "db")
	for range rapid.IntRange(0, 2).Draw(t, "ports") {
		n.Tasks[0].Ports = append(n.Tasks[0].Ports, offer.Port{Number: draw(t, "port", uint64(0), 0, 80, 31000)})
	}
	if rapid.IntRange(0, 5).Draw(t, "gpus") == 0 {
		n.Tasks[0].Info.Resources = append(n.Tasks[0].Info.Resources, mesos.GPUs(1))
	}
	if rapid.IntRange(0, 3).Draw(t, "volume") == 0 {
		n.Tasks[0].Volumes = []offer.Volume{{ID: draw(t, "id", "v", "w", "x"), Path: "data", Size: draw(t, "size", 0., 16), Shared: rapid.Bool().Draw(t, "shared")}}
	}
	if rapid.IntRange(0, 2).Draw(t, "executor") == 0 {
		n.Executor = &mesos.ExecutorInfo{
			ExecutorID: mesos.ExecutorID{Value: draw(t, "executor id", "e", "f")}, Command: &mesos.CommandInfo{Value: new("run")}, Resources: parsed(tb, "cpus:0.3;mem:32"),
		}
		if rapid.Bool().Draw(t, "two tasks") {
			n.Tasks = append(n.Tasks, n.Tasks[0])
			n.Tasks[1].Ports, n.Tasks[1].Volumes = nil, nil
		}
	}
	n.From = draw(t, "from", offer.Anywhere, offer.Anywhere, offer.Anywhere, offer.Reserved, offer.Unreserved)
	n.Revocable = rapid.IntRange(0, 3).Draw(t, "may revoke") == 0
	n.Reserve = rapid.IntRange(0, 4).Draw(t, "reserve") == 0
	for range rapid.IntRange(0, 2).Draw(t, "constraints") {
		n.Constraints = append(n.Constraints, draw(t, "constraint", constraints...))
	}
	for range rapid.IntRange(0, 2).Draw(t, "preferences") {
		n.Preferences = append(n.Preferences, draw(t, "preference",
			offer.Preference{Kind: offer.Pack}, offer.Preference{Field: "rack"}, offer.Preference{Field: "hostname"}, offer.Preference{Field: "level"}))
	}
	return n
}

var constraints = []offer.Constraint{
	{Field: "hostname", Operator: offer.Unique},
	{Field: "rack", Operator: offer.Unique},
	{Field: "rack", Operator: offer.Cluster},
	{Field: "rack", Operator: offer.Cluster, Value: "a"},
	{Field: "rack", Operator: offer.GroupBy},
	{Field: "rack", Operator: offer.GroupBy, Value: "4"},
	{Field: "hostname", Operator: offer.GroupBy},
	{Field: "rack", Operator: offer.Like, Value: "[ab]"},
	{Field: "rack", Operator: offer.Unlike, Value: "a"},
	{Field: "hostname", Operator: offer.MaxPer, Value: "2"},
	{Field: "level", Operator: offer.Is, Value: "1.5"},
	{Field: "rack", Operator: offer.Home, Value: "a"},
}

// TestIndex compares what Match finds quickly with what looking at everything finds.
func TestIndex(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := anyWorld(r, t)
		w.options.Seed = 0 // who looks at more lots draws more ports
		got, want := offer.Match(w.offers, w.needs, w.options), offer.MatchSlowly(w.offers, w.needs, w.options)
		if fmt.Sprint(where(got), got.Unmatched) != fmt.Sprint(where(want), want.Unmatched) {
			r.Fatalf("got %v %v, want %v %v", where(got), got.Unmatched, where(want), want.Unmatched)
		}
	})
}

// TestGrants checks that what is granted was offered, is what was asked for, and can be done.
func TestGrants(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := anyWorld(r, t)
		result := offer.Match(w.offers, w.needs, w.options)
		answered := slices.Clone(result.Untouched)
		served := slices.Clone(result.Unmatched)
		for i := range result.Accepts {
			a := &result.Accepts[i]
			answered = append(answered, a.OfferIDs...)
			w.leftOf(r, a)
			for j := range a.Grants {
				served = append(served, a.Grants[j].Need)
				w.exact(r, a, &a.Grants[j])
			}
		}
		if slices.Sort(served); len(served) != len(w.needs) || len(slices.Compact(served)) != len(w.needs) {
			r.Fatalf("of %d needs, %v are served or not", len(w.needs), served)
		}
		if len(answered) != len(w.offers) {
			r.Fatalf("of %d offers, %v are answered", len(w.offers), answered)
		}
		w.constraints(r, &result)
		w.untouched(r, &result)
	})
}

// of gives all that is offered by offers, and their executors.
func (w *world) of(ids []mesos.OfferID) (offered mesos.Resources, running []mesos.ExecutorID) {
	for i := range w.offers {
		if slices.ContainsFunc(ids, func(id mesos.OfferID) bool { return id.Value == w.offers[i].ID.Value }) {
			offered = offered.Add(w.offers[i].Resources...)
			running = append(running, w.offers[i].ExecutorIDs...)
		}
	}
	return offered, running
}

// leftOf carries out the operations, and gives what is left.
func (w *world) leftOf(r *rapid.T, a *offer.Accept) mesos.Resources {
	left, running := w.of(a.OfferIDs)
	for _, op := range a.Operations() {
		var err error
		if left, err = left.Apply(&op, running...); err != nil {
			r.Fatalf("%v: %v", &op, err)
		}
		switch {
		case op.LaunchGroup != nil:
			running = append(running, op.LaunchGroup.Executor.ExecutorID)
		case op.Launch != nil:
			for _, task := range op.Launch.TaskInfos {
				if task.Executor != nil {
					running = append(running, task.Executor.ExecutorID)
				}
			}
		}
	}
	return left
}

// exact checks that a grant is what its need asks for.
func (w *world) exact(r *rapid.T, a *offer.Accept, g *offer.Grant) {
	n := &w.needs[g.Need]
	for i := range g.Tasks {
		got, want := mesos.Resources(g.Tasks[i].Resources), mesos.Resources(n.Tasks[i].Info.Resources)
		if g.Tasks[i].AgentID != a.AgentID || got.CPUs() != want.CPUs() || got.Mem() != want.Mem() || got.GPUs() != want.GPUs() ||
			got.Ports().Size() != uint64(len(n.Tasks[i].Ports)) {
			r.Fatalf("%s asks for %v and is given %v", n.Name, want, got)
		}
		for j, p := range n.Tasks[i].Ports {
			if number := g.Ports[i][j].Number; !got.Ports().Has(number) || p.Number != 0 && number != p.Number {
				r.Fatalf("%s asks for port %v and is given %d of %v", n.Name, p, number, got)
			}
		}
		for _, name := range []string{"cpus", "mem"} {
			kind := got.Named(name)
			some := slices.ContainsFunc(kind, func(one mesos.Resource) bool { return one.IsRevocable() })
			if some && (!n.Revocable || slices.ContainsFunc(kind, func(one mesos.Resource) bool { return !one.IsRevocable() })) {
				r.Fatalf("%s is given %v", n.Name, kind)
			}
		}
		for j := range got {
			if one := &got[j]; (n.From == offer.Reserved || n.Reserve) && !one.IsReserved() || n.From == offer.Unreserved && !n.Reserve && one.IsReserved() && one.Disk == nil {
				r.Fatalf("%s is given %v", n.Name, got[j:j+1])
			}
		}
	}
	offered, _ := w.of(a.OfferIDs)
	if offered.GPUs() > 0 && n.Tasks[0].Volumes == nil && mesos.Resources(n.Tasks[0].Info.Resources).GPUs() == 0 {
		r.Fatalf("%s is on an agent with gpus", n.Name)
	}
}

// constraints checks them, as the needs were served one after the other.
func (w *world) constraints(r *rapid.T, result *offer.Result) {
	on := map[int]*mesos.Offer{}
	for need, agent := range where(*result) {
		on[need] = &w.offers[slices.IndexFunc(w.offers, func(o mesos.Offer) bool { return o.AgentID.Value == agent })]
	}
	for i := range w.needs {
		if on[i] == nil {
			continue
		}
		for _, c := range w.needs[i].Constraints {
			counts := map[string]int{}
			count := func(host string, attributes mesos.Attributes) {
				if text, ok := valueOf(c.Field, host, attributes); ok {
					counts[text]++
				}
			}
			for _, p := range w.options.Placed {
				if p.Group == w.needs[i].Group {
					count(p.Hostname, p.Attributes)
				}
			}
			for j := range i {
				if on[j] != nil && w.needs[j].Group == w.needs[i].Group {
					count(on[j].Hostname, on[j].Attributes)
				}
			}
			if text, ok := valueOf(c.Field, on[i].Hostname, on[i].Attributes); !holds(c, text, ok, counts) {
				r.Fatalf("%v does not hold for need %d on %s: %v", c, i, on[i].Hostname, counts)
			}
		}
	}
}

func valueOf(field, host string, attributes mesos.Attributes) (string, bool) {
	if field == "hostname" {
		return host, true
	}
	a := attributes.Get(field)
	if a == nil {
		return "", false
	}
	return a.ValueText(), true
}

// holds says of a constraint, in other words than the code does, whether it holds.
func holds(c offer.Constraint, text string, ok bool, counts map[string]int) bool {
	least := 0
	for _, n := range counts {
		if least == 0 || n < least {
			least = n
		}
	}
	switch c.Operator {
	case offer.Unlike:
		return !ok || text != "a"
	case offer.Home:
		return !ok || text == "a"
	case offer.Like:
		return text == "a" || text == "b"
	case offer.Is:
		return text == c.Value
	case offer.Unique:
		return ok && counts[text] == 0
	case offer.MaxPer:
		return ok && counts[text] < 2
	case offer.Cluster:
		return ok && (c.Value == text || c.Value == "" && (len(counts) == 0 || counts[text] > 0))
	}
	return ok && (counts[text] == 0 || counts[text] == least && (c.Value == "" || len(counts) >= 4))
}

// untouched checks that no need without conditions was left out while an agent of which nothing is used has what it asks for.
func (w *world) untouched(r *rapid.T, result *offer.Result) {
	for _, i := range result.Unmatched {
		n := &w.needs[i]
		if n.Constraints != nil || n.From != offer.Anywhere || n.Reserve || n.Executor != nil || n.Tasks[0].Volumes != nil {
			continue
		}
		want := mesos.Resources(n.Tasks[0].Info.Resources)
		ports := 0
		for _, p := range n.Tasks[0].Ports {
			if p.Number != 0 {
				want = want.Add(mesos.PortNumbers(p.Number))
			} else {
				ports++
			}
		}
		if twice(n.Tasks[0].Ports) {
			continue
		}
		for agent := range 6 {
			offered, _ := w.of([]mesos.OfferID{{Value: fmt.Sprintf("offer-%d-0", agent)}, {Value: fmt.Sprintf("offer-%d-1", agent)}})
			if slices.ContainsFunc(result.Accepts, func(a offer.Accept) bool { return a.AgentID.Value == fmt.Sprint(agent) }) || offered.GPUs() > 0 && want.GPUs() == 0 {
				continue
			}
			if _, left, ok := offered.Take(want...); ok {
				if _, _, ok = left.TakePorts(ports); ok {
					r.Fatalf("%s is served by nobody, agent %d has %v", n.Name, agent, offered)
				}
			}
		}
	}
}

// twice tells whether a number is wanted twice, which nobody can have.
func twice(ports []offer.Port) bool {
	return len(ports) == 2 && ports[0] == ports[1] && ports[0].Number != 0
}

// TestNearest carries out the smallest change that an explanation names, and sees whether the need is served then.
func TestNearest(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := anyWorld(r, t)
		result := offer.Match(w.offers, w.needs, w.options)
		for i := range result.Accepts {
			w.settled(r, &result.Accepts[i])
		}
		for _, i := range result.Unmatched {
			e := result.Explain(i)
			if e.Nearest != nil && e.Nearest.Failures[0].Reason == offer.Invalid {
				continue
			}
			if len(e.Fits) > 0 {
				if got := offer.Match(w.offers, w.needs[i:i+1], w.options); len(got.Unmatched) > 0 {
					r.Fatalf("%v, and then: %v", e, got.Explain(0))
				}
				continue
			}
			if e.Nearest == nil {
				if len(w.offers) > 0 {
					r.Fatalf("nothing is near: %v", e)
				}
				continue
			}
			o, need, options := w.changed(e.Nearest, w.needs[i], w.options)
			if got := offer.Match([]mesos.Offer{o}, []offer.Need{need}, options); len(got.Unmatched) > 0 {
				r.Fatalf("%v\nand then: %v\nof %v", e, got.Explain(0), mesos.Resources(o.Resources))
			}
		}
	})
}

// settled leaves in an accept's first offer what its operations leave, and notes what was placed.
func (w *world) settled(r *rapid.T, a *offer.Accept) {
	left := w.leftOf(r, a)
	for i := range w.offers {
		o := &w.offers[i]
		if !slices.ContainsFunc(a.OfferIDs, func(id mesos.OfferID) bool { return id.Value == o.ID.Value }) {
			continue
		}
		o.Resources = left
		left = nil
		for j := range a.Grants {
			if o.ID == a.OfferIDs[0] {
				g := &a.Grants[j]
				w.options.Placed = append(w.options.Placed, offer.Placed{
					Group: w.needs[g.Need].Group, AgentID: o.AgentID, Hostname: o.Hostname, Attributes: o.Attributes, Executor: g.Executor,
				})
			}
		}
	}
}

// changed makes the changes that a miss names.
func (w *world) changed(miss *offer.Miss, need offer.Need, options offer.Options) (mesos.Offer, offer.Need, offer.Options) {
	var changed mesos.Offer
	for i := range w.offers {
		if o := &w.offers[i]; o.ID == miss.OfferIDs[0] {
			changed = *o
			var running []mesos.ExecutorID
			changed.Resources, running = w.of(miss.OfferIDs)
			changed.ExecutorIDs = running
		}
	}
	more := func(one mesos.Resource) {
		if need.From == offer.Reserved {
			one.Role = new("web")
		}
		changed.Resources = mesos.Resources(changed.Resources).Add(mesos.Resources{one}.AllocatedTo("web")...)
	}
	for _, f := range miss.Failures {
		reason := f.Reason
		switch {
		case reason != offer.NoReservation || f.Name != mesos.PortsName:
		case f.Port != 0:
			reason = offer.PortTaken
		default:
			reason = offer.TooFewPorts
		}
		switch reason {
		case offer.ConstraintFails:
			need.Constraints = slices.DeleteFunc(slices.Clone(need.Constraints), func(c offer.Constraint) bool { return c.String() == f.Name })
		case offer.NoVolume:
			changed.Resources = slices.DeleteFunc(slices.Clone(changed.Resources), func(one mesos.Resource) bool {
				return one.IsPersistentVolume() && one.Disk.Persistence.ID == f.Name
			})
			volume := existing(f.Name, need.Tasks[0].Volumes[0].Shared)
			changed.Resources = append(changed.Resources, volume)
		case offer.GPUsKept:
			options.MixGPUs = true
		case offer.PortTaken:
			more(mesos.PortNumbers(f.Port))
		case offer.TooFewPorts:
			more(mesos.RangesResource("ports", mesos.ValueRange{Begin: 40000, End: 40000 + uint64(f.Missing) - 1}))
		case offer.TooFewDisk:
			more(mesos.ScalarResource("disk", f.Wanted)) // what is missing may be of a piece that is reserved
		default:
			more(mesos.ScalarResource(f.Name, f.Missing))
		}
	}
	return changed, need, options
}
