package master

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// Options describes a master. Only Address is needed.
type Options struct {
	// Address is where the master's HTTP API is reached.
	Address link.Address
	// WorkDir holds the registry; it is made when it is missing. "" keeps the registry in memory.
	WorkDir string
	// After is the master whose place this one takes, which has ended; without a WorkDir its registry lives on here. nil is none.
	After *Master
	// Credentials names a file of principals and secrets. When it is set, frameworks and operators must authenticate.
	Credentials string
	// ACLs names a file of access control lists (JSON); "" permits everything.
	ACLs string
	// Contend makes the master wait for SetLeader; otherwise it leads from the start.
	Contend bool
	// Logger hears what happens; nil discards it.
	Logger *slog.Logger
	// Flags are the settings that Mesos has flags for.
	Flags Flags
}

// ErrDeposed is what Run returns when another master has been elected after this one: as Mesos' it then has to start anew.
var ErrDeposed = errors.New("another master leads now")

// Master is a Mesos master. Its exported methods may be called from any goroutine.
type Master struct {
	address     link.Address
	workDir     string
	credentials daemon.Credentials
	acls        *acls
	flags       Flags
	log         *slog.Logger
	mux         *daemon.Mux
	mail        *mailbox
	info        mesos.MasterInfo
	pid         string
	started     time.Time
	leadership  atomic.Pointer[leadership]

	state // owned by the goroutine of Run
}

// state is what only the goroutine of Run touches.
type state struct {
	elected     time.Time
	frameworks  map[string]*framework
	completed   []*framework // removed frameworks, oldest first
	agents      map[string]*agent
	recovered   map[string]mesos.AgentInfo // in the registry, not back yet
	unreachable map[string]time.Time       // since when
	gone        map[string]time.Time
	conns       agentConns
	offers      map[string]*offer
	operations  map[operationKey]*operation // performed, not acknowledged
	alloc       *allocator
	rounds      rounds
	maintenance maintenance
	registry    *registry
	operators   []*operatorStream
	counters    counters
	nextID      struct{ framework, agent, offer, task, operation int }
	logging     loggingLevel
	stop        context.CancelCauseFunc // ends Run
}

// New makes a master. It fails when a file of the Options cannot be used.
func New(o Options) (*Master, error) {
	m := &Master{address: o.Address, workDir: o.WorkDir, flags: o.Flags.withDefaults(), log: o.Logger, mail: newMailbox()}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	if err := m.readFiles(o); err != nil {
		return nil, err
	}
	m.started = time.Now()
	m.identify()
	m.state = state{
		frameworks: map[string]*framework{}, agents: map[string]*agent{}, recovered: map[string]mesos.AgentInfo{},
		unreachable: map[string]time.Time{}, gone: map[string]time.Time{},
		offers: map[string]*offer{}, operations: map[operationKey]*operation{}, alloc: newAllocator(), counters: counters{}, maintenance: maintenance{offers: map[string]*inverseOffer{}, down: map[string]bool{}},
	}
	registry, err := openRegistry(o.WorkDir, m.log)
	if err != nil {
		return nil, err
	}
	m.registry = registry
	if o.After != nil && o.WorkDir == "" {
		m.inherit(&o.After.state)
	}
	m.leadership.Store(&leadership{})
	if !o.Contend {
		m.leadership.Store(&leadership{leader: m.Info(), own: true})
		m.lead() // nobody else knows the state yet, and nobody has to be answered 503
	}
	m.mux = m.routes()
	return m, nil
}

// readFiles reads credentials and access control lists.
func (m *Master) readFiles(o Options) error {
	if o.Credentials != "" {
		text, err := os.ReadFile(o.Credentials)
		if err != nil {
			return fmt.Errorf("cannot read credentials: %w", err)
		}
		if m.credentials, err = daemon.ParseCredentials(text); err != nil {
			return fmt.Errorf("%s: %w", o.Credentials, err)
		}
	}
	if o.ACLs == "" {
		return nil
	}
	text, err := os.ReadFile(o.ACLs)
	if err != nil {
		return fmt.Errorf("cannot read ACLs: %w", err)
	}
	if m.acls, err = parseACLs(text); err != nil {
		return fmt.Errorf("%s: %w", o.ACLs, err)
	}
	return nil
}

