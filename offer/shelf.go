package offer

import (
	"cmp"
	"container/heap"
)

// A shelf has the lots that a class may use in the order of their keys, so that many needs of a class find theirs without looking at all lots
// again. It is a tree: each level sorts by the count of one spread, and the lowest has the lots. What is noted may be out of date, but never
// more than what is true: counts only grow. So a look at the top is enough, again and again until it is right.
type shelf struct {
	parent *shelf
	pos    int
	// value is what the shelf's lots have in common, of the spread of its level; count that of its instances, as last looked at.
	value int32
	count int32
	below shelves
	lots  slots
}

// A slot is a lot with the last part of its key, as last looked at.
type slot struct {
	rank int64
	at   int32
}

func (s *shelf) empty() bool { return len(s.below) == 0 && len(s.lots) == 0 }

// compare orders shelves of one level by their first lots. None is empty.
func (s *shelf) compare(o *shelf) int {
	if s.count != o.count {
		return cmp.Compare(s.count, o.count)
	}
	if len(s.below) > 0 {
		return s.below[0].compare(o.below[0])
	}
	return s.lots[0].compare(o.lots[0])
}

func (s slot) compare(o slot) int {
	return cmp.Or(cmp.Compare(s.rank, o.rank), cmp.Compare(s.at, o.at))
}

// detach takes a shelf out of its parent, and that too if nothing else is in it.
func (s *shelf) detach() {
	for p := s.parent; p != nil; s, p = p, p.parent {
		heap.Remove(&p.below, s.pos)
		if !p.empty() {
			p.moved()
			return
		}
	}
}

// attach puts a shelf back.
func (s *shelf) attach() {
	for p := s.parent; p != nil; s, p = p, p.parent {
		was := p.empty()
		heap.Push(&p.below, s)
		if !was {
			p.moved()
			return
		}
	}
}

// moved puts a shelf whose first lot is another to its place.
func (s *shelf) moved() {
	for ; s.parent != nil; s = s.parent {
		heap.Fix(&s.parent.below, s.pos)
	}
}

func (s *shelf) push(one slot) {
	was := s.empty()
	s.lots = append(s.lots, one)
	heap.Fix(&s.lots, len(s.lots)-1)
	if was {
		s.attach()
	} else {
		s.moved()
	}
}

func (s *shelf) pop() {
	last := len(s.lots) - 1
	s.lots[0] = s.lots[last]
	if s.lots = s.lots[:last]; last == 0 {
		s.detach()
		return
	}
	heap.Fix(&s.lots, 0)
	s.moved()
}

type shelves []*shelf

func (s shelves) Len() int           { return len(s) }
func (s shelves) Less(i, j int) bool { return s[i].compare(s[j]) < 0 }
func (s shelves) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].pos, s[j].pos = i, j
}

func (s *shelves) Push(one any) {
	added := one.(*shelf)
	added.pos = len(*s)
	*s = append(*s, added)
}

func (s *shelves) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

type slots []slot

func (s slots) Len() int           { return len(s) }
func (s slots) Less(i, j int) bool { return s[i].compare(s[j]) < 0 }
func (s slots) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *slots) Push(one any)      { *s = append(*s, one.(slot)) }
func (s *slots) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}
