package app

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// checkPlacement is about where instances may run. The roles are those that the app may have.
func (a *App) checkPlacement(r *rules, roles []string) {
	for i, c := range a.Constraints {
		if wrong := c.wrong(); wrong != "" {
			r.add(element("/constraints", i), wrong)
		}
	}
	if repeats(a.Constraints) {
		r.add("/constraints", "Elements must be unique.")
	}
	checkRole(r, "/role", a.Role)
	if !slices.Contains(roles, a.Role) {
		r.together("/role", "got "+a.Role+", expected one of: ["+strings.Join(roles, ", ")+"]")
	}
	if a.AcceptedResourceRoles != nil && len(a.AcceptedResourceRoles) == 0 {
		r.add("/acceptedResourceRoles", "must not be empty")
	}
	if repeats(a.AcceptedResourceRoles) {
		r.add("/acceptedResourceRoles", "Elements must be unique.")
	}
	for i, role := range a.AcceptedResourceRoles {
		checkRole(r, element("/acceptedResourceRoles", i), role)
		if role != "*" && role != a.Role {
			r.together("/acceptedResourceRoles", "acceptedResourceRoles can only contain * and "+a.Role)
		}
	}
}

// checkRole holds a role against Mesos' rules for their names.
func checkRole(r *rules, path, role string) {
	const message = "A role name must not "
	switch {
	case role == "" || role == "." || role == "..":
		r.add(path, message+`be "`+role+`".`)
	case strings.HasPrefix(role, "-"):
		r.add(path, message+"start with a '-'.")
	case strings.ContainsAny(role, "\t\n\v\f\r /\x7f"):
		r.add(path, message+"include a space, a slash or a control character.")
	}
}

var isValue = regexp.MustCompile(`^[a-zA-Z0-9_/.-]*$`)

// wrong says what is wrong with a constraint, "" when nothing is.
func (c Constraint) wrong() string {
	if c.Field == "" {
		return "missing field for constraint declaration"
	}
	_, err := strconv.ParseInt(c.Value, 10, 32)
	whole := err == nil
	switch c.Operator {
	case "UNIQUE":
		if c.Value != "" {
			return "UNIQUE does not accept a value"
		}
	case "CLUSTER":
	case "GROUP_BY":
		if c.Value != "" && !whole {
			return "GROUP BY must define an integer value or else no value at all"
		}
	case "MAX_PER":
		if !whole {
			return "MAX_PER requires an integer value"
		}
	case "LIKE", "UNLIKE":
		return c.wrongPattern()
	case "IS":
		if !isValue.MatchString(c.Value) {
			return "IS only supports Mesos text and float values"
		}
	default:
		return "operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS"
	}
	return ""
}

func (c Constraint) wrongPattern() string {
	if c.Value == "" {
		return "LIKE and UNLIKE require a non-empty, regular expression value"
	}
	if _, err := regexp.Compile(c.Value); err != nil {
		return "is not a valid regular expression: " + strings.TrimPrefix(err.Error(), "error parsing regexp: ")
	}
	return ""
}
