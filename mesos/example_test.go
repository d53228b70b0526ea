package mesos_test

import (
	"fmt"

	"github.com/ormosproject/ormos/mesos"
)

// A scheduler takes what a task needs out of an offer. What was reserved to it is taken
// first and stays marked as such, as LAUNCH wants it.
func ExampleResources_Take() {
	offered, err := mesos.ParseResources("cpus:4;cpus(web):1;mem:2048;ports:[31000-31009]")
	if err != nil {
		fmt.Println(err)
		return
	}
	taken, rest, ok := offered.Take(mesos.CPUs(1.5), mesos.Mem(32))
	if !ok {
		fmt.Println("decline")
		return
	}
	ports, rest, ok := rest.TakePorts(1)
	fmt.Println(taken)
	fmt.Println(ports, ok)
	fmt.Println(rest)
	// Output:
	// cpus(reservations: [(STATIC,web)]):1; cpus:0.5; mem:32
	// ports:[31000-31000] true
	// cpus:3.5; mem:2016; ports:[31001-31009]
}
