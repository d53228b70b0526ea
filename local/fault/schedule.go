package fault

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is one thing that goes wrong.
type Fault struct {
	// At is when, from the beginning of the schedule.
	At time.Duration
	// Kind is what.
	Kind Kind
	// Event restricts those that wait for a record or call; "" is any.
	Event string
	// Agent is which agent, from 0.
	Agent int
	// Part is how much of a record arrives, from 0 to 1.
	Part float64
	// For is how long it lasts.
	For time.Duration
}

// String is such as "1m2.5s cut UPDATE part=0.25", of which Parse makes the fault again.
func (f Fault) String() string {
	text := fmt.Sprintf("%v %s", f.At, f.Kind)
	if f.Event != "" {
		text += " " + f.Event
	}
	if f.Kind.onAgent() {
		text += " agent=" + strconv.Itoa(f.Agent)
	}
	if f.Kind == Cut {
		text += " part=" + strconv.FormatFloat(f.Part, 'g', -1, 64)
	}
	if f.Kind.lasts() {
		text += " for=" + f.For.String()
	}
	return text
}

// parseFault reads what String writes.
func parseFault(text string) (f Fault, err error) {
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return f, fmt.Errorf("cannot read the fault %q: it is not a time and a kind", text)
	}
	f.Kind = Kind(fields[1])
	if !f.Kind.OnWire() && !f.Kind.InCluster() && f.Kind != Crash {
		return f, fmt.Errorf("cannot read the fault %q: there is no kind %q", text, fields[1])
	}
	f.At, err = time.ParseDuration(fields[0])
	for _, field := range fields[2:] {
		name, value, named := strings.Cut(field, "=")
		var bad error
		switch {
		case !named:
			f.Event = field
		case name == "agent":
			f.Agent, bad = strconv.Atoi(value)
		case name == "part":
			f.Part, bad = strconv.ParseFloat(value, 64)
		case name == "for":
			f.For, bad = time.ParseDuration(value)
		default:
			bad = fmt.Errorf("there is no %q", name)
		}
		err = cmp.Or(err, bad)
	}
	if err == nil && !(f.At >= 0 && f.For >= 0 && f.Agent >= 0 && f.Part >= 0 && f.Part <= 1) {
		err = fmt.Errorf("a number is out of range")
	}
	if err != nil {
		return f, fmt.Errorf("cannot read the fault %q: %w", text, err)
	}
	return f, nil
}

// Schedule is faults in the order of their times.
type Schedule []Fault

// String has a line for each fault.
func (s Schedule) String() string {
	var lines []string
	for _, f := range s {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

// Parse reads what String has written, or somebody by hand: a line for each fault, and empty ones.
func Parse(text string) (Schedule, error) {
	var s Schedule
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		f, err := parseFault(line)
		if err != nil {
			return nil, err
		}
		s = append(s, f)
	}
	s.sort()
	return s, nil
}

func (s Schedule) sort() {
	slices.SortStableFunc(s, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
}

// Limits bound a random schedule. The zero value is ten faults of every kind on the wire within five minutes.
type Limits struct {
	// Faults is how many there are at most; 0 is ten.
	Faults int
	// Within is when the last one begins at the latest; 0 is five minutes.
	Within time.Duration
	// Longest is how long one lasts at most; 0 is two minutes. Times are short more often than long.
	Longest time.Duration
	// Agents is how many the cluster has; 0 is one.
	Agents int
	// Kinds are those that happen; empty means all on the wire.
	Kinds []Kind
}

// complete fills in the defaults.
func (l Limits) complete() Limits {
	l.Faults = cmp.Or(l.Faults, 10)
	l.Within = cmp.Or(l.Within, 5*time.Minute)
	l.Longest = cmp.Or(l.Longest, 2*time.Minute)
	l.Agents = max(l.Agents, 1)
	if len(l.Kinds) == 0 {
		l.Kinds = WireKinds()
	}
	return l
}

// events are those that Mesos may lose or repeat, since it says them again or they do not matter.
var events = [...]string{"UPDATE", "UPDATE", "UPDATE", "HEARTBEAT"}

// calls are those that are worth losing.
var calls = [...]string{"", "ACCEPT", "ACKNOWLEDGE", "DECLINE", "RECONCILE", "KILL", "REVIVE", "SUPPRESS", "SUBSCRIBE"}

// maxDelay is for how long a call is held at most. A SUBSCRIBE that was given up ends the subscription that has taken its place; a session knows that for
// its own within a minute.
const maxDelay = 45 * time.Second

// Random is the schedule of a seed: the same for the same seed and limits, on every machine. It holds nothing that Mesos would never do: of records only
// such are lost that are said again.
func Random(seed uint64, l Limits) Schedule {
	l = l.complete()
	r := rand.New(rand.NewPCG(seed, 0))
	var s Schedule
	for range 1 + r.IntN(l.Faults) {
		f := Fault{At: duration(r, l.Within), Kind: l.Kinds[r.IntN(len(l.Kinds))]}
		switch f.Kind {
		case Drop, Duplicate:
			f.Event = events[r.IntN(len(events))]
		case Delay, Cut:
			f.Event = []string{"", "UPDATE", "OFFERS", "SUBSCRIBED", "RESCIND"}[r.IntN(5)]
		case LoseCall, LoseAnswer, DelayCall:
			f.Event = calls[r.IntN(len(calls))]
		case KillAgent, StopAgent, UnregisterAgent, FreezeAgent:
			f.Agent = r.IntN(l.Agents)
		}
		if f.Kind == Cut {
			f.Part = float64(r.IntN(101)) / 100
		}
		if f.Kind.lasts() {
			f.For = duration(r, duration(r, l.Longest))
		}
		if f.Kind == DelayCall { // a master that hears SUBSCRIBE later than this takes it for another instance's
			f.For = min(f.For, maxDelay)
		}
		s = append(s, f)
	}
	s.sort()
	return s
}

// duration is at most d, in milliseconds.
func duration(r *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(r.Int64N(int64(d/time.Millisecond)+1)) * time.Millisecond
}

// Run does each fault at its time, by calling do, which must not wait for the fault's end. It returns when the last one is over too, or when ctx
// ends or do fails.
func (s Schedule) Run(ctx context.Context, do func(Fault) error) error {
	start, end := time.Now(), time.Now()
	for _, f := range s {
		if err := wait(ctx, time.Until(start.Add(f.At))); err != nil {
			return err
		}
		if err := do(f); err != nil {
			return fmt.Errorf("cannot do %v: %w", f, err)
		}
		if over := time.Now().Add(f.For); over.After(end) {
			end = over
		}
	}
	return wait(ctx, time.Until(end))
}

// wait lets time pass.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Shrink looks for the faults of a schedule without which it does not fail: it leaves out one after the other for as long as the rest
// still fails. Since chance has its part in failures, it asks up to three times for each.
func (s Schedule) Shrink(fails func(Schedule) bool) Schedule {
	for i := len(s) - 1; i >= 0; i-- {
		rest := slices.Delete(slices.Clone(s), i, i+1)
		for range 3 {
			if fails(rest) {
				s = rest
				break
			}
		}
	}
	return s
}
