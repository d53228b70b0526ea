package pace

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/mesos"
)

var epoch = time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)

// market is a master as far as offers go, and the time.
type market struct {
	now        time.Time
	d          Discipline
	out        map[string]string // the role of each offer that is out
	offers     int
	suppressed map[string]bool
	filtered   map[string]bool // something was declined for it since the last REVIVE
	refused    map[string]time.Time
	needed     map[string]time.Time // since when
	idle       map[string]time.Time
	revived    []time.Time
}

func newMarket(roles ...string) *market {
	m := &market{
		now: epoch, d: NewDiscipline(), out: map[string]string{}, suppressed: map[string]bool{}, filtered: map[string]bool{},
		refused: map[string]time.Time{}, needed: map[string]time.Time{}, idle: map[string]time.Time{},
	}
	m.d.Subscribed(m.now, roles, nil)
	for _, role := range roles {
		m.idle[role] = m.now
	}
	return m
}

func (m *market) offer(role string) {
	m.offers++
	id := fmt.Sprint(m.offers)
	m.out[id] = role
	m.d.Offered(m.now, []mesos.Offer{{ID: mesos.OfferID{Value: id}, AllocationInfo: &mesos.ResourceAllocationInfo{Role: &role}}})
}

func (m *market) need(role string, needed, fresh bool) {
	m.d.Need(m.now, role, needed, fresh)
	switch _, before := m.needed[role]; {
	case !needed && before:
		delete(m.needed, role)
		m.idle[role] = m.now
	case needed && (!before || fresh):
		delete(m.idle, role)
		m.needed[role] = m.now
	}
}

// step makes the calls, and checks each.
func (m *market) step(t rapid.TB, refuse bool) {
	a := m.d.Step(m.now)
	for _, d := range a.Declines {
		for _, id := range d.OfferIDs {
			role, ok := m.out[id.Value]
			if !ok {
				t.Fatalf("%s is declined, and not out", id.Value)
			}
			delete(m.out, id.Value)
			m.filtered[role] = true
		}
	}
	if len(a.Revive) > 0 {
		m.revived = append(m.revived, m.now)
	}
	if refuse {
		m.d.Refused(m.now, a.Suppress, a.Revive)
		for _, role := range a.Suppress {
			m.idle[role] = m.now
		}
		a.Suppress, a.Revive = nil, nil
	}
	for _, role := range a.Suppress {
		if _, needed := m.needed[role]; needed || m.suppressed[role] {
			t.Fatalf("%s is suppressed", role)
		}
		m.suppressed[role] = true
	}
	for _, role := range a.Revive {
		if _, needed := m.needed[role]; !needed {
			t.Fatalf("%s is revived, and not needed", role)
		}
		m.suppressed[role], m.filtered[role] = false, false
	}
	for id, h := range m.d.held {
		if _, needed := m.needed[h.role]; !needed || !m.now.Before(h.until) {
			t.Fatalf("%s is hoarded", id)
		}
	}
}

// wait lets time pass.
func (m *market) wait(t rapid.TB, long time.Duration, refuse bool) {
	for end := m.now.Add(long); ; {
		at, ok := m.d.Next()
		if !ok || at.After(end) {
			m.now = end
			return
		}
		if at.After(m.now) {
			m.now = at
		}
		m.step(t, refuse)
	}
}

// Whatever is offered, needed and refused: no offer is kept that is of no use, nothing is declined that is not out, REVIVE is rare, and in the end
// what is needed is offered and what is not is suppressed.
func TestDisciplineLaws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		roles := []string{"a", "b"}
		m := newMarket(roles...)
		role := rapid.SampledFrom(roles)
		rt.Repeat(map[string]func(*rapid.T){
			"offer": func(rt *rapid.T) {
				if r := role.Draw(rt, "role"); !m.suppressed[r] {
					m.offer(r)
				}
				m.step(rt, false)
			},
			"rescind": func(rt *rapid.T) {
				if len(m.out) > 0 {
					id := rapid.SampledFrom(slices.Sorted(maps.Keys(m.out))).Draw(rt, "offer")
					delete(m.out, id)
					m.d.Gone(mesos.OfferID{Value: id})
				}
			},
			"need": func(rt *rapid.T) {
				m.need(role.Draw(rt, "role"), rapid.Bool().Draw(rt, "needed"), rapid.Bool().Draw(rt, "fresh"))
				m.step(rt, rapid.Bool().Draw(rt, "refused"))
			},
			"wait": func(rt *rapid.T) {
				m.wait(rt, time.Duration(rapid.IntRange(0, 20_000).Draw(rt, "ms"))*time.Millisecond, false)
			},
		})
		m.wait(rt, time.Minute, false)
		for _, r := range roles {
			if _, needed := m.needed[r]; m.suppressed[r] == needed {
				rt.Fatalf("%s is needed %v and suppressed %v", r, needed, m.suppressed[r])
			}
		}
		if len(m.out) > 0 || len(m.d.held) > 0 {
			rt.Fatalf("still out are %v", m.out)
		}
		for i := range m.revived { // at most reviveBurst, and one more for each revivePause
			for j := i + reviveBurst; j < len(m.revived); j++ {
				if most := reviveBurst + int(m.revived[j].Sub(m.revived[i])/revivePause) + 1; j-i+1 > most {
					rt.Fatalf("%d REVIVE calls in %v", j-i+1, m.revived[j].Sub(m.revived[i]))
				}
			}
		}
	})
}

