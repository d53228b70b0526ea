// Package app has the framework's nouns, in Marathon's words: what is to run (App, Group), what runs (Task, Info,
// Deployment), and what goes wrong (Error).
//
//	doc, err := app.Parse(file, app.YAML)
//	u, err := doc.App()                          // strict: what is unknown or no such thing is an *app.Error with paths
//	a, err := u.Apply(old, app.Root, app.Defaults{}) // the fields that are given, onto the old app or the defaults
//
// What is applied is normal: deprecated fields are translated, everything has its default, the definition keeps
// Marathon's rules. Nothing here waits, dials or asks the time, the REST client excepted.
//
// The caller's duties: treat an App or a Group that others know as constant, and Clone it to change it.
package app
