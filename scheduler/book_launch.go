package scheduler

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// want takes a need in, unless it is being seen to.
func (b *book) want(now time.Time, n Need) {
	if w := b.waiting[n.Name]; w != nil {
		if n.NotBefore.Before(w.NotBefore) {
			n.NotBefore = w.NotBefore
		}
		if n.NotBefore.After(w.retry) {
			w.retry = n.NotBefore
		}
		w.Need, w.fresh = n, true
		b.changed = true
		return
	}
	if w := b.launching[n.Name]; w != nil {
		w.Need = n
		return
	}
	b.seq++
	w := &wanted{Need: n, since: now, seq: b.seq, fresh: true, retry: n.NotBefore, backoff: Backoff{Min: time.Second, Max: time.Minute}}
	if b.live[n.Name] == 0 {
		b.waiting[n.Name] = w
		b.changed = true
		return
	}
	w.pending = map[string]bool{}
	for id, t := range b.tasks {
		if t.Need == n.Name && !t.Over() {
			if t.begun() {
				return // it is there
			}
			w.pending[id] = true
		}
	}
	b.launching[n.Name] = w
}

// withdraw forgets a need. A task that was launched for it lives on.
func (b *book) withdraw(id string) {
	delete(b.waiting, id)
	delete(b.launching, id)
	b.changed = true
}

// launch matches needs and offers.
func (b *book) launch(now time.Time) {
	if !b.changed && (b.retry.IsZero() || now.Before(b.retry)) {
		return
	}
	b.changed = false
	ready := b.ready(now)
	b.weigh(now, ready)
	used := b.useOffers(now, ready)
	used = append(used, b.match(now, ready)...)
	if len(used) == 0 {
		return
	}
	b.weigh(now, slices.DeleteFunc(ready, func(w *wanted) bool { return b.waiting[w.Name] == nil }))
	for _, s := range used { // now it is known whether more is needed
		a := s.call.Accept
		a.Filters = Refuse(b.offers.Used(now, s.role, a.OfferIDs))
		b.out.calls = append(b.out.calls, s)
	}
}

// ready are the needs that wait for nothing but an offer, the oldest first; it notes when the next one's pause ends.
func (b *book) ready(now time.Time) []*wanted {
	b.retry = time.Time{}
	var ready []*wanted
	for _, w := range b.waiting {
		switch {
		case !w.retry.After(now):
			w.fresh = w.fresh || !w.retry.IsZero()
			w.retry = time.Time{}
			ready = append(ready, w)
		case b.retry.IsZero() || w.retry.Before(b.retry):
			b.retry = w.retry
		}
	}
	slices.SortFunc(ready, func(a, c *wanted) int { return cmp.Compare(a.seq, c.seq) })
	return ready
}

// weigh says to the offers' discipline what is needed.
func (b *book) weigh(now time.Time, ready []*wanted) {
	needed, fresh := map[string]bool{}, map[string]bool{}
	for _, w := range ready {
		roles := w.Roles
		if len(roles) == 0 {
			roles = []string{""} // any
		}
		for _, role := range roles {
			needed[role] = true
			fresh[role] = fresh[role] || w.fresh
		}
		w.fresh = false
	}
	for role := range b.offers.Roles() {
		b.offers.Need(now, role, needed[role] || needed[""], b.fresh || fresh[role] || fresh[""])
	}
	b.fresh = false
}

// useOffers shows offers to the needs that choose for themselves.
func (b *book) useOffers(now time.Time, ready []*wanted) []sending {
	var used []sending
	for _, w := range ready {
		if w.Use == nil {
			continue
		}
		for _, o := range b.offers.Offers() {
			_, role := b.offers.Held(o.ID)
			if len(w.Roles) > 0 && !slices.Contains(w.Roles, role) {
				continue
			}
			if ops := w.Use(o); len(ops) > 0 {
				used = append(used, b.use(now, w, &o, ops))
				break
			}
		}
	}
	return used
}

// use records what a need does with an offer of its choice.
func (b *book) use(now time.Time, w *wanted, o *mesos.Offer, ops []mesos.OfferOperation) sending {
	for i := range ops {
		b.name(w, tasksIn(&ops[i]))
	}
	_, role := b.offers.Held(o.ID)
	s := b.begin(o, role, []mesos.OfferID{o.ID}, ops)
	b.offers.Gone(o.ID)
	for i := range ops {
		for j := range tasksIn(&ops[i]) {
			tasksIn(&ops[i])[j].AgentID = o.AgentID
		}
		b.launched(now, &s, w, tasksIn(&ops[i]))
		if ops[i].ID != nil {
			b.ask(now, &s, &ops[i])
		}
	}
	if len(w.pending) == 0 {
		s.bare = w
	}
	return s
}

// ask records an operation whose outcome is to be told.
func (b *book) ask(now time.Time, s *sending, op *mesos.OfferOperation) {
	o := &Operation{
		ID: op.ID.Value, Type: op.GetType(), AgentID: strings.Clone(s.offer.AgentID.Value), Asked: now, Since: now,
		Status: mesos.OperationStatus{OperationID: op.ID.Clone(), State: mesos.OperationPending},
	}
	s.operations = append(s.operations, o.ID)
	b.inquiry.Launched(now, o.ID)
	b.putOperation(o, mesos.OperationPending, nil)
}

