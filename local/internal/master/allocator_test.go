package master

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/mesos"
)

// model is an allocator with what a test knows of it.
type model struct {
	*allocator
	now    time.Time
	grants []grant
}

func (m *model) framework(i int) string { return fmt.Sprintf("f%d", i) }

func everything(roles ...string) wants {
	w := wants{roles: map[string]roleWants{}}
	for _, role := range roles {
		w.roles[role] = roleWants{minimum: leastOffer()}
	}
	return w
}

// TestAllocatorKeepsItsPromises lets frameworks, agents, refusals and time do anything, and checks after every step that no
// resource is with two frameworks at once, that nothing that is refused is offered, and that smaller shares come first.
func TestAllocatorKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{allocator: newAllocator(), now: time.Unix(0, 0)}
		index := rapid.IntRange(0, 3)
		t.Repeat(map[string]func(*rapid.T){
			"agent": func(t *rapid.T) {
				r, err := mesos.ParseResources(fmt.Sprintf("cpus:%d;mem:%d;cpus(a):1;ports:[1-10]", index.Draw(t, "cpus"), 64*index.Draw(t, "mem")))
				if err != nil {
					t.Fatal(err)
				}
				if id := fmt.Sprintf("s%d", index.Draw(t, "agent")); m.agents[id] == nil {
					m.setAgent(id, r, agentTraits{})
				}
			},
			"agent leaves": func(t *rapid.T) {
				id := fmt.Sprintf("s%d", index.Draw(t, "agent"))
				m.removeAgent(id)
				m.grants = slices.DeleteFunc(m.grants, func(g grant) bool { return g.agent == id })
			},
			"framework": func(t *rapid.T) {
				m.setFramework(m.framework(index.Draw(t, "framework")), everything(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "role"), "d"))
			},
			"framework leaves": func(t *rapid.T) {
				id := m.framework(index.Draw(t, "framework"))
				m.removeFramework(id)
				m.grants = slices.DeleteFunc(m.grants, func(g grant) bool { return g.framework == id })
			},
			"round": func(t *rapid.T) {
				before := m.refusals()
				grants := m.allocate(m.now, nil)
				for _, g := range grants {
					for _, f := range before[g.framework][filterKey{g.role, g.agent}] {
						if f.until.After(m.now) && f.refused.Contains(g.resources.Unallocated()...) {
							t.Fatalf("%v was refused until %v, it is %v", g, f.until, m.now)
						}
					}
				}
				m.grants = append(m.grants, grants...)
			},
			"refusal": func(t *rapid.T) {
				if len(m.grants) == 0 {
					t.Skip("nothing is offered")
				}
				at := rapid.IntRange(0, len(m.grants)-1).Draw(t, "offer")
				g := m.grants[at]
				m.refuse(g.framework, g.role, g.agent, g.resources, m.now.Add(time.Duration(index.Draw(t, "seconds"))*time.Second))
				m.grants = slices.Delete(m.grants, at, at+1)
			},
			"time": func(*rapid.T) { m.now = m.now.Add(time.Second) },
			"": func(t *rapid.T) {
				for id, a := range m.agents {
					var held []mesos.Resources
					for _, g := range m.grants {
						if g.agent == id {
							held = append(held, g.resources.Unallocated())
						}
					}
					all := mesos.Sum(held...)
					if !a.total.Contains(all...) || !all.Equal(a.allocated) {
						t.Fatalf("of %v, %v is offered, and %v is noted", a.total, all, a.allocated)
					}
					if !mesos.Sum(m.free(id), all).Equal(a.total) {
						t.Fatalf("%v free and %v offered are not %v", m.free(id), all, a.total)
					}
				}
			},
		})
	})
}

func (m *model) refusals() map[string]map[filterKey][]filter {
	all := map[string]map[filterKey][]filter{}
	for id, f := range m.frameworks {
		all[id] = map[filterKey][]filter{}
		for key, filters := range f.filters {
			all[id][key] = slices.Clone(filters)
		}
	}
	return all
}

func TestSmallestDominantShareComesFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := newAllocator()
		a.setAgent("big", mesos.Resources{mesos.CPUs(100), mesos.Mem(100000)}, agentTraits{})
		n := rapid.IntRange(2, 5).Draw(t, "roles")
		for i := range n {
			role := fmt.Sprintf("r%d", i)
			a.setFramework(role, everything(role))
			has := mesos.Resources{mesos.CPUs(float64(rapid.IntRange(1, 10).Draw(t, "cpus"))), mesos.Mem(float64(rapid.IntRange(1, 10000).Draw(t, "mem")))}
			a.claimed(role, "big", has.AllocatedTo(role))
		}
		grants := a.allocate(time.Time{}, nil)
		if len(grants) != 1 {
			t.Fatalf("grants: %v", grants)
		}
		share := func(role string) float64 {
			q := maps.Clone(a.roles[role].has)
			if role == grants[0].role {
				q.add(quantitiesOf(grants[0].resources), -1)
			}
			return q.share(a.total)
		}
		for i := range n {
			if role := fmt.Sprintf("r%d", i); share(role) < share(grants[0].role) {
				t.Fatalf("%s was offered the agent with a share of %v, %s has %v", grants[0].role, share(grants[0].role), role, share(role))
			}
		}
	})
}

func TestConstraints(t *testing.T) {
	attributes, err := mesos.ParseAttributes("rack:r1;level:10")
	if err != nil {
		t.Fatal(err)
	}
	agent := &agentTraits{hostname: "h", attributes: attributes}
	rack := mesos.AttributeConstraintSelector{AttributeName: new("rack")}
	cases := map[string]struct {
		selector  mesos.AttributeConstraintSelector
		predicate mesos.AttributeConstraintPredicate
		want      bool
	}{
		"equals":            {rack, mesos.AttributeConstraintPredicate{TextEquals: &mesos.AttributeConstraintPredicateTextEquals{Value: "r1"}}, true},
		"equals another":    {rack, mesos.AttributeConstraintPredicate{TextEquals: &mesos.AttributeConstraintPredicateTextEquals{Value: "r"}}, false},
		"matches":           {rack, mesos.AttributeConstraintPredicate{TextMatches: &mesos.AttributeConstraintPredicateTextMatches{Regex: "r[0-9]"}}, true},
		"matches a part":    {rack, mesos.AttributeConstraintPredicate{TextMatches: &mesos.AttributeConstraintPredicateTextMatches{Regex: "r"}}, false},
		"exists":            {rack, mesos.AttributeConstraintPredicate{Exists: &mesos.AttributeConstraintPredicateExists{}}, true},
		"does not exist":    {mesos.AttributeConstraintSelector{AttributeName: new("x")}, mesos.AttributeConstraintPredicate{NotExists: &mesos.AttributeConstraintPredicateNotExists{}}, true},
		"not a text":        {mesos.AttributeConstraintSelector{AttributeName: new("level")}, mesos.AttributeConstraintPredicate{TextEquals: &mesos.AttributeConstraintPredicateTextEquals{Value: "11"}}, true},
		"hostname":          {mesos.AttributeConstraintSelector{PseudoattributeType: new(mesos.AttributeConstraintSelectorPseudoattributeTypeHostname)}, mesos.AttributeConstraintPredicate{TextEquals: &mesos.AttributeConstraintPredicateTextEquals{Value: "h"}}, true},
		"not equal":         {rack, mesos.AttributeConstraintPredicate{TextNotEquals: &mesos.AttributeConstraintPredicateTextNotEquals{Value: "r1"}}, false},
		"does not match":    {rack, mesos.AttributeConstraintPredicate{TextNotMatches: &mesos.AttributeConstraintPredicateTextNotMatches{Regex: "x.*"}}, true},
		"unknown attribute": {mesos.AttributeConstraintSelector{AttributeName: new("x")}, mesos.AttributeConstraintPredicate{TextEquals: &mesos.AttributeConstraintPredicateTextEquals{Value: ""}}, false},
	}
	for name, c := range cases {
		compiled, err := compileConstraints(&mesos.OfferConstraints{RoleConstraints: map[string]mesos.OfferConstraintsRoleConstraints{"r": {
			Groups: []mesos.OfferConstraintsRoleConstraintsGroup{{AttributeConstraints: []mesos.AttributeConstraint{{Selector: c.selector, Predicate: c.predicate}}}},
		}}}, []string{"r"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := compiled["r"].allow(agent); got != c.want {
			t.Errorf("%s: allowed is %v", name, got)
		}
	}
}
