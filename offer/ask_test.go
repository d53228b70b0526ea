package offer_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

func TestOfferConstraints(t *testing.T) {
	constrained := func(words ...string) offer.Need {
		c, err := offer.ParseConstraint(words...)
		if err != nil {
			t.Fatal(err)
		}
		need := wants(t, "a", "cpus:1")
		need.Constraints = []offer.Constraint{c}
		return need
	}
	for _, tt := range []struct {
		name  string
		needs []offer.Need
		want  string
	}{
		{"none", nil, "{}"},
		{"a need without", []offer.Need{constrained("rack", "IS", "a"), wants(t, "b", "cpus:1")}, "{}"},
		{"what the master cannot judge", []offer.Need{constrained("hostname", "UNIQUE")}, "{}"},
		{"a large expression", []offer.Need{constrained("rack", "UNLIKE", strings.Repeat("(a|b).", 50))}, "{}"},
		{
			"one group for two of the same",
			[]offer.Need{constrained("rack", "IS", "a"), constrained("rack", "IS", "a")},
			`{"role_constraints":{"web":{"groups":[{"attribute_constraints":[{"selector":{"attribute_name":"rack"},"predicate":{"text_equals":{"value":"a"}}}]}]}}}`,
		},
		{
			"a group for each",
			[]offer.Need{constrained("@zone", "LIKE", "a|b"), constrained("rack", "GROUP_BY")},
			`{"role_constraints":{"web":{"groups":[{"attribute_constraints":[{"selector":{"pseudoattribute_type":"ZONE"},"predicate":{"text_matches":{"regex":"a|b"}}}]},` +
				`{"attribute_constraints":[{"selector":{"attribute_name":"rack"},"predicate":{"exists":{}}}]}]}}}`,
		},
		{
			"a large expression wants something",
			[]offer.Need{constrained("rack", "LIKE", strings.Repeat("(a|b).", 50))},
			`{"role_constraints":{"web":{"groups":[{"attribute_constraints":[{"selector":{"attribute_name":"rack"},"predicate":{"exists":{}}}]}]}}}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := offer.OfferConstraints(tt.needs, "web")
			text, err := got.MarshalJSON()
			if err != nil || string(text) != tt.want {
				t.Errorf("got  %s, %v\nwant %s", text, err, tt.want)
			}
		})
	}
	elsewhere := constrained("rack", "IS", "a")
	elsewhere.Roles = []string{"db"}
	if got := offer.OfferConstraints([]offer.Need{elsewhere}, "web", "db"); len(got.RoleConstraints) != 1 || len(got.RoleConstraints["db"].Groups) != 1 {
		t.Errorf("by role: %v", got)
	}
}

// TestOfferConstraintsKeepNothing checks that whatever serves a need would have been offered.
func TestOfferConstraintsKeepNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := anyWorld(r, t)
		asked := offer.OfferConstraints(w.needs, "web").RoleConstraints["web"].Groups
		for _, a := range offer.Match(w.offers, w.needs, w.options).Accepts {
			at := slices.IndexFunc(w.offers, func(o mesos.Offer) bool { return o.ID == a.OfferIDs[0] })
			if len(asked) > 0 && !slices.ContainsFunc(asked, func(g mesos.OfferConstraintsRoleConstraintsGroup) bool { return passes(g, &w.offers[at]) }) {
				r.Fatalf("%s would not be offered by %v", a.Hostname, asked)
			}
		}
	})
}

// passes judges as a master does, of text attributes.
func passes(group mesos.OfferConstraintsRoleConstraintsGroup, o *mesos.Offer) bool {
	for _, c := range group.AttributeConstraints {
		text, exists := o.Hostname, true
		if c.Selector.AttributeName != nil {
			text, exists = valueOf(*c.Selector.AttributeName, "", o.Attributes)
			if exists && o.Attributes[slices.IndexFunc(o.Attributes, func(a mesos.Attribute) bool { return a.Name == *c.Selector.AttributeName })].Text == nil {
				continue
			}
		}
		p := c.Predicate
		ok := p.Exists != nil && exists || p.TextEquals != nil && exists && text == p.TextEquals.Value ||
			p.TextMatches != nil && exists && regexp.MustCompile("^("+p.TextMatches.Regex+")$").MatchString(text) ||
			p.TextNotMatches != nil && (!exists || !regexp.MustCompile("^("+p.TextNotMatches.Regex+")$").MatchString(text))
		if !ok {
			return false
		}
	}
	return true
}
