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

// In the cluster.
const (
	// Rescind takes all outstanding offers back.
	Rescind Kind = "rescind"
	// KillAgent ends an agent as kill -9 does, and starts it again after For. What it had launched runs on.
	KillAgent Kind = "kill-agent"
	// LoseAgent cuts an agent off from its master for For.
	LoseAgent Kind = "lose-agent"
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
var inCluster = [...]Kind{Rescind, KillAgent, LoseAgent, KillMaster}

// OnWire tells whether a [Wire] does faults of this kind.
func (k Kind) OnWire() bool { return slices.Contains(onWire[:], k) }

// InCluster tells whether a cluster does them.
func (k Kind) InCluster() bool { return slices.Contains(inCluster[:], k) }

// lasts tells whether For means something.
func (k Kind) lasts() bool {
	switch k {
	case Delay, DelayCall, Refuse, Unavailable, Redirect, Silence, KillAgent, LoseAgent, KillMaster, Crash:
		return true
	}
	return false
}

// WireKinds are all that happens on the wire, and ClusterKinds all that happens in the cluster.
func WireKinds() []Kind { return slices.Clone(onWire[:]) }

// ClusterKinds are all that happens in the cluster.
func ClusterKinds() []Kind { return slices.Clone(inCluster[:]) }
