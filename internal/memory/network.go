// Package memory is a network inside one process: listeners and connections as TCP's, of which the operating system knows nothing. Tests
// in virtual time (testing/synctest) need it, since whoever waits for a socket is not idle there; and a thousand listeners cost nothing.
//
//	network := memory.New()
//	listener, err := network.Listen(ctx, "tcp", "127.0.0.1:0")
//	conn, err := network.Dial(ctx, "tcp", listener.Addr().String())
//
// Every host name is this one machine: only the port tells listeners apart. A connection holds what was written and not read yet, up to
// 256 KiB, so that a writer need not wait for its reader; what was written before Close still arrives. Whoever listens or dials closes
// what that gave.
package memory

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"
)

const (
	// firstPort is the first that is given to those who ask for any.
	firstPort = 10000
	lastPort  = 65535
	// backlog is how many connections may wait for Accept before further dials wait.
	backlog = 128
)

// Network is a network of its own. Its methods may be called from any goroutine.
type Network struct {
	mu        sync.Mutex
	listeners map[int]*listener // by port
	next      int               // port to be tried for those who ask for any, and for the near ends of connections
}

// New makes a network on which nobody listens.
func New() *Network { return &Network{listeners: map[int]*listener{}, next: firstPort} }

// Listen listens at an address, host:port, where host is an IP address and port 0 is any.
func (n *Network) Listen(_ context.Context, network, address string) (net.Listener, error) {
	at, err := parse(address)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if at.Port == 0 {
		at.Port = n.freePort()
	}
	if n.listeners[at.Port] != nil || at.Port == 0 {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: at, Err: syscall.EADDRINUSE}
	}
	l := &listener{network: n, address: at, waiting: make(chan *conn, backlog), closed: make(chan struct{})}
	n.listeners[at.Port] = l
	return l, nil
}

// freePort finds a port on which nobody listens; 0 when there is none.
func (n *Network) freePort() int {
	for range lastPort - firstPort {
		if port := n.nextPort(); n.listeners[port] == nil {
			return port
		}
	}
	return 0
}

func (n *Network) nextPort() int {
	port := n.next
	if n.next++; n.next > lastPort {
		n.next = firstPort
	}
	return port
}

// Dial opens a connection to whoever listens at the address' port. It fails with ECONNREFUSED where nobody does.
func (n *Network) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := parse(address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	n.mu.Lock()
	l := n.listeners[to.Port]
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: n.nextPort()}
	n.mu.Unlock()
	if l == nil {
		return nil, refused(network, to)
	}
	near, far := pair(from, to)
	select {
	case l.waiting <- far:
		l.sweep()
		return near, nil
	case <-l.closed:
		return nil, refused(network, to)
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: network, Addr: to, Err: ctx.Err()}
	}
}

func refused(network string, to net.Addr) error {
	return &net.OpError{Op: "dial", Net: network, Addr: to, Err: syscall.ECONNREFUSED}
}

// parse reads host:port. A host that is a name is the loopback address.
func parse(address string) (*net.TCPAddr, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 0 || port > lastPort {
		return nil, fmt.Errorf("the port %q is not a number from 0 to %d", text, lastPort)
	}
	ip := net.ParseIP(host)
	if ip == nil {
		ip = net.IPv4(127, 0, 0, 1)
	}
	return &net.TCPAddr{IP: ip, Port: port}, nil
}

// listener holds connections until they are accepted.
type listener struct {
	network *Network
	address *net.TCPAddr
	waiting chan *conn
	once    sync.Once
	closed  chan struct{}
}

// Accept waits for the next connection.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, l.end()
	default:
	}
	select {
	case c := <-l.waiting:
		return c, nil
	case <-l.closed:
		return nil, l.end()
	}
}

func (l *listener) end() error {
	return &net.OpError{Op: "accept", Net: "tcp", Addr: l.address, Err: net.ErrClosed}
}

// Close frees the port and ends the connections that nobody has accepted.
func (l *listener) Close() error {
	l.once.Do(func() {
		l.network.mu.Lock()
		delete(l.network.listeners, l.address.Port)
		l.network.mu.Unlock()
		close(l.closed)
	})
	l.sweep()
	return nil
}

// sweep ends what waits for a listener that is closed. It is called after closing, and after adding.
func (l *listener) sweep() {
	select {
	case <-l.closed:
	default:
		return
	}
	for {
		select {
		case c := <-l.waiting:
			c.Close()
		default:
			return
		}
	}
}

// Addr is where it listens.
func (l *listener) Addr() net.Addr { return l.address }

// Pipe gives the two ends of a connection that nobody listened for.
func Pipe() (near, far net.Conn) {
	from, to := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2}
	return pair(from, to)
}
