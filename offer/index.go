package offer

import "container/heap"

// An index is a class's shelves.
type index struct {
	root *shelf
	// home is where each lot belongs, nil where the class may not use it.
	home []*shelf
	// clustered is how many values the class's CLUSTER constraints had when the index was made.
	clustered int
}

// shelve makes the index of a class.
func (m *matcher) shelve(c *class) *index {
	x := &index{root: &shelf{}, home: make([]*shelf, len(m.lots)), clustered: c.clustered()}
	byValue := map[shelfKey]*shelf{}
	for at := range m.lots {
		if !m.admitted(at, c) {
			continue
		}
		s := x.root
		for _, t := range c.spreads {
			key := shelfKey{s, t.field.of[at]}
			next, ok := byValue[key]
			if !ok {
				next = &shelf{parent: s, pos: len(s.below), value: key.value, count: t.count(key.value)}
				byValue[key] = next
				s.below = append(s.below, next)
			}
			s = next
		}
		s.lots = append(s.lots, slot{m.rank(at, c), int32(at)})
		x.home[at] = s
	}
	x.root.sort()
	return x
}

type shelfKey struct {
	parent *shelf
	value  int32
}

func (s *shelf) sort() {
	for _, b := range s.below {
		b.sort()
	}
	heap.Init(&s.below)
	heap.Init(&s.lots)
}

// admitted tells whether the class may use the lot now or, by GROUP_BY, at some time.
func (m *matcher) admitted(at int, c *class) bool {
	if !m.permitted(at, c) {
		return false
	}
	for i := range c.rules {
		r := &c.rules[i]
		if r.Operator == GroupBy && !r.allows(&m.lots[at].traits) || r.Operator != GroupBy && !m.holds(r, at) {
			return false
		}
	}
	return true
}

// clustered counts the values that CLUSTER constraints without a value allow.
func (c *class) clustered() int {
	sum := 0
	for i := range c.rules {
		if r := &c.rules[i]; r.Operator == Cluster && r.tally != nil {
			sum += r.tally.values
		}
	}
	return sum
}

// rank is the last part of a lot's key.
func (m *matcher) rank(at int, c *class) int64 {
	switch {
	case c.pack:
		return m.copies(at, c)
	case len(c.spreads) > 0:
		return int64(len(m.lots[at].grants))
	}
	return 0
}

// settle brings the top of a shelf up to date, and tells whether anything was not.
func (m *matcher) settle(s *shelf, c *class, level int) bool {
	changed := false
	for len(s.below) > 0 {
		b := s.below[0]
		count := c.spreads[level].count(b.value)
		stale := b.count != count
		b.count = count
		if !m.settle(b, c, level+1) && !stale {
			break
		}
		changed = true
		if len(s.below) > 0 && s.below[0] == b {
			heap.Fix(&s.below, 0)
		}
	}
	for len(s.lots) > 0 {
		top := &s.lots[0]
		now := m.rank(int(top.at), c)
		if top.rank == now {
			break
		}
		changed = true
		top.rank = now
		heap.Fix(&s.lots, 0)
	}
	return changed
}

// serveMany is serve with an index.
func (m *matcher) serveMany(need int, c *class) bool {
	if c.index == nil || c.index.clustered != c.clustered() {
		if c.index == nil && c.watches() {
			m.watchers = append(m.watchers, c)
		}
		c.index = m.shelve(c)
	}
	aside := map[*shelf]*shelf{} // with their parents
	served := false
	for root := c.index.root; !served; {
		m.settle(root, c, 0)
		s, blocked := c.top(root)
		if s.empty() || blocked && s == root {
			break
		}
		if blocked { // by a spread below the first: the next of the one above may do
			s.detach()
			aside[s], s.parent = s.parent, nil
			continue
		}
		served = m.serveFrom(int(s.lots[0].at), need, c)
		if !served {
			s.pop()
		}
	}
	for s, parent := range aside {
		s.parent = parent
		s.attach()
	}
	return served
}

// top goes down to the shelf with the first lot, or to the one below which GROUP_BY forbids everything: those with the fewest
// instances come first.
func (c *class) top(s *shelf) (*shelf, bool) {
	for level := 0; len(s.below) > 0; level++ {
		next := s.below[0]
		for i := range c.rules {
			if r := &c.rules[i]; r.Operator == GroupBy && r.tally == c.spreads[level] && !r.allowsAmong(r.tally, next.value) {
				return s, true
			}
		}
		s = next
	}
	return s, false
}

// serveFrom takes what the need gets from one lot. Where that fails the lot is of no use to the class any more, until something happens
// that watches tells of.
func (m *matcher) serveFrom(at, need int, c *class) bool {
	if !m.admitted(at, c) || !m.roomy(at, c) {
		return false
	}
	if c.plain {
		return m.take(at, need)
	}
	t := m.taking(at, need, m.spare)
	if !t.all() {
		return false
	}
	m.commit(at, t)
	return true
}

// watches tells whether what others take from a lot may make it better: more filled, with an executor that runs, with a shared volume.
func (c *class) watches() bool { return c.pack || c.need.Executor != nil || c.volumes }

// tell puts a lot that has changed to where it belongs now.
func (m *matcher) tell(at int) {
	for _, c := range m.watchers {
		if home := c.index.home[at]; home != nil && c.left > 0 {
			home.push(slot{m.rank(at, c), int32(at)})
		}
	}
}