// A need that is new is not left waiting for what was declined before it; offers go on one role's account only.
func TestDisciplineRevives(t *testing.T) {
	m := newMarket("a", "b")
	m.offer("a")
	m.step(t, false)
	if !m.filtered["a"] {
		t.Fatal("an offer that nobody needs is kept")
	}
	m.need("a", true, true)
	m.step(t, true) // the master does not take it
	m.step(t, false)
	if m.filtered["a"] || len(m.revived) != 2 {
		t.Errorf("what is needed stays refused; %d REVIVE calls", len(m.revived))
	}
	m.offer("a")
	m.offer("b")
	m.step(t, false)
	if fmt.Sprint(slices.Sorted(maps.Keys(m.out))) != "[2]" {
		t.Errorf("out are %v", m.out)
	}
	m.wait(t, holdOffers, false)
	if len(m.out) > 0 {
		t.Errorf("after %v still out are %v", holdOffers, m.out)
	}
}

// Each task is asked about until something is said of it: in batches, with pauses that grow, and all at once now and then.
func TestReconcilerLaws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r, now := NewReconciler(), epoch
		var keys []string
		for i := range rapid.IntRange(0, 2500).Draw(rt, "tasks") {
			keys = append(keys, fmt.Sprint(i))
		}
		open, asked, last := map[string]bool{}, map[string]int{}, map[string]time.Time{}
		for _, key := range keys {
			open[key] = true
		}
		answered := rapid.IntRange(0, 100).Draw(rt, "percent answered at once")
		r.Subscribed(now, slices.Values(keys))
		implicit := 0
		for now.Before(epoch.Add(time.Hour)) {
			batch, all := r.Step(now, slices.Values(keys))
			if all {
				implicit++
			}
			if len(batch) > Batch {
				rt.Fatalf("%d are asked about at once", len(batch))
			}
			for i, key := range batch {
				if !open[key] && implicit == 0 {
					rt.Fatalf("%s was answered", key)
				}
				if since := now.Sub(last[key]); asked[key] > 0 && since < reconcileMin {
					rt.Fatalf("%s is asked about again after %v", key, since)
				}
				asked[key]++
				last[key] = now
				if i%100 < answered {
					r.Heard(key)
					delete(open, key)
				}
			}
			at, ok := r.Next()
			if !ok || at.Before(now) && len(batch) == 0 {
				rt.Fatalf("next is %v, %v at %v", at, ok, now)
			}
			if at.After(now) {
				now = at
			}
		}
		for _, key := range keys {
			if asked[key] == 0 || open[key] && asked[key] < 10 || open[key] && now.Sub(last[key]) > reconcileMax+time.Minute {
				rt.Fatalf("%s was asked about %d times, last %v ago", key, asked[key], now.Sub(last[key]))
			}
		}
		if implicit != 4 {
			rt.Errorf("all were asked about %d times within an hour", implicit)
		}
		r.Disconnected()
		if at, ok := r.Next(); ok {
			rt.Errorf("nobody is there, and it wants to ask at %v", at)
		}
	})
}

// What is asked for with ever longer pauses is asked for at once when it is likely to be heard, but never twice within the shortest pause.
func TestRepeaterHurries(t *testing.T) {
	r := Repeater{Min: time.Second, Max: time.Minute}
	r.Hurry("none", epoch)
	r.Add("a", epoch.Add(time.Second))
	r.Hurry("a", epoch)
	if keys := r.Due(epoch, 10); len(keys) > 0 {
		t.Errorf("%v is asked for before its time", keys)
	}
	asked := 0
	for now := epoch; now.Before(epoch.Add(20 * time.Second)); now = now.Add(100 * time.Millisecond) {
		asked += len(r.Due(now, 10))
	}
	if asked != 5 { // after 1, 2, 4, 8 and 16 s
		t.Errorf("asked %d times", asked)
	}
	now := epoch.Add(20 * time.Second)
	r.Hurry("a", now)
	if keys := r.Due(now, 10); len(keys) != 1 {
		t.Errorf("%v is due", keys)
	}
	r.Hurry("a", now)
	if at, ok := r.Next(); !ok || !at.Equal(now.Add(time.Second)) {
		t.Errorf("the next is due at %v", at)
	}
	r.Due(now.Add(time.Second), 10)
	r.Remove("a")
	r.Hurry("a", now.Add(time.Minute))
	if _, ok := r.Next(); ok {
		t.Error("what was removed is asked for")
	}
}
