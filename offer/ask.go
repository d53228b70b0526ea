package offer

import (
	"regexp/syntax"
	"slices"
	"unicode"

	"github.com/ormosproject/ormos/mesos"
)

// OfferConstraints are what the master (Mesos 1.11 and later) is to offer agents by, computed from the constraints of needs: for each of the
// framework's roles those agents of which some need could make use. They go into SUBSCRIBE and UPDATE_FRAMEWORK, whenever the needs change.
//
// They never keep away an offer that could serve a need. So they say less than the needs do: a role is not in them where a need has
// nothing that the master could judge, nor where no need may use it. What depends on where instances run is left to [Match], and so are
// regular expressions that may be larger than a master accepts.
func OfferConstraints(needs []Need, roles ...string) mesos.OfferConstraints {
	byRole := map[string]mesos.OfferConstraintsRoleConstraints{}
	for _, role := range roles {
		if groups := groupsFor(role, needs); len(groups) > 0 {
			byRole[role] = mesos.OfferConstraintsRoleConstraints{Groups: groups}
		}
	}
	return mesos.OfferConstraints{RoleConstraints: byRole}
}

// groupsFor are the conditions of which an agent is to fulfill one group; none where all agents will do.
func groupsFor(role string, needs []Need) []mesos.OfferConstraintsRoleConstraintsGroup {
	var groups []mesos.OfferConstraintsRoleConstraintsGroup
	known := map[string]bool{}
	for i := range needs {
		n := &needs[i]
		if len(n.Roles) > 0 && !slices.Contains(n.Roles, role) {
			continue
		}
		var key []byte
		var all []mesos.AttributeConstraint
		for _, c := range n.Constraints {
			if one, ok := c.forMaster(); ok {
				all = append(all, one)
				key = appendText(key, c.String())
			}
		}
		if len(all) == 0 {
			return nil
		}
		if !known[string(key)] {
			known[string(key)] = true
			groups = append(groups, mesos.OfferConstraintsRoleConstraintsGroup{AttributeConstraints: all})
		}
	}
	return groups
}

// forMaster says of a constraint what the master can judge, false for nothing.
func (c Constraint) forMaster() (mesos.AttributeConstraint, bool) {
	var p mesos.AttributeConstraintPredicate
	r, err := c.compile()
	switch {
	case err != nil:
		return mesos.AttributeConstraint{}, false
	case c.Operator == Unlike && !small(c.Value), c.Operator == Home: // no predicate says "or not to be there"
		return mesos.AttributeConstraint{}, false
	case c.Operator == Unlike:
		p.TextNotMatches = &mesos.AttributeConstraintPredicateTextNotMatches{Regex: c.Value}
	case c.Operator == Like && small(c.Value):
		p.TextMatches = &mesos.AttributeConstraintPredicateTextMatches{Regex: c.Value}
	case c.Operator == Is, c.Operator == Cluster && !r.counts():
		p.TextEquals = &mesos.AttributeConstraintPredicateTextEquals{Value: c.Value}
	case c.Field == "hostname", c.Field == HostnameField:
		return mesos.AttributeConstraint{}, false // every agent has one
	default:
		p.Exists = &mesos.AttributeConstraintPredicateExists{}
	}
	return mesos.AttributeConstraint{Selector: selector(c.Field), Predicate: p}, true
}

func selector(field string) mesos.AttributeConstraintSelector {
	switch field {
	case "hostname", HostnameField:
		return mesos.AttributeConstraintSelector{PseudoattributeType: new(mesos.AttributeConstraintSelectorPseudoattributeTypeHostname)}
	case RegionField:
		return mesos.AttributeConstraintSelector{PseudoattributeType: new(mesos.AttributeConstraintSelectorPseudoattributeTypeRegion)}
	case ZoneField:
		return mesos.AttributeConstraintSelector{PseudoattributeType: new(mesos.AttributeConstraintSelectorPseudoattributeTypeZone)}
	}
	return mesos.AttributeConstraintSelector{AttributeName: new(field)}
}

// small tells whether every master takes the expression: one that it finds too large ends the subscription. By its flags a program has at most
// 100 instructions, for bytes; ours are for characters, of which those beyond ASCII take several.
func small(expression string) bool {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return false
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return false
	}
	size := 0
	for i := range program.Inst {
		in := &program.Inst[i]
		switch size++; {
		case in.Op == syntax.InstRuneAny, in.Op == syntax.InstRuneAnyNotNL:
			size += 10
		case in.Op == syntax.InstRune || in.Op == syntax.InstRune1:
			if size += len(in.Rune) / 2; slices.Max(in.Rune) > unicode.MaxASCII {
				size += 20
			}
		}
	}
	return size <= 50
}
