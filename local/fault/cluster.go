package fault

import (
	"context"
	"fmt"
	"time"
)

// Cluster is what a cluster has to be able to do to itself, as a local.Cluster is. Its methods fail where what they are about is in no state for
// it: to kill what does not run, to thaw what is not frozen.
type Cluster interface {
	RescindOffers() error
	DisconnectFrameworks() error
	KillAgent(agent int) error
	StopAgent(agent int) error
	UnregisterAgent(agent int) error
	StartAgent(agent int) error
	FreezeAgent(agent int) error
	ThawAgent(agent int) error
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
