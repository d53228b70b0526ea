package app

// Validate tells whether an app keeps all rules. The error is an *Error of code Invalid.
func (a *App) Validate(d Defaults) error {
	var f faults
	if a.Cmd != nil && len(a.Args) > 0 {
		f.addAt(0, 0, "/", "AppDefinition must not contain both 'cmd' and 'args'")
	}
	return f.err()
}
