package mesos

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// durationUnit is a unit in which Mesos writes durations.
type durationUnit struct {
	name string
	size time.Duration
}

// durationUnits lists them from the smallest to the largest.
func durationUnits() [8]durationUnit {
	return [...]durationUnit{
		{"ns", time.Nanosecond},
		{"us", time.Microsecond},
		{"ms", time.Millisecond},
		{"secs", time.Second},
		{"mins", time.Minute},
		{"hrs", time.Hour},
		{"days", 24 * time.Hour},
		{"weeks", 7 * 24 * time.Hour},
	}
}

// ParseDuration reads a duration as Mesos writes it in flags and in the environment of
// executors: a decimal number, which may be negative or have a fraction, and one of the
// units ns, us, ms, secs, mins, hrs, days, weeks, with nothing between. What is finer
// than a nanosecond is rounded; what does not fit in 292 years is an error.
func ParseDuration(text string) (time.Duration, error) {
	name := strings.TrimLeft(text, "+-.0123456789")
	number := text[:len(text)-len(name)]
	for _, unit := range durationUnits() {
		if unit.name != name {
			continue
		}
		d, err := multiply(number, unit.size)
		if err != nil {
			return 0, fmt.Errorf("cannot read duration %q: %w", text, err)
		}
		return d, nil
	}
	return 0, fmt.Errorf("cannot read duration %q: want a number and one of the units ns, us, ms, secs, mins, hrs, days, weeks", text)
}

// multiply computes number * unit, exactly where the number is whole.
func multiply(number string, unit time.Duration) (time.Duration, error) {
	if whole, err := strconv.ParseInt(number, 10, 64); err == nil {
		if product := whole * int64(unit); product/int64(unit) == whole {
			return time.Duration(product), nil
		}
		return 0, strconv.ErrRange
	}
	value, err := parseDecimal(number)
	if err != nil {
		return 0, err
	}
	product := math.Round(value * float64(unit))
	if math.Abs(product) >= math.MaxInt64 {
		return 0, strconv.ErrRange
	}
	return time.Duration(product), nil
}

// FormatDuration writes a duration as Mesos does: in the largest unit that it reaches,
// or in the one below when only that gives a whole number: "5secs", "90secs" instead of
// "1.5mins", and "1.0001secs". What it writes ParseDuration reads, to fifteen digits.
func FormatDuration(d time.Duration) string {
	units := durationUnits()
	at := 0
	for at+1 < len(units) && (d >= units[at+1].size || d <= -units[at+1].size) {
		at++
	}
	if at > 0 && d%units[at].size != 0 && d%units[at-1].size == 0 {
		at--
	}
	if d%units[at].size == 0 {
		return strconv.FormatInt(int64(d/units[at].size), 10) + units[at].name
	}
	// Fifteen digits are what a double holds for certain, and what Mesos prints.
	return strconv.FormatFloat(float64(d)/float64(units[at].size), 'g', 15, 64) + units[at].name
}
