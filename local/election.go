package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/ormosproject/ormos/local/internal/master"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/zk"
)

// startMaster runs a master until endMaster.
func (c *Cluster) startMaster(m *master.Master) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	c.stopMaster, c.masterDone = stop, done
	go func() {
		defer close(done)
		c.fail(c.runMaster(ctx, m))
	}()
}

// endMaster ends the master, if there is one, and waits for that.
func (c *Cluster) endMaster() {
	if c.stopMaster != nil {
		c.stopMaster()
		<-c.masterDone
		c.stopMaster = nil
	}
	c.master.Store(nil)
}

// runMaster runs the master until ctx ends. Where a real master that loses an election exits, to be started again by
// whoever watches over it, here a new one takes its place.
func (c *Cluster) runMaster(ctx context.Context, m *master.Master) error {
	for {
		work, stop := errgroup.WithContext(ctx)
		work.Go(func() error {
			err := m.Run(stop)
			if err == nil {
				err = context.Canceled // ends the election too
			}
			return err
		})
		if c.election != nil {
			work.Go(func() error { return c.elect(stop, m) })
		}
		err := work.Wait()
		if ctx.Err() != nil || err == nil {
			return nil
		}
		if !errors.Is(err, master.ErrDeposed) {
			return err
		}
		c.Logger.Warn("another master leads now; starting anew as a standby")
		if m, err = c.newMaster(); err != nil {
			return err
		}
	}
}

// elect lets m stand for election and tells it who leads.
func (c *Cluster) elect(ctx context.Context, m *master.Master) error {
	info, err := json.Marshal(m.Info())
	if err != nil {
		return fmt.Errorf("cannot encode MasterInfo: %w", err)
	}
	for standing, err := range zk.Elect(ctx, *c.election, info, zk.Options{Logger: c.Logger, SessionTimeout: c.masterFlags.ZKSessionTimeout}) {
		if err != nil {
			return err
		}
		m.SetLeader(leaderInfo(standing, m))
	}
	return nil
}

// leaderInfo is the leader's MasterInfo; nil when there is none.
func leaderInfo(s zk.Standing, m *master.Master) *mesos.MasterInfo {
	if s.Leading {
		return m.Info()
	}
	if s.Leader.None {
		return nil
	}
	var info mesos.MasterInfo
	if err := json.Unmarshal(s.Leader.Info, &info); err == nil {
		return &info
	}
	// A master so old that it registered no JSON: its address is all that a redirection needs.
	return &mesos.MasterInfo{
		ID: s.Leader.ID, Hostname: new(s.Leader.Hostname), Port: uint32(s.Leader.Port),
		Address: &mesos.Address{IP: new(s.Leader.IP.String()), Port: int32(s.Leader.Port)},
	}
}
