// Package app has the framework's nouns, in Marathon's words: what is to run (App, Group), what runs (Task, Info,
// Deployment), and what goes wrong (Error).
//
//	a, err := app.Decode(file, app.Defaults{}) // strict: what is unknown, missing or impossible is an *app.Error with paths
//
// What is decoded is normal: deprecated fields are translated, everything has its default, the definition keeps
// Marathon's rules. Nothing here waits, dials or asks the time, the REST client excepted.
//
// The caller's duties: treat an App or a Group that others know as constant, and Clone it to change it.
package app
