package offer

import (
	"math/rand/v2"
	"slices"

	"github.com/ormosproject/ormos/mesos"
)

// Match serves needs, in their order, with what is offered.
func Match(offers []mesos.Offer, needs []Need, o Options) Result {
	return newMatcher(offers, needs, o).run((*matcher).serve)
}

func newMatcher(offers []mesos.Offer, needs []Need, o Options) *matcher {
	m := &matcher{options: o, needs: needs, names: knownNames(), fields: map[string]*field{}, tallies: map[string]map[string]*tally{}}
	if o.Seed != 0 {
		m.random = rand.New(rand.NewPCG(o.Seed, 0))
	}
	m.classify(needs)
	m.lots = gather(offers, o.Role, m.names)
	m.measure()
	for _, c := range m.classes {
		m.prepare(c)
	}
	m.place(o.Placed)
	m.noteExecutors(o.Placed)
	return m
}

func (m *matcher) run(serve func(m *matcher, need int, c *class) bool) Result {
	result := Result{matcher: m}
	for i, c := range m.classes {
		if c.wrong != nil || !serve(m, i, c) {
			result.Unmatched = append(result.Unmatched, i)
		}
		c.left--
	}
	m.collect(&result)
	return result
}

// matcher is one run of Match, and afterwards what is left, for explanations.
type matcher struct {
	options Options
	needs   []Need
	classes []*class
	names   names
	lots    []lot
	// free has what every need may use, a row of dimensions for each lot.
	free       []int64
	dimensions int
	fields     map[string]*field
	// tallies are by group and field.
	tallies   map[string]map[string]*tally
	executors map[executorKey]*mesos.ExecutorInfo
	// spare is what the last lot's pieces were kept in.
	spare []piece
	// plain is the taking of needs of plain classes, one after the other.
	plain taking
	// watchers are the classes that want to know which lots change.
	watchers []*class
	random   *rand.Rand
}

type executorKey struct{ agent, executor string }

// measure computes what is free.
func (m *matcher) measure() {
	m.dimensions = len(m.names)
	m.free = make([]int64, len(m.lots)*m.dimensions)
	for i := range m.lots {
		m.weigh(i)
	}
}

// weigh computes what is free in one lot.
func (m *matcher) weigh(at int) {
	row := m.row(at)
	clear(row)
	for i := range m.lots[at].pieces {
		p := &m.lots[at].pieces[i]
		switch {
		case !p.open():
		case p.dimension == ports:
			row[ports] += int64(min(p.ranges.Size(), 1<<32))
		default:
			row[p.dimension] += p.milli
		}
	}
}

func (m *matcher) row(lot int) []int64 { return m.free[lot*m.dimensions : (lot+1)*m.dimensions] }

// prepare connects a class with the tallies that it counts by.
func (m *matcher) prepare(c *class) {
	if c.prepared {
		return
	}
	c.prepared = true
	for i := range c.rules {
		r := &c.rules[i]
		r.field = m.field(r.Field)
		if r.pattern != nil {
			r.verdicts = r.field.verdicts(r.Constraint)
		}
		if r.counts() {
			r.tally = m.tally(c.need.Group, r.Field)
		}
		if r.Operator == GroupBy {
			c.spreads = append(c.spreads, r.tally)
		}
	}
	for _, p := range c.need.Preferences {
		if p.Kind == Pack {
			c.pack = true
			break // below it, nothing is left to decide
		}
		c.spreads = append(c.spreads, m.tally(c.need.Group, p.Field))
	}
}

func (m *matcher) field(name string) *field {
	if name == "hostname" {
		name = HostnameField
	}
	f, ok := m.fields[name]
	if !ok {
		f = newField(name, m.lots)
		m.fields[name] = f
	}
	return f
}

func (m *matcher) tally(group, field string) *tally {
	byField, ok := m.tallies[group]
	if !ok {
		byField = map[string]*tally{}
		m.tallies[group] = byField
	}
	f := m.field(field)
	t, ok := byField[f.name]
	if !ok {
		t = newTally(f)
		byField[f.name] = t
	}
	return t
}

// place counts what runs already.
func (m *matcher) place(placed []Placed) {
	for i := range placed {
		p := &placed[i]
		for _, t := range m.tallies[p.Group] {
			t.add(t.field.number(&traits{p.Hostname, p.Attributes, p.Domain}))
		}
	}
}

