package offer

import "github.com/ormosproject/ormos/mesos"

// MatchSlowly looks at all lots for each need: what Match must find, too.
func MatchSlowly(offers []mesos.Offer, needs []Need, o Options) Result {
	return newMatcher(offers, needs, o).run((*matcher).serveOne)
}
