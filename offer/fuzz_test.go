package offer_test

import (
	"testing"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// FuzzMatch matches with whatever a master may send.
func FuzzMatch(f *testing.F) {
	for _, seed := range []string{
		`{"id":{"value":"o"},"agent_id":{"value":"a"},"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":1}},{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":1,"end":9}]}}]}`,
		`{"resources":[{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":0,"end":18446744073709551615},{"begin":7,"end":3}]}},{"name":"cpus","type":"SCALAR"},{"name":"cpus","type":"SET"}]}`,
		`{"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":-1e300}},{"name":"disk","type":"SCALAR","scalar":{"value":1e300},"disk":{"persistence":{"id":"v"}}},{"name":"ports","type":"SCALAR","scalar":{"value":3}}]}`,
		`{"resources":[{"name":"disk","type":"SCALAR","scalar":{"value":99},"disk":{"source":{"type":"MOUNT"}},"reservations":[{}]},{"name":"cpus","type":"RANGES","ranges":{"range":[{"begin":1,"end":9}]}}],"attributes":[{"name":"rack","type":"SCALAR"}]}`,
	} {
		f.Add([]byte(seed))
	}
	plain, constrained := wants(f, "x", "cpus:0.1", offer.Port{}, offer.Port{Number: 5}), wants(f, "y", "cpus:0.1", offer.Port{})
	constrained.Constraints = []offer.Constraint{{Field: "rack", Operator: offer.Unlike, Value: "a"}, {Field: "@zone", Operator: offer.Unlike, Value: "b"}}
	mount := withVolume(f, "z", offer.Volume{ID: "v", Size: 1, Disk: offer.MountDisk})
	needs := []offer.Need{plain, constrained, constrained, wants(f, "port", "", offer.Port{}), withVolume(f, "v", offer.Volume{ID: "v", Size: 1}), mount, grouped(f, "g")}
	f.Fuzz(func(t *testing.T, b []byte) {
		var o mesos.Offer
		if o.UnmarshalJSON(b) != nil {
			return
		}
		for seed := range uint64(2) {
			result := offer.Match([]mesos.Offer{o, o}, needs, offer.Options{Seed: seed, MixGPUs: seed > 0})
			for i := range needs {
				_ = result.Explain(i).String()
			}
			for i := range result.Accepts {
				result.Accepts[i].Operations()
			}
		}
	})
}
