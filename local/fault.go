package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// errEnded is what a fault gets that comes too late.
var errEnded = errors.New("the cluster has ended")

// on does something to an agent, unless it is away.
func (c *Cluster) on(agent int, fault string, do func(m *member) error) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	if c.ending {
		return errEnded
	}
	if agent < 0 || agent >= len(c.agents) {
		return fmt.Errorf("cannot %s: there is no agent %d, the last one is %d", fault, agent, len(c.agents)-1)
	}
	m := c.agents[agent]
	if !m.alive() && fault != startAgent && fault != fillDisk {
		return fmt.Errorf("cannot %s: agent %d does not run", fault, agent)
	}
	if err := do(m); err != nil {
		return fmt.Errorf("cannot %s %d: %w", fault, agent, err)
	}
	c.Logger.Info("fault", "fault", fault, "agent", agent)
	return nil
}

// awake is on for what a frozen agent could not do.
func (c *Cluster) awake(agent int, fault string, do func(m *member)) error {
	return c.on(agent, fault, func(m *member) error {
		if m.thaw != nil {
			return errors.New("it is frozen")
		}
		do(m)
		return nil
	})
}

// KillAgent ends an agent, counted from 0, as SIGKILL ends a Mesos agent's process: its executors live on, and nobody is told.
// Its address goes on listening, so that nobody else is given its port, but resets every connection.
func (c *Cluster) KillAgent(agent int) error {
	return c.on(agent, killAgent, func(m *member) error {
		m.kill()
		m.fault = killAgent
		return nil
	})
}

// StopAgent ends an agent as SIGTERM does: executors of frameworks with checkpoint live on, others are shut down. It returns when the
// agent has ended.
func (c *Cluster) StopAgent(agent int) error {
	return c.awake(agent, stopAgent, func(m *member) {
		m.end(m.agent.Terminate)
		m.fault = stopAgent
	})
}

// UnregisterAgent ends an agent as SIGUSR1 does: it says goodbye to the master, its tasks are lost, its executors are shut down. Started
// again it is a new agent.
func (c *Cluster) UnregisterAgent(agent int) error {
	return c.awake(agent, unregisterAgent, func(m *member) {
		m.end(m.agent.Unregister)
		m.fault = unregisterAgent
	})
}

// StartAgent starts an agent again, on its work dir and its port.
func (c *Cluster) StartAgent(agent int) error {
	return c.on(agent, startAgent, func(m *member) error {
		if m.alive() {
			return errors.New("it runs")
		}
		m.release() // one that has ended by itself has not let go of anything
		if err := m.prepare(); err != nil {
			m.release()
			return err
		}
		m.start()
		return nil
	})
}

// FreezeAgent stops an agent as SIGSTOP does: it answers nothing, its timers stand, its connections stay open. Its executors go on.
func (c *Cluster) FreezeAgent(agent int) error {
	return c.awake(agent, freezeAgent, func(m *member) {
		m.freeze()
		m.fault = freezeAgent
	})
}

// ThawAgent lets a frozen agent go on, as SIGCONT does.
func (c *Cluster) ThawAgent(agent int) error {
	return c.on(agent, thawAgent, func(m *member) error {
		if m.thaw == nil {
			return errors.New("it is not frozen")
		}
		m.thaw()
		m.fault = ""
		return nil
	})
}

// FillDisk lets an agent take its disk for full until Heal: it launches nothing (its tasks fail), and its next look at the disk removes all
// sandboxes of executors that have ended.
func (c *Cluster) FillDisk(agent int) error {
	return c.on(agent, fillDisk, func(m *member) error {
		m.full.Store(true)
		return nil
	})
}

// onMaster does something to the master, unless it is killed.
func (c *Cluster) onMaster(fault string, do func() error) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	switch {
	case c.ending:
		return errEnded
	case c.master.Load() == nil && fault != startMaster:
		return fmt.Errorf("cannot %s: there is no master", fault)
	}
	if err := do(); err != nil {
		return fmt.Errorf("cannot %s: %w", fault, err)
	}
	c.Logger.Info("fault", "fault", fault)
	return nil
}

