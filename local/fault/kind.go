package fault

import "slices"

// Kind is what goes wrong. The text is what schedules print.
type Kind string

// On the wire between framework and master. These wait for the next record or call that they fit, and hit it once. A fault with an Event
// waits for that type: UPDATE, OFFERS, ACCEPT, ACKNOWLEDGE and so on.
const (
	// Drop loses a record. Mesos itself may lose an UPDATE, which the agent sends again; what else it loses, nobody sends again.
	Drop Kind = "drop"
	// Duplicate has a record come twice, as Mesos may have an UPDATE.
	Duplicate Kind = "duplicate"
	// Delay holds a record, and what comes after it, for For.
	Delay Kind = "delay"
	// Cut ends the connection when Part of a record has come.
	Cut Kind = "cut"
	// LoseCall ends the connection in place of taking a call to the master.
	LoseCall Kind = "lose-call"
	// LoseAnswer takes a call to the master and ends the connection in place of the answer.
	LoseAnswer Kind = "lose-answer"
	// DelayCall holds a call, and those after it, for For.
	DelayCall Kind = "delay-call"
)

// On the wire, at once.
const (
	// Break ends all connections.
	Break Kind = "break"
	// Refuse ends all connections and refuses new ones for For.
	Refuse Kind = "refuse"
	// Unavailable has every call answered with 503 for For, as by a master that recovers.
	Unavailable Kind = "unavailable"
	// Redirect has every call answered with 307 for For, to the address that the framework knows already, as by a master that has not noticed
	// that it leads.
	Redirect Kind = "redirect"
	// Silence lets nothing through for For, while the connections seem to live.
	Silence Kind = "silence"
)

// In the cluster, by the functions of the same names that a local.Cluster has, in the words of its Inject.
const (
	// RescindOffers takes all outstanding offers back.
	RescindOffers Kind = "rescind-offers"
	// DisconnectFrameworks ends all connections of schedulers, at the master's side of the wire.
	DisconnectFrameworks Kind = "disconnect-frameworks"
	// KillAgent ends an agent as kill -9 does, and starts it again after For. What it had launched runs on.
	KillAgent Kind = "kill-agent"
	// StopAgent ends an agent as SIGTERM does, and starts it again after For. Tasks of frameworks that checkpoint run on.
	StopAgent Kind = "stop-agent"
	// UnregisterAgent ends an agent as SIGUSR1 does, its tasks with it, and starts it again after For, as a new one.
	UnregisterAgent Kind = "unregister-agent"
	// FreezeAgent stops an agent as SIGSTOP does, for For: the master loses sight of it, and what it had launched runs on.
	FreezeAgent Kind = "freeze-agent"
	// KillMaster ends the master as kill -9 does, and starts another in its place after For.
	KillMaster Kind = "kill-master"
)

// In the framework.
const (
	// Crash ends the framework as kill -9 does, and starts it again after For with what it has stored.
	Crash Kind = "crash"
)

// onWire are the kinds that a Wire does.
var onWire = [...]Kind{Drop, Duplicate, Delay, Cut, LoseCall, LoseAnswer, DelayCall, Break, Refuse, Unavailable, Redirect, Silence}

// inCluster are those that a cluster does.
var inCluster = [...]Kind{RescindOffers, DisconnectFrameworks, KillAgent, StopAgent, UnregisterAgent, FreezeAgent, KillMaster}

// OnWire tells whether a [Wire] does faults of this kind.
func (k Kind) OnWire() bool { return slices.Contains(onWire[:], k) }

// InCluster tells whether a cluster does them.
func (k Kind) InCluster() bool { return slices.Contains(inCluster[:], k) }

// lasts tells whether For means something.
func (k Kind) lasts() bool {
	switch k {
	case Delay, DelayCall, Refuse, Unavailable, Redirect, Silence, KillMaster, Crash:
		return true
	}
	return k.onAgent()
}

// onAgent tells whether Agent means something.
func (k Kind) onAgent() bool {
	return k == KillAgent || k == StopAgent || k == UnregisterAgent || k == FreezeAgent
}

// WireKinds are all that happens on the wire.
func WireKinds() []Kind { return slices.Clone(onWire[:]) }

// ClusterKinds are all that happens in the cluster.
func ClusterKinds() []Kind { return slices.Clone(inCluster[:]) }
