package local

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The names of faults.
const (
	killAgent            = "kill-agent"
	stopAgent            = "stop-agent"
	startAgent           = "start-agent"
	freezeAgent          = "freeze-agent"
	thawAgent            = "thaw-agent"
	unregisterAgent      = "unregister-agent"
	killMaster           = "kill-master"
	startMaster          = "start-master"
	rescindOffers        = "rescind-offers"
	dropUpdates          = "drop-updates"
	delayUpdates         = "delay-updates"
	duplicateUpdates     = "duplicate-updates"
	disconnectFrameworks = "disconnect-frameworks"
	fillDisk             = "fill-disk"
)

// FaultHelp lists the faults that Inject knows, a line for each.
const FaultHelp = `  kill-agent K            end agent K as SIGKILL does; its executors live on
  stop-agent K            end it as SIGTERM does; checkpointing frameworks' executors live on
  start-agent K           start it again, on its work dir and port
  freeze-agent K          stop it as SIGSTOP does: it answers nothing, connections stay open
  thaw-agent K            let it go on, as SIGCONT does
  unregister-agent K      end it as SIGUSR1 does; started again it is a new agent
  fill-disk K             let it believe that its disk is full: it launches nothing
  kill-master             end the master as SIGKILL does
  start-master            start it again
  rescind-offers          take back all offers
  disconnect-frameworks   break all connections of schedulers
  drop-updates            lose status updates between agents and master
  delay-updates D         delay them, by 2s for example
  duplicate-updates       send each twice`

// Inject does one of the faults of FaultHelp, such as "kill-agent 0" or "delay-updates 2s". It returns when it is done.
func (c *Cluster) Inject(fault string) error {
	words := strings.Fields(fault)
	if len(words) == 0 {
		return fmt.Errorf("cannot inject a fault: none is named")
	}
	name, arguments := words[0], words[1:]
	if do := c.agentFaults()[name]; do != nil {
		agent, err := number(name, arguments)
		if err != nil {
			return err
		}
		return do(agent)
	}
	if name == delayUpdates {
		d, err := duration(name, arguments)
		if err != nil {
			return err
		}
		return c.DelayUpdates(d)
	}
	do := c.plainFaults()[name]
	switch {
	case do == nil:
		return fmt.Errorf("cannot inject %q: there is no such fault; there are %s", name, strings.Join(c.faultNames(), ", "))
	case len(arguments) > 0:
		return fmt.Errorf("cannot %s: nothing may follow, %q is too much", name, arguments[0])
	}
	return do()
}

func (c *Cluster) faultNames() []string {
	all := slices.Collect(maps.Keys(c.agentFaults()))
	all = slices.AppendSeq(append(all, delayUpdates), maps.Keys(c.plainFaults()))
	slices.Sort(all)
	return all
}

// agentFaults are those that are done to one agent.
func (c *Cluster) agentFaults() map[string]func(int) error {
	return map[string]func(int) error{
		killAgent: c.KillAgent, stopAgent: c.StopAgent, startAgent: c.StartAgent, freezeAgent: c.FreezeAgent, thawAgent: c.ThawAgent,
		unregisterAgent: c.UnregisterAgent, fillDisk: c.FillDisk,
	}
}

// plainFaults are those that need no more to be said.
func (c *Cluster) plainFaults() map[string]func() error {
	return map[string]func() error{
		killMaster: c.KillMaster, startMaster: c.StartMaster, rescindOffers: c.RescindOffers, dropUpdates: c.DropUpdates,
		duplicateUpdates: c.DuplicateUpdates, disconnectFrameworks: c.DisconnectFrameworks,
	}
}

// number reads the number of an agent.
func number(name string, arguments []string) (int, error) {
	if len(arguments) != 1 {
		return 0, fmt.Errorf("cannot %s: say which agent, as in %q", name, name+" 0")
	}
	agent, err := strconv.Atoi(arguments[0])
	if err != nil {
		return 0, fmt.Errorf("cannot %s %q: it is not the number of an agent", name, arguments[0])
	}
	return agent, nil
}

func duration(name string, arguments []string) (time.Duration, error) {
	if len(arguments) != 1 {
		return 0, fmt.Errorf("cannot %s: say by how much, as in %q", name, name+" 2s")
	}
	d, err := time.ParseDuration(arguments[0])
	if err != nil {
		return 0, fmt.Errorf("cannot %s by %q: it is not a duration such as 2s", name, arguments[0])
	}
	return d, nil
}
