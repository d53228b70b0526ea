package zk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"
)

// Options are how to talk to ZooKeeper. The zero value works.
type Options struct {
	// SessionTimeout is how long ZooKeeper keeps a silent session and its registrations. 0 means 10 s, as in Mesos.
	// ZooKeeper itself limits it to 2 to 20 of its ticks (4 s to 40 s, unless configured otherwise): a candidate's value must lie within.
	SessionTimeout time.Duration
	// Logger hears of lost connections and the like; nil means that nobody does.
	Logger *slog.Logger
}

// AuthError is what [Detect] and [Elect] end with when ZooKeeper's access control forbids what they need.
type AuthError struct {
	// URL is the one given, which holds the credentials used, if any.
	URL URL
	// Action is what was refused, such as "read".
	Action string
	// Path is the znode that it was refused for.
	Path string
	// Err is ZooKeeper's own word.
	Err error
}

// Error tells what was refused, and what may be wrong with the credentials. It holds no password.
func (e *AuthError) Error() string {
	hint := "the URL has no credentials: write zk://user:password@host:port/path"
	if e.URL.User != "" {
		hint = fmt.Sprintf("are user %q and its password in the URL right, and the ones that made it?", e.URL.User)
	}
	return fmt.Sprintf("ZooKeeper refuses to %s %s (%v): %s", e.Action, e.Path, e.Err, hint)
}

// Unwrap gives ZooKeeper's own word.
func (e *AuthError) Unwrap() error { return e.Err }

// errLost means that a session's connection or the session itself is gone; a new one mends it.
var errLost = errors.New("lost the connection to ZooKeeper")

// client opens sessions for one Detect or Elect and waits for their goroutines.
type client struct {
	url     URL
	timeout time.Duration
	log     *slog.Logger
	running sync.WaitGroup
}

