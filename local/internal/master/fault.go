package master

import "context"

// RescindOffers takes back all offers that nobody has answered yet, as if their time was over, and returns when that is done; false
// when the master has ended.
func (m *Master) RescindOffers(ctx context.Context) bool {
	return m.do(ctx, func() {
		for _, o := range sortedOffers(m.offers) {
			m.rescind(o)
		}
	})
}
