package local

import (
	"context"
	"net"

	"github.com/ormosproject/ormos/internal/memory"
)

// Network is where a cluster listens, and where connections to it are opened. TCP is one, InMemory makes another.
type Network interface {
	// Listen listens at an address, host:port; port 0 is any. The listener's address is a *net.TCPAddr.
	Listen(ctx context.Context, network, address string) (net.Listener, error)
	// Dial opens a connection to an address, host:port.
	Dial(ctx context.Context, network, address string) (net.Conn, error)
}

var (
	_ Network = TCP{}
	_ Network = (*memory.Network)(nil)
)

// TCP is the machine's own network.
type TCP struct{}

// Listen listens on a socket.
func (TCP) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, network, address)
}

// Dial connects to a socket.
func (TCP) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, address)
}

// InMemory makes a network inside this process, which nothing outside reaches: no port is taken on the machine, and whoever waits for such a
// connection is idle to testing/synctest, so that virtual time passes.
func InMemory() Network { return memory.New() }

// Dial opens a connection to master or agents over the cluster's network. It is what schedulers and executors are given as their
// Options.Dial; http.Transport takes it as DialContext.
func (c *Cluster) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return c.Network.Dial(ctx, network, address)
}