func newClient(url URL, opts Options) (*client, error) {
	if len(url.Servers) == 0 || url.Path == "" {
		return nil, errors.New("the ZooKeeper URL is empty")
	}
	c := &client{url: url, timeout: opts.SessionTimeout, log: opts.Logger}
	if c.timeout <= 0 {
		c.timeout = 10 * time.Second
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// forbidden turns a refusal into an AuthError and leaves other errors alone.
func (c *client) forbidden(err error, action, path string) error {
	if errors.Is(err, zk.ErrNoAuth) || errors.Is(err, zk.ErrAuthFailed) || errors.Is(err, zk.ErrInvalidACL) {
		return &AuthError{URL: c.url, Action: action, Path: path, Err: err}
	}
	return err
}

// session is one Conn of the library and what its events said.
type session struct {
	*client
	conn  *zk.Conn
	close context.CancelFunc // returns at once; client.running waits

	states chan zk.State // the newest of HasSession, Disconnected, Expired
	had    atomic.Bool   // had a session once
	lost   chan struct{} // closed when the first session was lost; only of sessions that do not renew

	watching atomic.Bool // may have set its watch

	current      atomic.Pointer[heardConn]
	began        time.Time
	wrote, heard atomic.Int64 // nanoseconds since began: the last write, and the last write before the last read
}

// sessionOptions are what watchers and candidates want differently.
type sessionOptions struct {
	// renew keeps the session through lost connections. The library must not renew one that has watches: it reads its
	// last transaction id for them while its reader writes it.
	renew bool
	// unreachable hears why a server could not be dialled. It must not block.
	unreachable func(error)
}

// open starts to connect. It needs no server to be there.
func (c *client) open(ctx context.Context, opts sessionOptions) (*session, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &session{client: c, close: cancel, states: make(chan zk.State, 1), lost: make(chan struct{}), began: time.Now()}
	conn, events, err := zk.Connect(c.url.Servers, c.timeout,
		zk.WithLogger(libraryLog{c.log}),
		zk.WithLogInfo(false),
		zk.WithHostProvider(&rotation{}),
		zk.WithEventCallback(s.observe(opts)),
		zk.WithDialer(func(network, address string, timeout time.Duration) (net.Conn, error) {
			return s.dial(ctx, opts, network, address, timeout)
		}))
	if err != nil {
		cancel()
		return nil, fmt.Errorf("cannot connect to ZooKeeper: %w", err)
	}
	s.conn = conn
	c.running.Go(func() {
		<-ctx.Done()
		if s.watching.Load() {
			s.hangUp() // no further answers: see watchSession. The server forgets a session without registrations by itself
		}
		conn.Close() // unblocks whoever waits for an answer; the server has a second to hear of it
		s.hangUp()
		for range events {
		}
	})
	return s, nil
}

func (s *session) observe(opts sessionOptions) zk.EventCallback {
	return func(e zk.Event) {
		if e.Type != zk.EventSession {
			return
		}
		switch e.State {
		case zk.StateHasSession:
			s.had.Store(true)
		case zk.StateExpired:
		case zk.StateDisconnected:
			if !s.had.Load() {
				opts.unreachable(fmt.Errorf("%s gives no session (is it starting, or without a quorum?)", e.Server))
				return
			}
			if !opts.renew && !isClosed(s.lost) {
				close(s.lost)
			}
		default:
			return
		}
		put(s.states, e.State)
	}
}

func (s *session) dial(ctx context.Context, opts sessionOptions, network, address string, timeout time.Duration) (net.Conn, error) {
	if !opts.renew && s.had.Load() {
		return nil, errLost
	}
	dialer := net.Dialer{Timeout: timeout}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		opts.unreachable(err)
		return nil, err
	}
	heard := &heardConn{conn, s}
	s.current.Store(heard)
	return heard, nil
}

// hangUp breaks the connection, whatever the library waits for on it.
func (s *session) hangUp() {
	if conn := s.current.Load(); conn != nil {
		_ = conn.Close()
	}
}

// ready waits for a session and introduces the user.
func (s *session) ready(ctx context.Context) error {
	if err := s.await(ctx); err != nil {
		return err
	}
	if s.url.User == "" {
		return nil
	}
	err := s.conn.AddAuth("digest", []byte(s.url.User+":"+s.url.password))
	return s.forbidden(err, "accept the credentials for", s.url.Path)
}

// await waits until the library says that it has a session.
func (s *session) await(ctx context.Context) error {
	for {
		select {
		case state := <-s.states:
			switch state {
			case zk.StateHasSession:
				return nil
			case zk.StateExpired:
				return errLost
			}
		case <-s.lost:
			return errLost
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// silence is for how long ZooKeeper may not have heard of us, at worst.
func (s *session) silence() time.Duration { return time.Since(s.began) - time.Duration(s.heard.Load()) }

// heardConn notes when ZooKeeper has surely heard of us: at an answer, that is when the question was written.
type heardConn struct {
	net.Conn
	s *session
}

func (c *heardConn) Write(b []byte) (int, error) {
	c.s.wrote.Store(int64(time.Since(c.s.began)))
	return c.Conn.Write(b)
}

func (c *heardConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.s.heard.Store(c.s.wrote.Load())
	}
	return n, err
}

// SetReadDeadline keeps the library from waiting for a session ten times as long as for anything else.
func (c *heardConn) SetReadDeadline(t time.Time) error {
	if limit := time.Now().Add(c.s.timeout); t.After(limit) {
		t = limit
	}
	return c.Conn.SetReadDeadline(t)
}

// rotation goes round the servers. Unlike the library's own it leaves names to the dialer, which looks them up each
// time, so that a name server which is down at the start is no error.
type rotation struct {
	servers []string
	next    int
	tried   int // since the last connection
}

func (r *rotation) Init(servers []string) error { r.servers = servers; return nil }

func (r *rotation) Len() int { return len(r.servers) }

// Next has the library pause after each round.
func (r *rotation) Next() (server string, paused bool) {
	server = r.servers[r.next]
	r.next = (r.next + 1) % len(r.servers)
	paused = r.tried > 0 && r.tried%len(r.servers) == 0
	r.tried++
	return server, paused
}

func (r *rotation) Connected() { r.tried = 0 }

// libraryLog makes the library's chatter debug messages.
type libraryLog struct{ log *slog.Logger }

func (l libraryLog) Printf(format string, args ...any) {
	l.log.Debug("ZooKeeper client: " + fmt.Sprintf(format, args...))
}

// put leaves v in the one place of ch, for what was there.
func put[T any](ch chan T, v T) {
	for {
		select {
		case ch <- v:
			return
		default:
		}
		select {
		case <-ch:
		default:
		}
	}
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