// match has package offer find places for the others.
func (b *book) match(now time.Time, ready []*wanted) []sending {
	ready = slices.DeleteFunc(slices.Clone(ready), func(w *wanted) bool { return w.Use != nil })
	offers := b.offers.Offers()
	b.matched, b.result = nil, offer.Result{}
	if len(ready) == 0 || len(offers) == 0 {
		return nil
	}
	needs := make([]offer.Need, len(ready))
	for i, w := range ready {
		needs[i] = w.Need.Need
	}
	b.seq++
	b.result = offer.Match(offers, needs, offer.Options{Placed: b.placed(), Principal: b.principal, Seed: b.seed()})
	b.matched = map[string]int{}
	for _, i := range b.result.Unmatched {
		b.matched[ready[i].Name] = i
	}
	var used []sending
	for i := range b.result.Accepts {
		a := &b.result.Accepts[i]
		from, role := b.offers.Held(a.OfferIDs[0])
		for j := range a.Grants {
			g := &a.Grants[j]
			w := ready[g.Need]
			for k := range g.Tasks {
				g.Tasks[k].TaskID.Value = ""
			}
			if w.Finish != nil {
				w.Finish(g)
			}
			b.name(w, g.Tasks)
			if e := g.Executor; e != nil && e.ExecutorID.Value == "" {
				e.ExecutorID.Value = g.Tasks[0].TaskID.Value
			}
		}
		s := b.begin(from, role, a.OfferIDs, a.Operations())
		for j := range a.Grants {
			b.launched(now, &s, ready[a.Grants[j].Need], a.Grants[j].Tasks)
		}
		used = append(used, s)
	}
	return used
}

// seed has each match choose other ports, and each framework: those of two clusters on one machine would else meet at the same one.
func (b *book) seed() uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(b.id.Value)) // never fails
	return h.Sum64() + b.seq
}

// begin prepares an ACCEPT.
func (b *book) begin(o *mesos.Offer, role string, ids []mesos.OfferID, ops []mesos.OfferOperation) sending {
	s := sending{call: &Call{Type: new(CallTypeAccept), Accept: &CallAccept{OfferIDs: ids, Operations: ops}}, offer: o, role: role}
	for i := range ops {
		if group := ops[i].LaunchGroup; group != nil && group.Executor.FrameworkID == nil {
			group.Executor.FrameworkID = b.id.Clone() // which the master does not fill in here
		}
	}
	return s
}

// name gives ids to tasks that have none.
func (b *book) name(w *wanted, tasks []mesos.TaskInfo) {
	for i := range tasks {
		if tasks[i].TaskID.Value == "" {
			tasks[i].TaskID.Value = b.newID(w.Name)
		}
		if tasks[i].Name == "" {
			tasks[i].Name = w.Name
		}
	}
}

// launched records the tasks of one need before the master is asked to launch them.
func (b *book) launched(now time.Time, s *sending, w *wanted, tasks []mesos.TaskInfo) {
	delete(b.waiting, w.Name)
	for i := range tasks {
		b.record(now, s, w, &tasks[i])
	}
}

func (b *book) record(now time.Time, s *sending, w *wanted, task *mesos.TaskInfo) {
	t := &Task{
		ID: task.TaskID.Value, Need: w.Name, Group: w.Group, AgentID: strings.Clone(s.offer.AgentID.Value), Hostname: strings.Clone(cut(s.offer.Hostname)),
		Executor: task.Executor.Clone(), Ports: mesos.Resources(task.Resources).Ports(), Labels: task.Labels.Clone(), Launched: now, Since: now,
		Status: mesos.TaskStatus{TaskID: task.TaskID, State: mesos.TaskStaging},
	}
	if t.Group != "" {
		said := &mesos.Offer{ID: s.offer.ID, AgentID: s.offer.AgentID, Hostname: s.offer.Hostname, Attributes: s.offer.Attributes, Domain: s.offer.Domain}
		if storable(said) {
			said = said.Clone()
			t.Attributes, t.Domain = said.Attributes, said.Domain
		}
	}
	if w.pending == nil {
		w.pending = map[string]bool{}
	}
	w.pending[t.ID] = true
	b.launching[w.Name] = w
	s.tasks = append(s.tasks, t.ID)
	b.put(t)
	b.reconciler.Launched(now, t.ID)
	b.tell(&EventTask{Task: *t, Before: mesos.TaskStaging}, "")
}

// placed are the tasks that count for constraints and executors.
func (b *book) placed() []offer.Placed {
	var all []offer.Placed
	for _, id := range sorted(b.tasks) {
		t := b.tasks[id]
		if t.Over() || t.Group == "" && t.Executor == nil {
			continue
		}
		all = append(all, offer.Placed{
			Group: t.Group, AgentID: mesos.AgentID{Value: t.AgentID}, Hostname: t.Hostname, Attributes: t.Attributes, Domain: t.Domain, Executor: t.Executor,
		})
	}
	return all
}

// waits tells what is not served yet, and why.
func (b *book) waits() []Waiting {
	var all []Waiting
	for _, w := range b.waiting {
		all = append(all, Waiting{Need: w.Name, Since: w.since, NotBefore: w.retry, Reason: b.why(w)})
	}
	for _, w := range b.launching {
		all = append(all, Waiting{
			Need: w.Name, Since: w.since, Launching: slices.Sorted(maps.Keys(w.pending)), Reason: "its launch is not confirmed yet",
		})
	}
	slices.SortFunc(all, func(a, c Waiting) int { return cmp.Compare(a.Need, c.Need) })
	return all
}

// why tells why a need waits.
func (b *book) why(w *wanted) string {
	switch at, unmatched := b.matched[w.Name]; {
	case !b.connected:
		return "not subscribed at a master"
	case !w.retry.IsZero() && w.retry.Equal(w.NotBefore):
		return "it is wanted for later"
	case !w.retry.IsZero():
		return "its last launch came to nothing"
	case unmatched:
		return fmt.Sprint(b.result.Explain(at))
	}
	return "nothing that suits was offered"
}