// KillMaster ends the master as SIGKILL does. Its address goes on listening, so that nobody else is given its port and faults can be
// injected over HTTP, but resets every other connection.
func (c *Cluster) KillMaster() error { return c.killMaster(nil) }

// killMaster is KillMaster, which spares the connection over which it was asked for.
func (c *Cluster) killMaster(spare net.Conn) error {
	return c.onMaster(killMaster, func() error {
		c.master.Store(nil)
		c.server.cut(func(conn net.Conn, _ string) bool { return conn != spare })
		c.endMaster()
		return nil
	})
}

// StartMaster starts the master again.
func (c *Cluster) StartMaster() error {
	return c.onMaster(startMaster, func() error {
		if c.master.Load() != nil {
			return errors.New("it runs")
		}
		m, err := c.newMaster()
		if err != nil {
			return err
		}
		c.startMaster(m)
		return nil
	})
}

// RescindOffers takes back all offers that no framework has answered yet.
func (c *Cluster) RescindOffers() error {
	return c.onMaster(rescindOffers, func() error {
		c.master.Load().RescindOffers(context.Background())
		return nil
	})
}

// DisconnectFrameworks ends all connections of schedulers, as a broken network does. They may connect again at once.
func (c *Cluster) DisconnectFrameworks() error {
	return c.onMaster(disconnectFrameworks, func() error {
		c.server.cut(func(_ net.Conn, path string) bool {
			return strings.HasSuffix(strings.TrimRight(path, "/"), "/api/v1/scheduler")
		})
		return nil
	})
}

// DropUpdates loses all status updates on their way from agents to the master, until Heal. Agents send them again, as they do until an
// update is acknowledged.
func (c *Cluster) DropUpdates() error {
	return c.onUpdates(func(r *rule) { r.drop = true })
}

// DelayUpdates delays all status updates by d, in order; 0 ends that. One that is not acknowledged in time is sent again.
func (c *Cluster) DelayUpdates(d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("cannot %s: %v is negative", delayUpdates, d)
	}
	return c.onUpdates(func(r *rule) { r.delay = d })
}

// DuplicateUpdates has all status updates come twice, until Heal.
func (c *Cluster) DuplicateUpdates() error {
	return c.onUpdates(func(r *rule) { r.duplicate = true })
}

func (c *Cluster) onUpdates(change func(*rule)) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	if c.ending {
		return errEnded
	}
	r := c.updates.get()
	change(&r)
	c.updates.set(r)
	return nil
}

// Faults lists what is in force, in the words of Inject: agents and masters that were ended or frozen and not started again, and what
// happens to status updates and disks.
func (c *Cluster) Faults() []string {
	c.turn.Lock()
	defer c.turn.Unlock()
	all := []string{}
	for i, m := range c.agents {
		if m.fault != "" {
			all = append(all, m.fault+" "+strconv.Itoa(i))
		}
		if m.full.Load() {
			all = append(all, fillDisk+" "+strconv.Itoa(i))
		}
	}
	if c.master.Load() == nil {
		all = append(all, killMaster)
	}
	r := c.updates.get()
	if r.drop {
		all = append(all, dropUpdates)
	}
	if r.delay > 0 {
		all = append(all, delayUpdates+" "+r.delay.String())
	}
	if r.duplicate {
		all = append(all, duplicateUpdates)
	}
	return all
}

// Heal ends all faults: what was ended is started again, what is frozen goes on, updates pass and disks are as full as they are.
func (c *Cluster) Heal() error {
	err := c.onUpdates(func(r *rule) { *r = rule{} })
	for _, fault := range c.Faults() {
		name, argument, _ := strings.Cut(fault, " ")
		agent, _ := strconv.Atoi(argument)
		switch name {
		case killMaster:
			err = errors.Join(err, c.StartMaster())
		case freezeAgent:
			err = errors.Join(err, c.ThawAgent(agent))
		case fillDisk:
			c.agents[agent].full.Store(false)
		default:
			err = errors.Join(err, c.StartAgent(agent))
		}
	}
	return err
}