// noteExecutors remembers which executors run where, if any need has one.
func (m *matcher) noteExecutors(placed []Placed) {
	if !slices.ContainsFunc(m.needs, func(n Need) bool { return n.Executor != nil }) {
		return
	}
	m.executors = map[executorKey]*mesos.ExecutorInfo{}
	for i := range m.lots {
		for _, id := range m.lots[i].running {
			m.executors[executorKey{m.lots[i].agent.Value, id.Value}] = nil
		}
	}
	for i := range placed {
		if e := placed[i].Executor; e != nil {
			m.executors[executorKey{placed[i].AgentID.Value, e.ExecutorID.Value}] = e
		}
	}
}

// runs tells whether the executor is on the lot's agent already, or was launched by this run.
func (m *matcher) runs(l *lot, e *mesos.ExecutorInfo) bool {
	_, ok := m.executors[executorKey{l.agent.Value, e.ExecutorID.Value}]
	return ok
}

// running is the executor as it was launched, nil when that is not known.
func (m *matcher) running(l *lot, e *mesos.ExecutorInfo) *mesos.ExecutorInfo {
	return m.executors[executorKey{l.agent.Value, e.ExecutorID.Value}]
}

// choose picks a port.
func (m *matcher) choose(ranges mesos.Ranges) uint64 {
	if m.random == nil {
		return ranges[0].Begin
	}
	at := m.random.Uint64N(ranges.Size())
	for _, r := range ranges {
		if width := r.End - r.Begin + 1; at >= width {
			at -= width
			continue
		}
		return r.Begin + at
	}
	return ranges[0].Begin
}

// serve finds a lot for the need, the best one, and takes what it gets.
func (m *matcher) serve(need int, c *class) bool {
	if c.index == nil && c.left == 1 {
		return m.serveOne(need, c)
	}
	return m.serveMany(need, c)
}

// serveOne looks at all lots.
func (m *matcher) serveOne(need int, c *class) bool {
	best := -1
	var found *taking
	var least, key []int64
	for at := range m.lots {
		if !m.allowed(at, c) || !m.roomy(at, c) {
			continue
		}
		key = m.key(key[:0], at, c)
		if best >= 0 && slices.Compare(key, least) >= 0 {
			continue
		}
		var t *taking
		if !c.plain {
			if t = m.taking(at, need, nil); !t.all() {
				continue
			}
		}
		best, found = at, t
		if least = append(least[:0], key...); len(key) == 0 {
			break
		}
	}
	switch {
	case best < 0:
		return false
	case c.plain:
		return m.take(best, need)
	}
	m.commit(best, found)
	return true
}

// take gives a need of a plain class what it asks for out of a lot that is roomy. That cannot fail, so it is done in place.
func (m *matcher) take(at, need int) bool {
	l, c := &m.lots[at], m.classes[need]
	t := &m.plain
	*t = taking{m: m, l: l, c: c, need: &m.needs[need], pieces: l.pieces}
	t.grant.Need, t.grant.Hostname = need, l.hostname
	fresh := t.executorPart() != nil
	if !t.all() {
		return false
	}
	row := m.row(at)
	for _, a := range c.asks {
		row[a.dimension] -= a.amount
	}
	if fresh {
		for _, a := range c.executorAsks {
			row[a.dimension] -= a.amount
		}
	}
	m.settled(at, t)
	return true
}

// permitted tells whether the class may use the lot, whatever its constraints are.
func (m *matcher) permitted(at int, c *class) bool {
	l := &m.lots[at]
	return (len(c.need.Roles) == 0 || slices.Contains(c.need.Roles, l.role)) && !m.gpusKept(l, c) && !m.full(l)
}

// full tells whether the lot has served as many as it may.
func (m *matcher) full(l *lot) bool { return m.options.PerLot > 0 && len(l.grants) >= m.options.PerLot }

// allowed tells whether the class may use the lot at all, whatever is free.
func (m *matcher) allowed(at int, c *class) bool {
	if !m.permitted(at, c) {
		return false
	}
	for i := range c.rules {
		if !m.holds(&c.rules[i], at) {
			return false
		}
	}
	return true
}

