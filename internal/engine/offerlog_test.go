package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// TestOfferLog compares the log, folded or not, with one that remembers everything.
func TestOfferLog(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var l offerLog
		want := map[string]string{}
		times := map[string]int{}
		var held []mesos.Offer
		now, seq := noon, 0
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			now = now.Add(time.Second)
			held = slices.DeleteFunc(slices.Clone(held), func(mesos.Offer) bool { return rapid.Bool().Draw(r, "gone") })
			held = slices.DeleteFunc(held, func(o mesos.Offer) bool { return want[o.AgentID.Value] == "" })
			for _, agent := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 4, rapid.ID).Draw(r, "agents") {
				if slices.ContainsFunc(held, func(o mesos.Offer) bool { return o.AgentID.Value == agent }) {
					continue
				}
				seq++
				o := offered(t, agent, fmt.Sprint("cpus:", seq), "")
				o.ID.Value = fmt.Sprintf("%04d", seq)
				held = append(held, o)
				want[agent] = fmt.Sprint(mesos.Resources(o.Resources))
				times[agent]++
			}
			var used []use
			if len(held) > 0 && rapid.Bool().Draw(r, "use") {
				o := held[0]
				held = held[1:]
				used = append(used, use{lotKey{o.AgentID.Value, "*"}, []mesos.Resources{o.Resources}})
				want[o.AgentID.Value] = ""
				l.note(now, append([]mesos.Offer{o}, held...), used)
			} else {
				l.note(now, held, nil)
			}
			if rapid.IntRange(0, 5).Draw(r, "fold") == 0 {
				l.unfolded = 1000 + 4*max(len(l.folded), 4) // the next batch folds
			}
			seen := map[string]bool{}
			for _, one := range l.last() {
				agent := one.offer.AgentID.Value
				seen[agent] = true
				if got := fmt.Sprint(mesos.Resources(one.offer.Resources)); got != want[agent] || one.times != times[agent] {
					r.Fatalf("agent %s has %s, offered %d times; want %s, %d times", agent, got, one.times, want[agent], times[agent])
				}
			}
			if len(seen) != len(want) {
				r.Fatalf("remembered are %v, want %v", seen, want)
			}
		}
	})
}

func TestOfferLogForgets(t *testing.T) {
	var l offerLog
	l.note(noon, []mesos.Offer{offered(t, "old", "cpus:1", "")}, nil)
	l.unfolded = 1004 // the next batch folds
	l.note(noon.Add(time.Hour), []mesos.Offer{offered(t, "middle", "cpus:1", "")}, nil)
	if all := l.folded; len(all) != 2 || !all[0].own || all[1].own {
		t.Errorf("folded are %v", all)
	}
	l.unfolded = 1008
	l.note(noon.Add(25*time.Hour), []mesos.Offer{offered(t, "new", "cpus:1", "")}, nil)
	if all := l.last(); len(all) != 2 || all[1].offer.AgentID.Value != "new" || l.offered(app.At(noon)) != 2 {
		t.Errorf("remembered are %v", all)
	}
}
