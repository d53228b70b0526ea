package offer_test

import (
	"fmt"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

func Example() {
	agent := func(name, resources, rack string) mesos.Offer {
		r, _ := mesos.ParseResources(resources)
		attributes, _ := mesos.ParseAttributes("rack:" + rack)
		return mesos.Offer{
			ID: mesos.OfferID{Value: "offer-" + name}, AgentID: mesos.AgentID{Value: name}, Hostname: name,
			Resources: r.AllocatedTo("web"), AllocationInfo: &mesos.ResourceAllocationInfo{Role: new("web")}, Attributes: attributes,
		}
	}
	offers := []mesos.Offer{
		agent("agent1", "cpus:2;mem:512;ports:[31000-31009]", "a"),
		agent("agent2", "cpus:2;mem:512;ports:[31000-31009]", "a"),
		agent("agent3", "cpus:1;mem:512;ports:[31000-31009]", "b"),
	}
	var needs []offer.Need
	for i := range 3 {
		name := fmt.Sprint("web-", i)
		needs = append(needs, offer.Need{
			Name: name, Group: "web",
			Tasks: []offer.Task{{
				Info: mesos.TaskInfo{
					Name: "web", TaskID: mesos.TaskID{Value: name}, Command: &mesos.CommandInfo{Value: new("serve $PORT")},
					Resources: mesos.Resources{mesos.CPUs(1), mesos.Mem(64)},
				},
				Ports: []offer.Port{{Name: "http"}},
			}},
			Constraints: []offer.Constraint{{Field: "rack", Operator: offer.GroupBy}},
		})
	}
	needs[2].Tasks[0].Info.Resources = mesos.Resources{mesos.CPUs(2.5), mesos.Mem(64)}

	result := offer.Match(offers, needs, offer.Options{})
	for _, accept := range result.Accepts {
		for _, grant := range accept.Grants {
			fmt.Println(needs[grant.Need].Name, "runs on", accept.Hostname, "with port", grant.Port("http"))
		}
	}
	fmt.Println(result.Unmatched, result.Explain(2))
	// Output:
	// web-0 runs on agent1 with port 31000
	// web-1 runs on agent3 with port 31000
	// [2] web-2: offers fail at 3 of 3: cpus cpus; nearest on agent2: 0.5 cpus more
}