func (m *matcher) gpusKept(l *lot, c *class) bool {
	return l.hasGPUs && !c.gpus && !m.options.MixGPUs && !(c.volumes && l.hasVolume(c))
}

// hasVolume tells whether a volume of the class was offered.
func (l *lot) hasVolume(c *class) bool {
	for i := range c.parts {
		for _, v := range c.parts[i].volumes {
			if slices.ContainsFunc(l.pieces, func(p piece) bool {
				return !p.made && p.offered.IsPersistentVolume() && p.offered.Disk.Persistence.ID == v.ID
			}) {
				return true
			}
		}
	}
	return false
}

// holds tells whether a constraint holds on the lot.
func (m *matcher) holds(r *rule, at int) bool {
	value := r.field.of[at]
	switch {
	case r.verdicts != nil && value != none:
		return r.verdicts.allows(r, value, &m.lots[at].traits)
	case !r.allows(&m.lots[at].traits):
		return false
	}
	return r.tally == nil || r.allowsAmong(r.tally, value)
}

// roomy tells whether the lot has enough of what counts as free: the last word on plain classes, and no word on others.
func (m *matcher) roomy(at int, c *class) bool {
	if !c.plain {
		return true
	}
	row := m.row(at)
	if len(c.executorAsks) == 0 || m.runs(&m.lots[at], c.need.Executor) {
		for _, a := range c.asks {
			if row[a.dimension] < a.amount {
				return false
			}
		}
		return true
	}
	left := slices.Clone(row)
	for _, asks := range [][]ask{c.asks, c.executorAsks} {
		for _, a := range asks {
			if left[a.dimension] -= a.amount; left[a.dimension] < 0 {
				return false
			}
		}
	}
	return true
}

// key orders lots: less is better.
func (m *matcher) key(key []int64, at int, c *class) []int64 {
	for _, t := range c.spreads {
		key = append(key, int64(t.count(t.field.of[at])))
	}
	if c.pack || len(c.spreads) > 0 {
		key = append(key, m.rank(at, c))
	}
	return key
}

// copies is how many more of the class the lot could hold.
func (m *matcher) copies(at int, c *class) int64 {
	row, most := m.row(at), int64(1)<<62
	for _, a := range c.asks {
		most = min(most, row[a.dimension]/a.amount)
	}
	return most
}

// taking is for what a need gets from a lot; spare is memory to use again, or nil.
func (m *matcher) taking(at, need int, spare []piece) *taking {
	l := &m.lots[at]
	t := &taking{m: m, l: l, c: m.classes[need], need: &m.needs[need], pieces: append(spare[:0], l.pieces...)}
	for i := range t.pieces {
		t.pieces[i].own = false
	}
	t.grant.Need, t.grant.Hostname = need, l.hostname
	return t
}

// commit makes what was taken final.
func (m *matcher) commit(at int, t *taking) {
	m.spare, t.l.pieces = t.l.pieces, t.pieces
	m.weigh(at)
	m.settled(at, t)
}

// settled notes what was granted.
func (m *matcher) settled(at int, t *taking) {
	t.l.grants = append(t.l.grants, t.grant)
	if e := t.grant.Executor; e != nil && e.ExecutorID.Value != "" {
		m.executors[executorKey{t.l.agent.Value, e.ExecutorID.Value}] = e
	}
	for _, y := range m.tallies[t.need.Group] {
		y.add(y.field.of[at])
	}
	m.tell(at)
}

// collect writes the result.
func (m *matcher) collect(result *Result) {
	used := 0
	for i := range m.lots {
		if len(m.lots[i].grants) > 0 {
			used++
		}
	}
	result.Accepts, result.Untouched = make([]Accept, 0, used), make([]mesos.OfferID, 0, len(m.lots)-used)
	for i := range m.lots {
		l := &m.lots[i]
		if len(l.grants) == 0 {
			result.Untouched = append(result.Untouched, l.offers...)
			continue
		}
		result.Accepts = append(result.Accepts, Accept{
			AgentID: l.agent, Hostname: l.hostname, Attributes: l.attributes, Domain: l.domain, Role: l.role, OfferIDs: l.offers, Grants: l.grants,
		})
	}
}
