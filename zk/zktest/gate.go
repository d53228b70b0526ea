package zktest

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Gate is an address of a server. Open, as it is at first, it passes connections on; shut, it closes them.
type Gate struct {
	// Addr is its host:port.
	Addr string

	listener net.Listener
	running  sync.WaitGroup

	mu      sync.Mutex
	backend string // where the server listens; empty while it does not
	closed  bool   // by Shut
	conns   map[net.Conn]bool
	known   map[session]bool
}

// URL is a zk:// URL of path, which starts with a slash, at this gate. A user, as "name:password", may be given.
func (g *Gate) URL(path string, user ...string) string {
	credentials := ""
	if len(user) > 0 {
		credentials = user[0] + "@"
	}
	return "zk://" + credentials + g.Addr + path
}

// Disconnect breaks all connections. New ones are taken.
func (g *Gate) Disconnect() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for conn := range g.conns {
		_ = conn.Close()
	}
}

// Shut breaks all connections and closes new ones at once, until Open. The server itself goes on, and expires sessions.
func (g *Gate) Shut() {
	g.set(func() { g.closed = true })
	g.Disconnect()
}

// Open ends what Shut began.
func (g *Gate) Open() { g.set(func() { g.closed = false }) }

func (g *Gate) set(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
}

// lead says where the server listens now, "" for nowhere.
func (g *Gate) lead(backend string) {
	g.set(func() { g.backend = backend })
	if backend == "" {
		g.Disconnect()
	}
}

// session is what it takes to resume, and so to end, a client's session.
type session struct {
	id       int64
	password [16]byte
	timeout  int32
}

func newGate() (*Gate, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &Gate{Addr: listener.Addr().String(), listener: listener, conns: map[net.Conn]bool{}, known: map[session]bool{}}
	g.running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			g.running.Go(func() { g.pass(client) })
		}
	})
	return g, nil
}

func (g *Gate) close() {
	_ = g.listener.Close()
	g.lead("")
	g.running.Wait()
}

// sessions gives the sessions that were seen so far and forgets them.
func (g *Gate) sessions() []session {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []session
	for s := range g.known {
		all = append(all, s)
	}
	clear(g.known)
	return all
}

// enter keeps conn to be closed, unless the gate is shut.
func (g *Gate) enter(conn net.Conn) (backend string, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.backend == "" || g.closed {
		return "", false
	}
	g.conns[conn] = true
	return g.backend, true
}

func (g *Gate) leave(conn net.Conn) {
	_ = conn.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, conn)
}

// pass copies both ways until one side is done.
func (g *Gate) pass(client net.Conn) {
	defer g.leave(client)
	backend, ok := g.enter(client)
	if !ok {
		return
	}
	server, err := net.Dial("tcp", backend)
	if err != nil {
		return
	}
	defer g.leave(server)
	if _, ok := g.enter(server); !ok {
		return
	}
	g.running.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	})
	answer, err := readPacket(server)
	if err != nil {
		return
	}
	if s, ok := parseSession(answer); ok && s.id != 0 {
		g.mu.Lock()
		g.known[s] = true
		g.mu.Unlock()
	}
	if _, err := client.Write(appendPacket(nil, answer)); err != nil {
		return
	}
	_, _ = io.Copy(client, server)
}

// end ends a session by resuming it and closing it. The zero session stands for a new one, which shows that the server serves.
// A server that is just starting may take a connection and forget it, hence the limit.
func end(addr string, s session, limit time.Duration) error {
	conn, err := net.DialTimeout("tcp", addr, limit)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(limit))
	hello := binary.BigEndian.AppendUint32(nil, 0)  // protocol version
	hello = binary.BigEndian.AppendUint64(hello, 0) // last transaction seen
	hello = binary.BigEndian.AppendUint32(hello, uint32(s.timeout))
	hello = binary.BigEndian.AppendUint64(hello, uint64(s.id))
	hello = binary.BigEndian.AppendUint32(hello, uint32(len(s.password)))
	hello = append(hello, s.password[:]...)
	if _, err := conn.Write(appendPacket(nil, hello)); err != nil {
		return err
	}
	answer, err := readPacket(conn)
	if err != nil {
		return fmt.Errorf("cannot begin a session: %w", err)
	}
	if resumed, ok := parseSession(answer); !ok || resumed.id == 0 {
		return nil // it has expired by itself
	}
	goodbye := binary.BigEndian.AppendUint32(nil, 1)             // number of the request
	goodbye = binary.BigEndian.AppendUint32(goodbye, 0xfffffff5) // -11, close
	if _, err := conn.Write(appendPacket(nil, goodbye)); err != nil {
		return err
	}
	_, err = readPacket(conn)
	return err
}

// parseSession reads the server's first answer: version, time-out, id, password.
func parseSession(answer []byte) (s session, ok bool) {
	if len(answer) < 36 {
		return session{}, false
	}
	s.timeout = int32(binary.BigEndian.Uint32(answer[4:]))
	s.id = int64(binary.BigEndian.Uint64(answer[8:]))
	copy(s.password[:], answer[20:36])
	return s, true
}

func readPacket(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > 1<<20 {
		return nil, fmt.Errorf("a packet of %d bytes", n)
	}
	packet := make([]byte, n)
	_, err := io.ReadFull(r, packet)
	return packet, err
}

func appendPacket(b, packet []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(packet))), packet...)
}
