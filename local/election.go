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

// runMaster runs the master until ctx ends. Where a real master that loses an election exits, to be started again by
// whoever watches over it, here a new one takes its place.
func (c *Cluster) runMaster(ctx context.Context) error {
	for {
		m := c.master.Load()
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
		if err := c.newMaster(); err != nil {
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
