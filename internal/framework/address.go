package framework

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// addresses are where agents are asked, by their ids: as their offers say, and for those that have not offered anything yet as the
// master says.
type addresses struct {
	options   operator.Options // of the master
	encrypted bool

	mu sync.Mutex
	of map[string]string
}

func newAddresses(o operator.Options) *addresses {
	return &addresses{options: o, encrypted: o.Security.TLS.On(), of: map[string]string{}}
}

// learn takes note of the agents that offer.
func (a *addresses) learn(offers []mesos.Offer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range offers {
		o := &offers[i]
		if o.URL == nil || a.of[o.AgentID.Value] != "" {
			continue
		}
		host := o.URL.Address.GetIP()
		if a.encrypted || host == "" { // a certificate is for a name
			host = o.Hostname
		}
		a.of[strings.Clone(o.AgentID.Value)] = net.JoinHostPort(host, strconv.Itoa(int(o.URL.Address.Port)))
	}
}

func (a *addresses) known(agent string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of[agent]
}

// find gives an agent's address, host:port.
func (a *addresses) find(ctx context.Context, agent string) (string, error) {
	if at := a.known(agent); at != "" {
		return at, nil
	}
	master, err := operator.NewMaster(a.options)
	if err != nil {
		return "", err
	}
	defer master.Close()
	all, err := master.GetAgents(ctx)
	if err != nil {
		return "", err
	}
	a.learnAll(all.Agents)
	if at := a.known(agent); at != "" {
		return at, nil
	}
	return "", fmt.Errorf("the master knows no agent %s", agent)
}

func (a *addresses) learnAll(agents []operator.MasterResponseGetAgentsAgent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range agents {
		info := &agents[i].AgentInfo
		if info.ID == nil {
			continue
		}
		at := net.JoinHostPort(info.Hostname, strconv.Itoa(int(info.GetPort())))
		if _, address, ok := strings.Cut(agents[i].GetPID(), "@"); ok && !a.encrypted {
			at = address
		}
		a.of[info.ID.Value] = at
	}
}

// onLoopback tells whether a URL is for this machine only.
func onLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// isElsewhere tells whether an address is another machine's. Of what is no address, and where that cannot be told, it is false.
func isElsewhere(address string) bool {
	ip := net.ParseIP(address)
	if ip == nil || ip.IsLoopback() || ip.IsUnspecified() {
		return false
	}
	own, err := net.InterfaceAddrs()
	return err == nil && !slices.ContainsFunc(own, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(ip)
	})
}
