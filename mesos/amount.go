package mesos

import "math"

// Mesos counts scalars in thousandths: 0.1 + 0.2 is 0.3 and 0.0014 cpus are
// 0.001. All arithmetic of this package happens on these whole numbers.
const thousand = 1000

// maxMilli bounds what is computed with: far beyond any cluster, and low enough
// that every amount converts to a float64 and back without loss.
const maxMilli = int64(1) << 53

// Thousandths counts a scalar as Mesos does: rounded, half away from zero. What is not a number is 0, and 2^53 is the most.
func Thousandths(value float64) int64 { return toMilli(value) }

// FromThousandths gives the scalar of so many thousandths, as it is written on the wire.
func FromThousandths(n int64) float64 { return fromMilli(n) }

// toMilli rounds to thousandths, half away from zero, as Mesos does. What is
// no number is 0, what is out of bounds is the bound.
func toMilli(value float64) int64 {
	rounded := math.Round(value * thousand)
	switch {
	case rounded != rounded:
		return 0
	case rounded >= float64(maxMilli):
		return maxMilli
	case rounded <= -float64(maxMilli):
		return -maxMilli
	}
	return int64(rounded)
}

// fromMilli gives the float64 nearest to milli thousandths.
func fromMilli(milli int64) float64 { return float64(milli) / thousand }

// addMilli adds two amounts that are not negative.
func addMilli(a, b int64) int64 { return min(a+b, maxMilli) }

// milli is the scalar amount of a resource, never negative.
func (m *Resource) milli() int64 {
	if m.Scalar == nil {
		return 0
	}
	return max(toMilli(m.Scalar.Value), 0)
}
