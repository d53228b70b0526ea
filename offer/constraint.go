package offer

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/ormosproject/ormos/mesos"
)

// Operator is what a [Constraint] asks of its field. The words are Marathon's.
type Operator string

const (
	// Unique allows one instance of the group for each value.
	Unique Operator = "UNIQUE"
	// Cluster wants all instances of the group on one value: Value, or that of the first instance.
	Cluster Operator = "CLUSTER"
	// GroupBy spreads the group evenly: it allows values on which the fewest instances run, of those that are known from
	// instances, and values that are new. Until there are as many as Value says, only new ones.
	GroupBy Operator = "GROUP_BY"
	// Like wants the whole value to match the regular expression in Value (RE2).
	Like Operator = "LIKE"
	// Unlike wants the value not to match, or not to be there.
	Unlike Operator = "UNLIKE"
	// MaxPer allows as many instances of the group for each value as Value says.
	MaxPer Operator = "MAX_PER"
	// Is wants the value to be Value; scalars are compared in thousandths.
	Is Operator = "IS"
	// Home wants the value to be Value, or not to be there, as text. It is no operator of Marathon's, but what Marathon does with regions: a framework
	// that gets offers of remote ones (REGION_AWARE) stays in the masters' unless it is told otherwise, and agents that tell no region are there.
	Home Operator = "HOME"
)

// The fields that are not attributes.
const (
	HostnameField = "@hostname" // also without the @
	RegionField   = "@region"
	ZoneField     = "@zone"
)

// A Constraint is a condition on the agent that serves a need. An agent without the field fulfills none but [Unlike] and [Home].
type Constraint struct {
	// Field is "hostname" or "@hostname", "@region", "@zone", or the name of an attribute.
	Field string
	// Operator says how the field is compared.
	Operator Operator
	// Value depends on the operator.
	Value string
}

// ParseConstraint reads a constraint as Marathon writes it: field, operator and, where it has one, value. The operator may
// be in lower case.
func ParseConstraint(words ...string) (Constraint, error) {
	if len(words) < 2 || len(words) > 3 {
		return Constraint{}, fmt.Errorf("cannot read constraint %q: want field, operator and perhaps a value", words)
	}
	parsed := Constraint{Field: words[0], Operator: Operator(strings.ToUpper(words[1]))}
	if len(words) == 3 {
		parsed.Value = words[2]
	}
	return parsed, parsed.Validate()
}

// String is the constraint in words: rack LIKE r[12].
func (c Constraint) String() string {
	if c.Value == "" {
		return c.Field + " " + string(c.Operator)
	}
	return c.Field + " " + string(c.Operator) + " " + c.Value
}

// Validate tells what is wrong with the constraint, nil when nothing is. A need with a constraint that is wrong matches no offer.
func (c Constraint) Validate() error {
	_, err := c.compile()
	return err
}

// rule is a constraint made ready.
type rule struct {
	Constraint
	pattern *regexp.Regexp
	number  int
	// milli is Value as a number, if it is one.
	milli    int64
	isNumber bool
	// tally is of the group, where it counts; verdicts, by the numbers of values, what the pattern said.
	tally    *tally
	field    *field
	verdicts *verdicts
}

// verdicts are what a pattern says of the values of a field, by their numbers: 0 where it was not asked yet.
type verdicts struct{ of []int8 }

func (v *verdicts) allows(r *rule, value int32, t *traits) bool {
	for int(value) >= len(v.of) {
		v.of = append(v.of, 0)
	}
	if v.of[value] == 0 {
		v.of[value] = -1
		if r.allows(t) {
			v.of[value] = 1
		}
	}
	return v.of[value] > 0
}

var literal = regexp.MustCompile(`^[a-zA-Z0-9_/.-]*$`)

func (c Constraint) compile() (rule, error) {
	compiled := rule{Constraint: c}
	if c.Field == "" {
		return compiled, fmt.Errorf("cannot use constraint %q: it has no field", c)
	}
	var err error
	switch c.Operator {
	case Unique:
		if c.Value != "" {
			err = fmt.Errorf("cannot use constraint %q: UNIQUE has no value", c)
		}
	case Cluster, Home:
	case GroupBy:
		if c.Value != "" {
			compiled.number, err = c.count(0)
		}
	case MaxPer:
		compiled.number, err = c.count(1)
	case Like, Unlike:
		if compiled.pattern, err = regexp.Compile(`\A(?:` + c.Value + `)\z`); err == nil {
			_, err = regexp.Compile(c.Value) // by itself, so that no parenthesis reaches out
		}
		if err != nil {
			err = fmt.Errorf("cannot use constraint %q: %w", c, err)
		}
	case Is:
		if !literal.MatchString(c.Value) {
			err = fmt.Errorf("cannot use constraint %q: a value consists of letters, digits and _/.-", c)
		}
		if number, numeric := strconv.ParseFloat(c.Value, 64); numeric == nil {
			compiled.milli, compiled.isNumber = mesos.Thousandths(number), true
		}
	default:
		err = fmt.Errorf("cannot use constraint %q: the operator is none of UNIQUE, CLUSTER, GROUP_BY, LIKE, UNLIKE, MAX_PER, IS, HOME", c)
	}
	return compiled, err
}

func (c Constraint) count(least int) (int, error) {
	n, err := strconv.Atoi(c.Value)
	if err != nil || n < least {
		return 0, fmt.Errorf("cannot use constraint %q: the value is not a number of at least %d", c, least)
	}
	return n, nil
}

// counts tells whether the constraint depends on where instances of the group run.
func (r *rule) counts() bool {
	return r.Operator == Unique || r.Operator == MaxPer || r.Operator == GroupBy || r.Operator == Cluster && r.Value == ""
}

// allows judges an agent by itself, without the other instances.
func (r *rule) allows(t *traits) bool {
	text, ok := t.value(r.Field)
	switch {
	case !ok:
		return r.Operator == Unlike || r.Operator == Home
	case r.Operator == Like:
		return r.pattern.MatchString(text)
	case r.Operator == Unlike:
		return !r.pattern.MatchString(text)
	case r.Operator == Is:
		return text == r.Value || r.isNumber && sameNumber(t.attribute(r.Field), r.milli)
	case r.Operator == Home, r.Operator == Cluster && r.Value != "":
		return text == r.Value
	}
	return true
}

// sameNumber compares a scalar attribute in thousandths.
func sameNumber(attribute *mesos.Attribute, milli int64) bool {
	return attribute != nil && attribute.Type == mesos.ValueTypeScalar && attribute.Scalar != nil &&
		mesos.Thousandths(attribute.Scalar.Value) == milli
}

// allowsAmong judges a value by where the instances of the group are.
func (r *rule) allowsAmong(t *tally, value int32) bool {
	n := t.count(value)
	switch r.Operator {
	case Unique:
		return n == 0
	case MaxPer:
		return int(n) < r.number
	case Cluster:
		return n > 0 || t.values == 0
	default:
		return n == 0 || t.values >= r.number && n == t.least
	}
}
