// Package app has the framework's nouns, in Marathon's words: what is to run (App, Group), what runs (Task, Info,
// Deployment), and what goes wrong (Error).
//
//	doc, err := app.Parse(file, app.YAML)            // the text as such
//	u, err := doc.App()                              // strict: what is unknown or of a wrong type is an *app.Error with all places
//	a, err := u.Apply(old, app.Root, app.Defaults{}) // the fields that are given, onto the old app or the defaults; the rules
//	err = pool.Assign(a, old)                        // service ports
//	a.Version = app.At(now)
//
// What is applied is normal: deprecated fields are translated, everything has its default, the definition keeps
// Marathon's rules. A [Group.Validate] of the whole tree tells what single apps cannot know. Nothing here waits, dials or
// asks the time, the REST client excepted.
//
// The caller's duties: treat an App or a Group that others know as constant, and Clone it to change it; give what has
// changed its ports and its version.
package app
