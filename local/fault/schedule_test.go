package fault_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/local/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func everything() fault.Limits {
	return fault.Limits{Agents: 3, Faults: 40, Kinds: slices.Concat(fault.WireKinds(), fault.ClusterKinds(), []fault.Kind{fault.Crash})}
}

// A schedule is a function of its seed, and its text is the schedule.
func TestRandom(t *testing.T) {
	seen := map[fault.Kind]bool{}
	for seed := range uint64(200) {
		s := fault.Random(seed, everything())
		if !slices.Equal(s, fault.Random(seed, everything())) {
			t.Fatalf("seed %d gives two schedules", seed)
		}
		again, err := fault.Parse(s.String())
		if err != nil || !slices.Equal(s, again) {
			t.Fatalf("%v is read as %v, %v", s, again, err)
		}
		for _, f := range s {
			seen[f.Kind] = true
			if f.At > 5*time.Minute || f.For > 2*time.Minute || f.Agent > 2 {
				t.Errorf("out of its limits: %v", f)
			}
			if f.Kind == fault.Drop && f.Event != "UPDATE" && f.Event != "HEARTBEAT" {
				t.Errorf("Mesos would not lose it: %v", f)
			}
		}
	}
	for _, k := range everything().Kinds {
		if !seen[k] {
			t.Errorf("%s does not happen", k)
		}
	}
	if slices.Equal(fault.Random(1, everything()), fault.Random(2, everything())) {
		t.Error("two seeds give the same schedule")
	}
}

// This one may not change: seeds that are written down somewhere would mean something else.
func TestASeedStaysTheSame(t *testing.T) {
	const want = `33.143s refuse for=6.408s
4m12.786s lose-call SUPPRESS
4m13.201s lose-call ACKNOWLEDGE`
	if got := fault.Random(2, fault.Limits{Faults: 3}).String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestParseErrors(t *testing.T) {
	for _, text := range []string{"1s", "x drop", "1s nothing", "1s cut part=2", "1s cut part=NaN", "-1s drop", "1s break for=-1s", "1s kill-agent agent=-1", "1s drop what=1"} {
		if s, err := fault.Parse(text); err == nil {
			t.Errorf("%q is %v", text, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("1s cut UPDATE part=0.5\n\n2s kill-agent agent=1 for=3s")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := fault.Parse(text)
		if err != nil {
			return
		}
		if again, err := fault.Parse(s.String()); err != nil || again.String() != s.String() {
			t.Errorf("%q is %v, and then %v, %v", text, s, again, err)
		}
	})
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := fault.Parse("10s break\n1s silence for=1h\n5s crash for=1s")
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		err = s.Run(t.Context(), func(f fault.Fault) error {
			if since := time.Since(start); since != f.At {
				t.Errorf("%v happens after %v", f, since)
			}
			return nil
		})
		if took := time.Since(start); err != nil || took != time.Hour+time.Second {
			t.Errorf("it took %v, %v", took, err)
		}
		failure := errors.New("cannot")
		if err := s.Run(t.Context(), func(fault.Fault) error { return failure }); !errors.Is(err, failure) {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := s.Run(ctx, func(fault.Fault) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestShrink(t *testing.T) {
	s := fault.Random(7, everything())
	s = append(s, fault.Fault{At: time.Hour, Kind: fault.Break}, fault.Fault{At: 2 * time.Hour, Kind: fault.Crash})
	small := s.Shrink(func(s fault.Schedule) bool {
		return slices.ContainsFunc(s, func(f fault.Fault) bool { return f.At == time.Hour }) &&
			slices.ContainsFunc(s, func(f fault.Fault) bool { return f.At == 2*time.Hour })
	})
	if small.String() != "1h0m0s break\n2h0m0s crash for=0s" {
		t.Errorf("got %v", small)
	}
}
