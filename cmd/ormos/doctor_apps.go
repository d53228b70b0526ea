package main

import (
	"context"
	"strings"
	"time"

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
