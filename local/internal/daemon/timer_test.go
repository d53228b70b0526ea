package daemon

import (
	"maps"
	"slices"
	"testing"
	"time"
)

func TestTimer(t *testing.T) {
	var timer Timer
	shown := Metrics{}
	if timer.Show(shown, "x"); len(shown) > 0 {
		t.Errorf("nothing was measured: %v", shown)
	}
	timer.Add(2 * time.Millisecond)
	timer.Show(shown, "x")
	for _, name := range []string{"x_ms", "x_ms/min", "x_ms/max", "x_ms/p50", "x_ms/p9999"} {
		if shown[name] != 2 {
			t.Errorf("%s of one: %v", name, shown[name])
		}
	}
	for i := range 2000 { // those of before go out of the window
		timer.Add(time.Duration(i+1) * time.Millisecond)
	}
	timer.Show(shown, "x")
	want := Metrics{
		"x_ms": 2000, "x_ms/count": 2001, "x_ms/min": 1001, "x_ms/max": 2000, "x_ms/p50": 1500.5, "x_ms/p90": 1900.1, "x_ms/p95": 1950.05,
		"x_ms/p99": 1990.01, "x_ms/p999": 1999.001, "x_ms/p9999": 1999.9001,
	}
	if names := slices.Sorted(maps.Keys(shown)); len(names) != len(want) {
		t.Errorf("names: %v", names)
	}
	for name, value := range want {
		if got := shown[name]; got < value-1e-6 || got > value+1e-6 {
			t.Errorf("%s: got %v, want %v", name, got, value)
		}
	}
}
