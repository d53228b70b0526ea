package fault

import (
	"context"
	"fmt"
	"time"
)

// Cluster is what a cluster has to be able to do to itself, as a local.Cluster is. Its methods fail where what they are about is in no state for
// it: to kill what does not run, to thaw what is not frozen.
type Cluster interface {
	// RescindOffers takes all outstanding offers back.
	RescindOffers() error
	// DisconnectFrameworks cuts the connections of all schedulers.
	DisconnectFrameworks() error
	// KillAgent ends an agent without a word, as kill -9 does. Agents are numbered from 0.
	KillAgent(agent int) error
	// StopAgent ends an agent in order: executors of frameworks with checkpoint go on.
	StopAgent(agent int) error
	// UnregisterAgent ends an agent for good: the master is told, its tasks are lost, and started again it is a new one.
	UnregisterAgent(agent int) error
	// StartAgent starts one again that was killed or stopped.
	StartAgent(agent int) error
	// FreezeAgent has an agent stand still, as SIGSTOP does, and ThawAgent has it go on.
	FreezeAgent(agent int) error
	ThawAgent(agent int) error
	// KillMaster ends the master without a word, and StartMaster starts one in its place.
	KillMaster() error
	StartMaster() error
}

// DoCluster has a fault happen in a cluster, and undoes it when it is over: it waits for that. It does nothing where another fault that is not over
// has left nothing to do.
func DoCluster(ctx context.Context, c Cluster, f Fault) error {
	var begin, end func() error
	switch f.Kind {
	case RescindOffers:
		begin = c.RescindOffers
	case DisconnectFrameworks:
		begin = c.DisconnectFrameworks
	case KillAgent:
		begin, end = on(c.KillAgent, f.Agent), on(c.StartAgent, f.Agent)
	case StopAgent:
		begin, end = on(c.StopAgent, f.Agent), on(c.StartAgent, f.Agent)
	case UnregisterAgent:
		begin, end = on(c.UnregisterAgent, f.Agent), on(c.StartAgent, f.Agent)
	case FreezeAgent:
		begin, end = on(c.FreezeAgent, f.Agent), on(c.ThawAgent, f.Agent)
	case KillMaster:
		begin, end = c.KillMaster, c.StartMaster
	default:
		return fmt.Errorf("cannot do %s in a cluster", f.Kind)
	}
	if begin() != nil || end == nil {
		return nil
	}
	if err := wait(ctx, max(f.For, time.Millisecond)); err != nil {
		return err
	}
	_ = end() // another may have ended it
	return nil
}

func on(do func(int) error, agent int) func() error { return func() error { return do(agent) } }
