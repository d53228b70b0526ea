package master

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/ormosproject/ormos/mesos"
)

// constraints are offer constraints of one role: an agent is offered when it meets all constraints of any group. Without
// groups every agent is.
type constraints [][]constraint

// constraint judges one attribute, or pseudo-attribute, of an agent.
type constraint struct {
	attribute string
	pseudo    mesos.AttributeConstraintSelectorPseudoattributeType
	allows    func(text string, isText, exists bool) bool
}

// compileConstraints checks offer constraints against the framework's roles and prepares them, by role.
func compileConstraints(c *mesos.OfferConstraints, roles []string) (map[string]constraints, error) {
	if c == nil {
		return nil, nil
	}
	compiled := map[string]constraints{}
	for role, of := range c.RoleConstraints {
		if !slices.Contains(roles, role) {
			return nil, fmt.Errorf("offer constraints are for role %q, to which the framework does not subscribe", role)
		}
		for i := range of.Groups {
			group, err := compileGroup(&of.Groups[i])
			if err != nil {
				return nil, fmt.Errorf("offer constraints of role %q: %w", role, err)
			}
			compiled[role] = append(compiled[role], group)
		}
	}
	return compiled, nil
}

func compileGroup(g *mesos.OfferConstraintsRoleConstraintsGroup) ([]constraint, error) {
	group := make([]constraint, len(g.AttributeConstraints))
	for i := range g.AttributeConstraints {
		one := &g.AttributeConstraints[i]
		allows, err := compilePredicate(&one.Predicate)
		if err != nil {
			return nil, err
		}
		named, pseudo := one.Selector.AttributeName != nil, one.Selector.GetPseudoattributeType()
		if named == (pseudo != mesos.AttributeConstraintSelectorPseudoattributeTypeUnknown) {
			return nil, fmt.Errorf("a selector must name one attribute or pseudo-attribute")
		}
		group[i] = constraint{attribute: one.Selector.GetAttributeName(), pseudo: pseudo, allows: allows}
	}
	return group, nil
}

// compilePredicate gives the judgement of a predicate. What compares texts lets other types of attributes pass, so that the
// scheduler decides.
func compilePredicate(p *mesos.AttributeConstraintPredicate) (func(text string, isText, exists bool) bool, error) {
	switch {
	case p.Exists != nil:
		return func(_ string, _, exists bool) bool { return exists }, nil
	case p.NotExists != nil:
		return func(_ string, _, exists bool) bool { return !exists }, nil
	case p.TextEquals != nil:
		want := p.TextEquals.Value
		return func(text string, isText, exists bool) bool { return exists && (!isText || text == want) }, nil
	case p.TextNotEquals != nil:
		unwanted := p.TextNotEquals.Value
		return func(text string, isText, exists bool) bool { return !exists || !isText || text != unwanted }, nil
	case p.TextMatches != nil:
		re, err := wholeMatch(p.TextMatches.Regex)
		return func(text string, isText, exists bool) bool { return exists && (!isText || re.MatchString(text)) }, err
	case p.TextNotMatches != nil:
		re, err := wholeMatch(p.TextNotMatches.Regex)
		return func(text string, isText, exists bool) bool { return !exists || !isText || !re.MatchString(text) }, err
	default:
		return nil, fmt.Errorf("a predicate is unknown")
	}
}

// maxRegex bounds what a framework may have us compile, in bytes, as --offer_constraints_re2_max_program_size does.
const maxRegex = 1024

func wholeMatch(expression string) (*regexp.Regexp, error) {
	if len(expression) > maxRegex {
		return nil, fmt.Errorf("a regular expression of %d bytes is too large", len(expression))
	}
	if _, err := regexp.Compile(expression); err != nil {
		return nil, fmt.Errorf("cannot use regular expression %q: %w", expression, err)
	}
	return regexp.Compile(`\A(?:` + expression + `)\z`)
}

// allow tells whether an agent may be offered.
func (c constraints) allow(agent *agentTraits) bool {
	return len(c) == 0 || slices.ContainsFunc(c, func(group []constraint) bool {
		return !slices.ContainsFunc(group, func(one constraint) bool { return !one.allow(agent) })
	})
}

// allow looks at all attributes of the name: one that fits is enough.
func (c *constraint) allow(agent *agentTraits) bool {
	switch c.pseudo {
	case mesos.AttributeConstraintSelectorPseudoattributeTypeHostname:
		return c.allows(agent.hostname, true, true)
	case mesos.AttributeConstraintSelectorPseudoattributeTypeRegion:
		return c.allows(agent.region, true, agent.region != "")
	case mesos.AttributeConstraintSelectorPseudoattributeTypeZone:
		return c.allows(agent.zone, true, agent.zone != "")
	}
	exists := false
	for i := range agent.attributes {
		one := &agent.attributes[i]
		if one.Name != c.attribute {
			continue
		}
		exists = true
		isText := one.Text != nil
		text := ""
		if isText {
			text = one.Text.Value
		}
		if c.allows(text, isText, true) {
			return true
		}
	}
	return !exists && c.allows("", false, false)
}
