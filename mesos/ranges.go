package mesos

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Ranges are whole numbers as Mesos writes them: begin and end belong to a range.
// Port resources are the common case. Methods take ranges in any order, also
// overlapping ones (a range whose begin is beyond its end is empty), and give
// them coalesced: in order, neither overlapping nor adjacent.
type Ranges []ValueRange

// span is the range from begin to end, both included.
func span(begin, end uint64) ValueRange { return ValueRange{Begin: begin, End: end} }

// coalesced tells whether the ranges already are in the form that Coalesce gives.
func (r Ranges) coalesced() bool {
	for i := range r {
		if r[i].Begin > r[i].End {
			return false
		}
		if i > 0 && (r[i-1].End == math.MaxUint64 || r[i].Begin <= r[i-1].End+1) {
			return false
		}
	}
	return true
}

// Coalesce gives the same numbers in as few ranges as possible, in order. The
// result shares no memory with r.
func (r Ranges) Coalesce() Ranges {
	sorted := make(Ranges, 0, len(r))
	for i := range r {
		if r[i].Begin <= r[i].End {
			sorted = append(sorted, span(r[i].Begin, r[i].End))
		}
	}
	slices.SortFunc(sorted, func(a, b ValueRange) int { return cmp.Compare(a.Begin, b.Begin) })
	merged := sorted[:0]
	for _, next := range sorted {
		if n := len(merged); n > 0 && (merged[n-1].End == math.MaxUint64 || next.Begin <= merged[n-1].End+1) {
			merged[n-1].End = max(merged[n-1].End, next.End)
		} else {
			merged = append(merged, next)
		}
	}
	return merged
}

// inOrder is Coalesce without the copy where none is needed.
func (r Ranges) inOrder() Ranges {
	if r.coalesced() {
		return r
	}
	return r.Coalesce()
}

// Add gives the numbers that are in r or in other.
func (r Ranges) Add(other Ranges) Ranges {
	return slices.Concat(r, other).Coalesce()
}

// Subtract gives the numbers of r that are not in other.
func (r Ranges) Subtract(other Ranges) Ranges {
	r, other = r.inOrder(), other.inOrder()
	rest := make(Ranges, 0, len(r))
	next := 0
	for _, current := range r {
		for next < len(other) && other[next].End < current.Begin {
			next++
		}
		rest = appendWithout(rest, current, other[next:])
	}
	return rest
}

// appendWithout appends what is left of one range when the holes, which are
// coalesced, are cut out of it.
func appendWithout(rest Ranges, current ValueRange, holes Ranges) Ranges {
	for _, hole := range holes {
		if hole.Begin > current.End {
			break
		}
		if hole.Begin > current.Begin {
			rest = append(rest, span(current.Begin, hole.Begin-1))
		}
		if hole.End >= current.End {
			return rest
		}
		current.Begin = max(current.Begin, hole.End+1)
	}
	return append(rest, span(current.Begin, current.End))
}

// Contains tells whether every number of other is in r.
func (r Ranges) Contains(other Ranges) bool {
	r, other = r.inOrder(), other.inOrder()
	next := 0
	for _, wanted := range other {
		for next < len(r) && r[next].End < wanted.Begin {
			next++
		}
		if next == len(r) || r[next].Begin > wanted.Begin || r[next].End < wanted.End {
			return false
		}
	}
	return true
}

// Has tells whether the number n is in r.
func (r Ranges) Has(n uint64) bool {
	return slices.ContainsFunc(r, func(one ValueRange) bool { return one.Begin <= n && n <= one.End })
}

// Equal tells whether both hold the same numbers, however they are cut.
func (r Ranges) Equal(other Ranges) bool {
	return slices.EqualFunc(r.inOrder(), other.inOrder(), func(a, b ValueRange) bool {
		return a.Begin == b.Begin && a.End == b.End
	})
}

// Size counts the numbers in r; beyond the largest uint64 it stays there.
func (r Ranges) Size() uint64 {
	var size uint64
	for _, one := range r.inOrder() {
		width := one.End - one.Begin
		if width >= math.MaxUint64-size {
			return math.MaxUint64
		}
		size += width + 1
	}
	return size
}

// Take gives the n lowest numbers of r. With fewer than n it gives nil and false.
func (r Ranges) Take(n int) (taken []uint64, ok bool) {
	if n < 0 || r.Size() < uint64(n) {
		return nil, false
	}
	taken = make([]uint64, 0, n)
	for _, one := range r.inOrder() {
		for at := one.Begin; len(taken) < n; at++ {
			taken = append(taken, at)
			if at == one.End {
				break
			}
		}
	}
	return taken, true
}

// String is Mesos' text form: [31000-31005, 31010-31010].
func (r Ranges) String() string { return string(r.appendText(nil)) }

func (r Ranges) appendText(b []byte) []byte {
	b = append(b, '[')
	for i := range r {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendUint(b, r[i].Begin, 10)
		b = append(b, '-')
		b = strconv.AppendUint(b, r[i].End, 10)
	}
	return append(b, ']')
}

// overlap tells whether any number stands in two of the ranges.
func (r Ranges) overlap() bool {
	if r.coalesced() {
		return false
	}
	sorted := slices.SortedFunc(slices.Values(r), func(a, b ValueRange) int { return cmp.Compare(a.Begin, b.Begin) })
	for i := 1; i < len(sorted); i++ {
		if sorted[i].Begin <= sorted[i-1].End {
			return true
		}
	}
	return false
}

// singles gives one range for each number.
func singles(numbers []uint64) Ranges {
	ranges := make(Ranges, 0, len(numbers))
	for _, n := range numbers {
		ranges = append(ranges, span(n, n))
	}
	return ranges.Coalesce()
}

// setText is Mesos' text form of a set: {a, b}.
func setText(items []string) string { return "{" + strings.Join(items, ", ") + "}" }
