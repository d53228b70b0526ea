package engine

import (
	"regexp"
	"regexp/syntax"
	"strconv"

	"github.com/ormosproject/ormos/offer"
)

// valuesOf is how many values of a field the constraints allow at most, unbounded when they do not say.
func valuesOf(field string, all []offer.Constraint) int {
	most := unbounded
	var same []offer.Constraint
	for _, c := range all {
		if fieldName(c.Field) != fieldName(field) {
			continue
		}
		same = append(same, c)
		switch {
		case c.Operator == offer.Cluster, c.Operator == offer.Is:
			most = min(most, 1)
		case c.Operator == offer.Like:
			most = min(most, matches(c.Value))
		}
	}
	for _, c := range same {
		if contradicted(c, same) {
			return 0
		}
	}
	return most
}

func fieldName(field string) string {
	if field == "hostname" {
		return offer.HostnameField
	}
	return field
}

// contradicted tells whether the one value that a constraint wants is ruled out by another. Numbers have more than one form, and are not judged.
func contradicted(c offer.Constraint, all []offer.Constraint) bool {
	if c.Operator != offer.Is && c.Operator != offer.Cluster || c.Value == "" || isNumber(c.Value) {
		return false
	}
	for _, other := range all {
		switch other.Operator {
		case offer.Is, offer.Cluster:
			if other.Value != "" && other.Value != c.Value && !isNumber(other.Value) {
				return true
			}
		case offer.Like, offer.Unlike:
			pattern, err := regexp.Compile(`\A(?:` + other.Value + `)\z`)
			if err == nil && pattern.MatchString(c.Value) != (other.Operator == offer.Like) {
				return true
			}
		}
	}
	return false
}

func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}

// matches is how many texts a regular expression matches at most: r[12] matches two.
func matches(expression string) int {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return unbounded
	}
	return texts(parsed.Simplify())
}

func texts(r *syntax.Regexp) int {
	switch r.Op {
	case syntax.OpNoMatch:
		return 0
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return 1
	case syntax.OpLiteral:
		if r.Flags&syntax.FoldCase == 0 {
			return 1
		}
	case syntax.OpCharClass:
		return runes(r.Rune)
	case syntax.OpCapture:
		return texts(r.Sub[0])
	case syntax.OpQuest:
		return sum(1, texts(r.Sub[0]))
	case syntax.OpConcat:
		n := 1
		for _, part := range r.Sub {
			n = product(n, texts(part))
		}
		return n
	case syntax.OpAlternate:
		n := 0
		for _, part := range r.Sub {
			n = sum(n, texts(part))
		}
		return n
	}
	return unbounded
}

// runes counts those of a class, given as ranges.
func runes(class []rune) int {
	n := 0
	for i := 0; i+1 < len(class); i += 2 {
		n = sum(n, int(class[i+1]-class[i])+1)
	}
	return n
}

func sum(a, b int) int { return min(a+b, unbounded) }
