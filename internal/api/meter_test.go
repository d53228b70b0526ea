package api

import (
	"math"
	"testing"
	"time"
)

func TestMeterForgets(t *testing.T) {
	m := newMeter(noon)
	if r := m.read(noon); r != (rates{}) {
		t.Errorf("nothing has happened, but %+v", r)
	}
	now := noon
	for range 600 { // ten a second for a minute
		now = now.Add(100 * time.Millisecond)
		m.mark(now)
	}
	r := m.read(now)
	if r.count != 600 || !near(r.mean, 10) || !near(r.m1, 10) || !near(r.m15, 10) {
		t.Errorf("after a minute of ten a second: %+v", r)
	}
	now = now.Add(time.Minute)
	r = m.read(now)
	if !near(r.m1, 10/math.E) || r.m15 < 9 || !near(r.mean, 5) {
		t.Errorf("after a minute of silence: %+v", r)
	}
	if r = m.read(now.Add(24 * time.Hour)); r.m15 > 1e-9 || r.count != 600 {
		t.Errorf("after a day: %+v", r)
	}
}

func near(got, want float64) bool { return math.Abs(got-want) <= 0.05*want }

func TestDurations(t *testing.T) {
	var d duration
	if got := d.read(); got.count != 0 || got.quantiles[0] != 0 {
		t.Errorf("of nothing: %+v", got)
	}
	for n := range 100 {
		d.add(float64(n + 1))
	}
	got := d.read()
	if got.count != 100 || got.least != 1 || got.most != 100 || !near(got.mean, 50.5) || !near(got.quantiles[0], 50) || !near(got.quantiles[3], 98) || !near(got.deviation, 28.87) {
		t.Errorf("of 1 to 100: %+v", got)
	}
}
