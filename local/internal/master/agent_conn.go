package master

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/ormosproject/ormos/local/internal/link"
)

// agentConn is a connection that an agent has dialed. Who is at its other end is known once it has registered.
type agentConn struct {
	master *Master
	peer   link.Peer
	gone   func()
	closed atomic.Bool
	agent  *agent // owned by the master's goroutine; nil until registered, and again when the agent is removed
}

var (
	_ link.Dialer = (*Master)(nil)
	_ link.Peer   = (*agentConn)(nil)
)

// errNotRunning is what an agent gets that dials a master which has ended.
var errNotRunning = errors.New("cannot connect: the master has ended")

// agentConns are the connections that are open. An agent that has dialed is told when the master ends, however soon that is: so they are
// added at once, and not by the master's goroutine.
type agentConns struct {
	mu     sync.Mutex
	open   map[*agentConn]bool
	closed bool
}

// add is false after close.
func (s *agentConns) add(c *agentConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.open == nil {
		s.open = map[*agentConn]bool{}
	}
	s.open[c] = true
	return true
}

func (s *agentConns) remove(c *agentConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

// close drops all.
func (s *agentConns) close() {
	s.mu.Lock()
	all := s.open
	s.open, s.closed = nil, true
	s.mu.Unlock()
	for c := range all {
		c.drop()
	}
}

// Dial opens an agent's connection. It works before Run, too: the master answers as soon as it runs. A master that does not
// lead accepts connections and ignores what is said, as Mesos does.
func (m *Master) Dial(peer link.Peer, gone func()) (link.Peer, func(), error) {
	c := &agentConn{master: m, peer: peer, gone: gone}
	if !m.conns.add(c) {
		return nil, nil, errNotRunning
	}
	hangUp := func() { // what was said before still arrives
		m.mail.post(func() {
			if c.closed.CompareAndSwap(false, true) {
				m.connEnded(c)
			}
		})
	}
	return c, hangUp, nil
}

// Send gives the master a message of the agent.
func (c *agentConn) Send(message link.Message) {
	c.master.mail.post(func() {
		if !c.closed.Load() && c.master.leads() {
			c.master.receive(c, message)
		}
	})
}

// drop ends the connection from the master's side.
func (c *agentConn) drop() {
	if c.closed.CompareAndSwap(false, true) {
		c.gone()
	}
}

// say gives the agent a message.
func (c *agentConn) say(message link.Message) {
	if !c.closed.Load() {
		c.peer.Send(message)
	}
}

// connEnded is told when the agent has hung up.
func (m *Master) connEnded(c *agentConn) {
	m.conns.remove(c)
	if a := c.agent; a != nil && a.conn == c {
		m.agentDisconnected(a)
	}
}

// receive handles what an agent says.
func (m *Master) receive(c *agentConn, message link.Message) {
	switch message := message.(type) {
	case link.Register:
		m.counters.add("master/messages_register_slave", 1)
		m.register(c, &message)
		return
	case link.Reregister:
		m.counters.add("master/messages_reregister_slave", 1)
		m.reregister(c, &message)
		return
	}
	a := c.agent
	if a == nil {
		// It may not know yet that it was removed: this makes it register again, without waiting for pings to stay away.
		c.say(link.Ping{Connected: false})
		return
	}
	switch message := message.(type) {
	case link.Pong:
		a.missed = 0
		a.answered = true
	case link.Unregister:
		m.counters.add("master/messages_unregister_slave", 1)
		m.unregister(a)
	case link.StatusUpdate:
		m.counters.add("master/messages_status_update", 1)
		m.statusUpdate(a, &message)
	case link.ExecutorMessage:
		m.counters.add("master/messages_executor_to_framework", 1)
		m.executorMessage(a, &message)
	case link.ExitedExecutor:
		m.counters.add("master/messages_exited_executor", 1)
		m.exitedExecutor(a, &message)
	}
}
