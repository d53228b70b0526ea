// Package docs holds no code. Its tests keep README.md, CONTRIBUTING.md and docs/*.md true:
// they run every command block, compare every Go snippet with the source it was taken from,
// and follow every link inside the repository. CONTRIBUTING.md tells what a writer has to do.
//
//	go test ./internal/docs           checks
//	go test ./internal/docs -update   writes the Go snippets anew
package docs
