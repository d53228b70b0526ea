package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ormosproject/ormos/operator"
)

// agents looks whether there is somewhere to run.
func (d *doctor) agents(all *operator.MasterResponseGetAgents) {
	if len(all.Agents) == 0 {
		d.fail("agents", "start one, and see in its log whether it finds the master", "no agent is registered: nothing can run")
		return
	}
	var bad []string
	versions := map[string]bool{}
	for i := range all.Agents {
		a := &all.Agents[i]
		versions[a.Version] = true
		switch {
		case !a.Active:
			bad = append(bad, a.AgentInfo.Hostname+" is out of reach")
		case a.GetDeactivated():
			bad = append(bad, a.AgentInfo.Hostname+" is deactivated or drained")
		}
	}
	if len(bad) == len(all.Agents) {
		d.fail("agents", "see the agents' logs, or reactivate them", "none of %s can be used: %s", plural(len(all.Agents), "agent"), some(bad))
	} else if len(bad) > 0 {
		d.warn("agents", "see the agents' logs, or reactivate them", "%d of %s cannot be used: %s", len(bad), plural(len(all.Agents), "agent"), some(bad))
	} else {
		d.ok("agents", "%s registered", plural(len(all.Agents), "agent"))
	}
	if len(versions) > 1 {
		d.warn("agents", "finish the upgrade of Mesos", "they have %d different versions", len(versions))
	}
}

// asked is how many agents are asked at the same time, unheard how long one of them may take.
const (
	asked   = 32
	unheard = 3 * time.Second
)

// reach looks whether the agents answer from here, which is what logs and exec need.
func (d *doctor) reach(ctx context.Context, cluster *clusterOf, all *operator.MasterResponseGetAgents) {
	var group errgroup.Group
	group.SetLimit(asked)
	var mu sync.Mutex
	var bad []string
	var why error
	active := 0
	for i := range all.Agents {
		a := &all.Agents[i]
		if !a.Active {
			continue
		}
		active++
		group.Go(func() error {
			err := answers(ctx, cluster, a)
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				bad, why = append(bad, a.AgentInfo.Hostname), err
			}
			return nil
		})
	}
	_ = group.Wait() // what went wrong is in bad
	slices.Sort(bad)
	switch {
	case active == 0:
	case len(bad) > 0:
		d.warn("reach", "'ormos logs' and 'ormos exec' ask the agents themselves: see that this machine may, or run them where it does",
			"%d of %s cannot be asked from here: %s: %v", len(bad), plural(active, "agent"), some(bad), why)
	default:
		d.ok("reach", "%s answers from here", plural(active, "agent"))
	}
}

// answers asks an agent something.
func answers(ctx context.Context, cluster *clusterOf, a *operator.MasterResponseGetAgentsAgent) error {
	ctx, cancel := context.WithTimeout(ctx, unheard)
	defer cancel()
	agent, err := cluster.master.AgentOf(a)
	if err != nil {
		return err
	}
	defer agent.Close()
	_, err = agent.GetVersion(ctx)
	return err
}

// standstill is after how long a deployment is worth a look.
const standstill = 10 * time.Minute

// apps looks at what waits and what fails.
func (d *doctor) apps(ctx context.Context) bool {
	apps, err := d.client.Apps(ctx)
	if err != nil {
		d.fail("apps", "look into the server's log", "%v", err)
		return false
	}
	queue, err := d.client.Queue(ctx)
	if err != nil {
		d.fail("queue", "look into the server's log", "%v", err)
		return false
	}
	troubled := 0
	for i := range apps {
		info := &apps[i]
		item := queued(info.ID, queue)
		switch {
		case item != nil && !item.Delay.Overdue:
			d.warn("apps", "'ormos logs --previous "+string(info.ID)+"' shows what the last one wrote", "%s fails again and again: %s", info.ID, waitsFor(item))
		case item != nil && item.ProcessedOffersSummary.UnusedOffersCount > 0:
			d.warn("apps", "'ormos explain "+string(info.ID)+"' tells what would help", "%s waits: %s", info.ID, waitsFor(item))
		case info.TasksUnhealthy > 0:
			d.warn("apps", "'ormos status "+string(info.ID)+"' and 'ormos logs "+string(info.ID)+"' show more", "%s has %s", info.ID, plural(info.TasksUnhealthy, "unhealthy task"))
		default:
			continue
		}
		troubled++
	}
	if troubled == 0 {
		d.ok("apps", "%s, none waits or fails", plural(len(apps), "app"))
	}
	return d.deployments(ctx)
}

func (d *doctor) deployments(ctx context.Context) bool {
	all, err := d.client.Deployments(ctx)
	if err != nil {
		d.fail("deployments", "look into the server's log", "%v", err)
		return false
	}
	for _, one := range all {
		age := d.now().Sub(one.Version.Time())
		if age < standstill {
			continue
		}
		var ids []string
		for _, id := range one.AffectedApps {
			ids = append(ids, string(id))
		}
		d.warn("deployments", "'ormos explain' tells what its apps wait for, 'ormos deployments cancel "+shortID(one.ID)+"' undoes it",
			"%s of %s is under way for %s, at step %d of %d", shortID(one.ID), strings.Join(ids, ", "), age.Round(time.Minute), one.CurrentStep, one.TotalSteps)
	}
	return true
}
