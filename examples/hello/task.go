package main

import (
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/ormosproject/ormos/mesos"
)

// What the executor needs beside its task: the least that Mesos takes without a warning.
const (
	executorCPUs = 0.01
	executorMem  = 32
)

// template is what all tasks of the framework have in common.
type template struct {
	cpus, mem float64              // mem in MB
	data      string               // the page
	artifact  mesos.CommandInfoURI // this program, which is the executor too
}

// task prepares a task with a port out of what is offered. The error says what the offer lacks.
func (t template) task(o *mesos.Offer) (mesos.TaskInfo, error) {
	offered := mesos.Resources(o.Resources)
	port, ok := anyOf(offered.Ports())
	if !ok {
		return mesos.TaskInfo{}, fmt.Errorf("it has no port")
	}
	own, left, ok := offered.Take(mesos.CPUs(executorCPUs), mesos.Mem(executorMem))
	taken, _, fits := left.Take(mesos.CPUs(t.cpus), mesos.Mem(t.mem), mesos.PortNumbers(port))
	if !ok || !fits {
		return mesos.TaskInfo{}, fmt.Errorf("it takes cpus %g and mem %g MB, the executor's included", t.cpus+executorCPUs, t.mem+executorMem)
	}
	program := t.artifact
	program.OutputFile = new("hello")
	id := "hello-" + strings.ToLower(rand.Text()[:8])
	return mesos.TaskInfo{
		Name: "hello", TaskID: mesos.TaskID{Value: id}, AgentID: o.AgentID, Resources: taken, Data: []byte(t.data),
		Executor: &mesos.ExecutorInfo{
			Type: new(mesos.ExecutorInfoTypeCustom), ExecutorID: mesos.ExecutorID{Value: id}, Name: new("hello"), Resources: own,
			Command: &mesos.CommandInfo{
				Shell: new(false), Value: new("./hello"), Arguments: []string{"hello", "execute"},
				URIs: []mesos.CommandInfoURI{program},
			},
		},
	}, nil
}

// anyOf picks one of the ports: always the same one would fail always if somebody else has it.
func anyOf(ports mesos.Ranges) (uint64, bool) {
	if ports.Size() == 0 {
		return 0, false
	}
	i := mathrand.N(ports.Size())
	for _, r := range ports {
		if size := r.End - r.Begin + 1; i >= size {
			i -= size
			continue
		}
		return r.Begin + i, true
	}
	return 0, false
}

// port is the port that a task was given.
func port(t *mesos.TaskInfo) string {
	for _, r := range mesos.Resources(t.Resources).Ports() {
		return strconv.FormatUint(r.Begin, 10)
	}
	return ""
}

// pageAddress is where the executor serves the page: the task's port of the address under which the agent is known.
func pageAddress(agentURL string, t *mesos.TaskInfo) string {
	host := "" // all addresses
	if agent, err := url.Parse(agentURL); err == nil {
		host = agent.Hostname()
	}
	return net.JoinHostPort(host, port(t))
}

// pageURL is where the page of a task on this offer will be.
func pageURL(o *mesos.Offer, t *mesos.TaskInfo) string {
	host := o.Hostname
	if o.URL != nil && o.URL.Address.IP != nil {
		host = *o.URL.Address.IP
	}
	return "http://" + net.JoinHostPort(host, port(t))
}

// launch is the operation that launches a task.
func launch(t mesos.TaskInfo) []mesos.OfferOperation {
	return []mesos.OfferOperation{{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: []mesos.TaskInfo{t}}}}
}
