package app

import "strconv"

const missing = "not defined"

// Validate tells whether an app keeps all rules. The error is an *Error of code Invalid.
func (a *App) Validate(d Defaults) error {
	var f faults
	a.validate(d, &f)
	return f.err()
}

func (a *App) validate(d Defaults, f *faults) {
	if a.Cmd != nil && len(a.Args) > 0 {
		f.addAt(0, 0, "/", "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.")
	}
}

// atLeast says that a number is too low.
func atLeast(got, least float64) string {
	return "got " + decimal(got) + ", expected " + decimal(least) + " or more"
}

// decimal writes a number as Marathon does: 0.0.
func decimal(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	for _, c := range s {
		if c == '.' {
			return s
		}
	}
	return s + ".0"
}
