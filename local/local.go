// Package local runs a Mesos-compatible cluster inside one process: a master and its agents, spoken to over HTTP as
// Apache Mesos is, by any framework in any language.
//
//	cluster, err := local.Start(ctx, local.Options{})
//	if err != nil {
//		return err
//	}
//	defer cluster.Stop()
//	fmt.Println("point your framework at", cluster.Master())
//
// A test says local.RunT(t) instead, and has nothing to stop; with Simulated options it works in memory and in virtual time.
//
// # What the caller owes
//
// Stop (or the end of the context given to Start) ends the cluster; Wait tells how it ended. A cluster without a
// WorkDir is ephemeral: its executors end with it and it leaves nothing behind. A cluster with a WorkDir behaves as
// Mesos' daemons do: executors of checkpointing frameworks outlive it, and the next Start on the same WorkDir and
// ports takes them back. Master and agents listen on loopback unless Options.IP says otherwise.
package local

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/ormosproject/ormos/local/internal/agent"
	"github.com/ormosproject/ormos/local/internal/container"
	"github.com/ormosproject/ormos/local/internal/master"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/zk"
)

// Options describes a cluster. The zero value is one agent with the machine's own resources, on free loopback ports.
type Options struct {
	// IP is where master and agents listen; "" is 127.0.0.1.
	IP string
	// Hostname is what master and agents say they are called; "" is IP.
	Hostname string
	// Port is the master's; 0 takes a free one. Mesos' own is 5050.
	Port int
	// Agents is how many there are; 0 is one, a negative number is none.
	Agents int
	// AgentPort is the first agent's; agent K listens on AgentPort+K. 0 takes free ones. Mesos' own is 5051.
	AgentPort int
	// Resources, in Mesos' text form ("cpus:4;mem:2048;ports:[31000-32000]"), once for all agents or once for each.
	// Of cpus, mem, disk and ports what is not named is detected from the machine.
	Resources []string
	// Attributes, in Mesos' text form ("rack:a;level:10"), once for all agents or once for each.
	Attributes []string
	// WorkDir keeps registry, sandboxes and checkpoints; "" is a temporary directory that is removed in the end.
	WorkDir string
	// ZK is the zk:// URL under which the master stands for election; "" makes it the leader at once.
	ZK string
	// Credentials names a file of principals and secrets (Mesos' --credentials). When it is set, frameworks and
	// operators must authenticate by HTTP basic authentication.
	Credentials string
	// ACLs names a file of Mesos' access control lists (JSON).
	ACLs string
	// TLSCert and TLSKey name files (PEM) of a certificate and its key: then master and agents speak https, and only that. The certificate has to
	// be for IP, where executors look for their agent, and for Hostname.
	TLSCert, TLSKey string
	// TLSCA names the file of the authority that executors are told to believe; "" is TLSCert, for a certificate that signs itself.
	TLSCA string
	// MasterFlags and AgentFlags are settings by the names of Mesos' flags, such as {"offer_timeout": "5secs"}.
	MasterFlags, AgentFlags map[string]string
	// Keeper is the command line of a program that calls Keep. With a WorkDir it is started once, beside the first command, and writes down how
	// commands end while the cluster is killed (Linux 6.15 or newer). Empty is none: a task whose command ends then is TASK_FAILED, for
	// nobody knows its status.
	Keeper []string
	// Network is where the cluster listens; nil is the machine's own (TCP).
	Network Network `json:"-"`
	// Simulate tells how each container lives instead of running its command; nil runs processes. See Simulated.
	Simulate func(*Process) Life `json:"-"`
	// Logger hears what master and agents do; nil discards it.
	Logger *slog.Logger
}

// Keep is the process that Options.Keeper names. It is started by a cluster, and returns when there is nothing to keep any more.
func Keep() error { return container.Keep() }

// orphanTimeout is how long an executor of an ephemeral cluster looks for an agent that was killed: nobody will start
// that agent again.
const orphanTimeout = 3 * time.Second

// settings are Options that have been read.
type settings struct {
	Options
	ephemeral   bool
	election    *zk.URL
	encryption  encryption
	masterFlags master.Flags
	agentFlags  agent.Flags
	resources   []mesos.Resources
	attributes  []mesos.Attributes
}

// read fills in defaults and reads the texts.
func (o Options) read() (settings, error) {
	s := settings{Options: o, ephemeral: o.WorkDir == ""}
	if s.IP == "" {
		s.IP = "127.0.0.1"
	}
	if net.ParseIP(s.IP) == nil {
		return s, fmt.Errorf("cannot listen on %q: it is not an IP address", s.IP)
	}
	if s.Hostname == "" {
		s.Hostname = s.IP
	}
	if s.Agents == 0 {
		s.Agents = 1
	}
	s.Agents = max(s.Agents, 0)
	if s.Network == nil {
		s.Network = TCP{}
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	if err := s.readElection(); err != nil {
		return s, err
	}
	if err := s.readTLS(); err != nil {
		return s, err
	}
	if err := s.readFlags(); err != nil {
		return s, err
	}
	return s, s.readAgents()
}

func (s *settings) readElection() error {
	if s.ZK == "" {
		return nil
	}
	url, err := zk.ParseURL(s.ZK)
	s.election = &url
	return err
}

func (s *settings) readFlags() error {
	for name, text := range s.MasterFlags {
		if err := s.masterFlags.Set(name, text); err != nil {
			return err
		}
	}
	if s.ephemeral {
		s.agentFlags.RecoveryTimeout = orphanTimeout
	}
	for name, text := range s.AgentFlags {
		if err := s.agentFlags.Set(name, text); err != nil {
			return err
		}
	}
	return nil
}

// readAgents reads what differs from agent to agent.
func (s *settings) readAgents() error {
	for i := range s.Agents {
		text, err := ofAgent("resources", s.Options.Resources, s.Agents, i)
		if err != nil {
			return err
		}
		resources, err := mesos.ParseResources(text)
		if err != nil {
			return fmt.Errorf("agent %d: %w", i, err)
		}
		s.resources = append(s.resources, resources)
		if text, err = ofAgent("attributes", s.Options.Attributes, s.Agents, i); err != nil {
			return err
		}
		attributes, err := mesos.ParseAttributes(text)
		if err != nil {
			return fmt.Errorf("agent %d: %w", i, err)
		}
		s.attributes = append(s.attributes, attributes)
	}
	return nil
}

// ofAgent is the text for agent i out of none, one for all, or one for each.
func ofAgent(what string, texts []string, agents, i int) (string, error) {
	switch len(texts) {
	case 0:
		return "", nil
	case 1:
		return texts[0], nil
	case agents:
		return texts[i], nil
	}
	return "", fmt.Errorf("cannot tell %s: given %d times for %d agents, expected once or once for each", what, len(texts), agents)
}

// memoryDisk is where Linux keeps files in memory.
const memoryDisk = "/dev/shm"

// temporary is where a temporary work dir lies, "" for where the system has such things. What agents write of simulated containers is little, but
// of many.
func (s *settings) temporary() string {
	if info, err := os.Stat(memoryDisk); s.Simulate != nil && err == nil && info.IsDir() {
		return memoryDisk
	}
	return ""
}

// openWorkDir makes the work directory and locks it, since two clusters on one would destroy each other's state.
func (s *settings) openWorkDir() (*os.File, error) {
	if s.ephemeral {
		dir, err := os.MkdirTemp(s.temporary(), "ormos-local-")
		if err != nil {
			return nil, fmt.Errorf("cannot make a work dir: %w", err)
		}
		s.WorkDir = dir
	}
	return lockDir(s.WorkDir)
}