// identify gives the master its id and address. Every start has a new id, as in Mesos.
func (m *Master) identify() {
	a := m.address
	m.pid = fmt.Sprintf("master@%s:%d", a.IP, a.Port)
	capabilities := []mesos.MasterInfoCapability{
		{Type: new(mesos.MasterInfoCapabilityTypeAgentUpdate)},
		{Type: new(mesos.MasterInfoCapabilityTypeAgentDraining)},
		{Type: new(mesos.MasterInfoCapabilityTypeQuotaV2)},
	}
	m.info = mesos.MasterInfo{
		ID: newUUID(), IP: packedIP(a.IP), Port: uint32(a.Port), PID: new(m.pid), Hostname: new(a.Hostname),
		Version: new(daemon.MesosVersion), Capabilities: capabilities,
		Address: &mesos.Address{Hostname: new(a.Hostname), IP: new(a.IP), Port: int32(a.Port)},
	}
}

// packedIP is an IPv4 address in network byte order read as a little-endian number, which is how MasterInfo has it.
func packedIP(text string) uint32 {
	ip, err := netip.ParseAddr(text)
	if err != nil || !ip.Is4() {
		return 0
	}
	four := ip.As4()
	return binary.LittleEndian.Uint32(four[:])
}

// Credentials are those of Options.Credentials, nil when nobody has to authenticate.
func (m *Master) Credentials() daemon.Credentials { return m.credentials }

// Info is what the master tells of itself in SUBSCRIBED and in an election.
func (m *Master) Info() *mesos.MasterInfo {
	info := m.info
	return &info
}

// Run does the master's work until ctx ends, and returns nil then. It fails with ErrDeposed when SetLeader takes the
// leadership away. In the end all subscriptions are closed and all agents are told that the connection is gone.
func (m *Master) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	m.stop = stop
	m.registry.start()
	m.mail.run(ctx, m.rest)
	m.end()
	if err := context.Cause(ctx); errors.Is(err, ErrDeposed) {
		return err
	}
	return nil
}

// rest is done whenever everything that had come was worked off: offers for all that has changed at once.
func (m *Master) rest() {
	m.allocateNow()
	m.scheduleRound()
}

// end lets go of everybody.
func (m *Master) end() {
	m.leadership.Store(&leadership{})
	m.rounds.stop()
	for _, o := range m.offers {
		o.stop()
	}
	for _, o := range m.operations {
		stopTimer(o.timer)
	}
	for _, o := range m.maintenance.offers {
		stopTimer(o.timeout)
	}
	for _, f := range m.frameworks {
		f.stopTimers()
		f.closeStream()
	}
	for _, s := range m.operators {
		s.close()
	}
	for _, a := range m.agents {
		a.stopTimers()
	}
	m.conns.close()
	m.registry.close()
}

// do has work done by the owner of the state and waits for it; false when the master has ended or ctx has.
func (m *Master) do(ctx context.Context, work func()) bool {
	done := make(chan struct{})
	if !m.mail.post(func() { defer close(done); work() }) {
		return false
	}
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	case <-m.mail.ended:
		return false
	}
}

// after posts work once d has passed. The timer belongs to the owner of the state: stopping it does not unpost the work, so
// the work asks whether it still applies.
func (m *Master) after(d time.Duration, work func()) *time.Timer {
	return time.AfterFunc(d, func() { m.mail.post(work) })
}

// stopTimer is Stop for a timer that may not be there.
func stopTimer(t *time.Timer) {
	if t != nil {
		t.Stop()
	}
}
