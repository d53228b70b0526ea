package offer

import "github.com/ormosproject/ormos/mesos"

// Examine looks at needs as [Match] does, but serves none of them: its result has neither accepts nor untouched offers, and is for
// [Result.Explain]. Every need is judged by the same offers.
func Examine(offers []mesos.Offer, needs []Need, o Options) Result {
	result := Result{matcher: newMatcher(offers, needs, o)}
	for i := range needs {
		result.Unmatched = append(result.Unmatched, i)
	}
	return result
}
