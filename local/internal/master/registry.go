package master

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/mesos"
)

// registryFile is the registry's name in the work directory.
const registryFile = "registry.json"

// registryRecord is what outlives the master: which agents were admitted, and which were given up.
type registryRecord struct {
	Agents      []json.RawMessage    `json:"agents"`
	Unreachable map[string]time.Time `json:"unreachable"`
	Gone        map[string]time.Time `json:"gone"`
	Schedule    json.RawMessage      `json:"schedule,omitempty"` // of maintenance
	Down        map[string]bool      `json:"down,omitempty"`     // machines that were taken away
}

// registry writes records to disk, one after the other, in a goroutine of its own: the master does not wait for the disk.
// A crash may lose the last one; an agent that was admitted then is taken in again when it reregisters.
type registry struct {
	path   string // "" keeps nothing
	log    *slog.Logger
	writes chan registryWrite // nil without a path
	ended  chan struct{}

	fetched time.Duration // how long load took
	stored  daemon.Timer
	size    atomic.Int64 // of the record, in bytes; nothing is encoded without a path
}

// metrics are what Mesos tells of its registrar.
func (r *registry) metrics(all daemon.Metrics) {
	all["registrar/queued_operations"] = float64(len(r.writes))
	all["registrar/registry_size_bytes"] = float64(r.size.Load())
	all["registrar/state_fetch_ms"] = r.fetched.Seconds() * 1000
	r.stored.Show(all, "registrar/state_store")
}

type registryWrite struct {
	text []byte
	done func()
}

// openRegistry prepares the registry in a directory, "" for none.
func openRegistry(dir string, log *slog.Logger) (*registry, error) {
	if dir == "" {
		return &registry{log: log}, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the master's work directory: %w", err)
	}
	r := &registry{path: filepath.Join(dir, registryFile), log: log, writes: make(chan registryWrite, 1024), ended: make(chan struct{})}
	return r, nil
}

// start lets the registry write; close ends that.
func (r *registry) start() {
	if r.writes != nil {
		go r.run()
	}
}

// load reads the record of before. A damaged file is moved aside and told, never used in part.
func (r *registry) load() (registryRecord, error) {
	var record registryRecord
	if r.path == "" {
		return record, nil
	}
	began := time.Now()
	defer func() { r.fetched = time.Since(began) }()
	text, err := os.ReadFile(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return record, nil
	}
	if err != nil {
		return record, fmt.Errorf("cannot read the registry: %w", err)
	}
	r.size.Store(int64(len(text)))
	if err := json.Unmarshal(text, &record); err != nil {
		aside := fmt.Sprintf("%s.damaged-%d", r.path, time.Now().UnixNano())
		return registryRecord{}, errors.Join(fmt.Errorf("cannot read the registry, it is moved to %s: %w", aside, err), os.Rename(r.path, aside))
	}
	return record, nil
}

// save writes a record; done (which may be nil) is called from another goroutine once it is on disk.
func (r *registry) save(record registryRecord, done func()) {
	if r.path == "" {
		r.stored.Add(0)
		if done != nil {
			done()
		}
		return
	}
	text, err := json.Marshal(record)
	if err != nil {
		r.log.Error("cannot encode the registry", "error", err)
		return
	}
	r.writes <- registryWrite{text, done}
}

// run writes what is asked for; of several that wait only the last one matters.
func (r *registry) run() {
	defer close(r.ended)
	for write := range r.writes {
		dones := []func(){write.done}
		for more := true; more; {
			select {
			case next, ok := <-r.writes:
				if more = ok; ok {
					write = next
					dones = append(dones, next.done)
				}
			default:
				more = false
			}
		}
		began := time.Now()
		if err := writeDurably(r.path, write.text); err != nil {
			r.log.Error("cannot write the registry", "error", err)
		}
		r.stored.Add(time.Since(began))
		r.size.Store(int64(len(write.text)))
		for _, done := range dones {
			if done != nil {
				done()
			}
		}
	}
}

// close waits until everything is written.
func (r *registry) close() {
	if r.writes != nil {
		close(r.writes)
		<-r.ended
	}
}

// writeDurably replaces a file in one step.
func writeDurably(path string, text []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), registryFile+".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// saveRegistry writes what the master knows of agents; done, which may be nil, is called by the owner of the state.
func (m *Master) saveRegistry(done func()) {
	if m.registry.path == "" { // nothing to encode, which for thousands of agents takes long
		m.registry.save(registryRecord{}, m.posted(done))
		return
	}
	record := registryRecord{Unreachable: m.unreachable, Gone: m.gone, Down: m.maintenance.down}
	note := func(info *mesos.AgentInfo) {
		if text, err := info.MarshalJSON(); err == nil {
			record.Agents = append(record.Agents, text)
		}
	}
	for _, a := range m.sortedAgents() {
		note(&a.info)
	}
	for _, info := range m.recovered {
		note(&info)
	}
	if text, err := m.maintenance.schedule.MarshalJSON(); err == nil {
		record.Schedule = text
	}
	m.registry.save(record, m.posted(done))
}

// posted is work that posts work, nil for none.
func (m *Master) posted(work func()) func() {
	if work == nil {
		return nil
	}
	return func() { m.mail.post(work) }
}

// inherit takes over what a registry in memory has held.
func (m *Master) inherit(before *state) {
	for id, a := range before.agents {
		m.recovered[id] = a.info
	}
	maps.Copy(m.recovered, before.recovered)
	maps.Copy(m.unreachable, before.unreachable)
	maps.Copy(m.gone, before.gone)
	maps.Copy(m.maintenance.down, before.maintenance.down)
	m.maintenance.schedule = before.maintenance.schedule
}

// recoverRegistry awaits the agents of before, for a while.
func (m *Master) recoverRegistry() {
	record, err := m.registry.load()
	if err != nil {
		m.log.Error("the registry starts empty", "error", err)
	}
	for _, text := range record.Agents {
		info := mesos.AgentInfo{}
		if err := info.UnmarshalJSON(text); err != nil || agentID(info.ID) == "" {
			m.log.Error("cannot use an agent of the registry", "error", err)
			continue
		}
		m.recovered[info.ID.Value] = info
	}
	for id, since := range record.Unreachable {
		m.unreachable[id] = since
	}
	for id, since := range record.Gone {
		m.gone[id] = since
	}
	maps.Copy(m.maintenance.down, record.Down)
	if record.Schedule != nil {
		if err := m.maintenance.schedule.UnmarshalJSON(record.Schedule); err != nil {
			m.log.Error("cannot use the maintenance schedule of the registry", "error", err)
		}
	}
	if len(m.recovered) > 0 {
		m.after(m.flags.AgentReregisterTimeout, m.giveUpRecovered)
	}
}

// giveUpRecovered takes agents that did not come back for unreachable.
func (m *Master) giveUpRecovered() {
	for id := range m.recovered {
		m.log.Info("agent did not come back", "agent", id)
		m.counters.add("master/recovery_slave_removals", 1)
		m.unreachable[id] = time.Now()
		delete(m.recovered, id)
	}
	m.saveRegistry(nil)
}
