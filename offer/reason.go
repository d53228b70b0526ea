package offer

import (
	"fmt"
	"strconv"

	"github.com/ormosproject/ormos/mesos"
)

// Reason is why an offer does not serve a need.
type Reason int

// The reasons, in the order of the funnel: an offer is counted at the first that applies.
const (
	// Invalid: the need itself is wrong, and no offer can serve it.
	Invalid Reason = iota
	// WrongRole: the offer is for a role that the need may not use.
	WrongRole
	// ConstraintFails: the constraint that the failure names does not hold.
	ConstraintFails
	// NoReservation: enough is offered, but it is not reserved as the need wants, or reserved to others.
	NoReservation
	// NoVolume: the volume that the failure names is not there, or in use.
	NoVolume
	// TooFew of cpus, mem, disk, gpus or another resource that the failure names.
	TooFewCPUs
	TooFewMem
	TooFewDisk
	TooFewGPUs
	TooFewOther
	// PortTaken: the port that the failure names is not offered, or was granted already.
	PortTaken
	// TooFewPorts: fewer ports are left than wanted.
	TooFewPorts
	// GPUsKept: the agent has gpus, and the need does not want any. See Options.MixGPUs.
	GPUsKept
	// LotFull: the lot has served as many needs as it may. See Options.PerLot.
	LotFull
)

var reasons = [...]string{
	"invalid", "role", "constraint", "reservation", "volume", "cpus", "mem", "disk", "gpus", "resource", "port", "ports", "gpus are kept", "full",
}

// String is a word for the reason.
func (r Reason) String() string {
	if r < 0 || int(r) >= len(reasons) {
		return "reason " + strconv.Itoa(int(r))
	}
	return reasons[r]
}

// tooFew is the reason for a resource of that dimension.
func tooFew(dimension int) Reason {
	switch dimension {
	case cpus, mem, disk, gpus:
		return TooFewCPUs + Reason(dimension)
	case ports:
		return TooFewPorts
	}
	return TooFewOther
}

// A Failure is one thing that keeps a need from being served by one lot, and with its String what would end it.
type Failure struct {
	// Reason is its kind.
	Reason Reason
	// Name is that of the role, constraint, volume, resource or port, or what is wrong with the need.
	Name string
	// Missing is how much more the lot would have to have of a resource, in the resource's unit. Wanted is the whole.
	Missing, Wanted float64
	// Port is the number that is not offered; TakenBy the name of the need that has got it.
	Port    uint64
	TakenBy string
}

// String says what would have to change: 0.5 cpus more.
func (f Failure) String() string {
	switch f.Reason {
	case Invalid:
		return "the need is wrong: " + f.Name
	case WrongRole:
		return fmt.Sprintf("let it use offers for role %q", f.Name)
	case ConstraintFails:
		return "drop the constraint " + f.Name
	case NoReservation:
		return fmt.Sprintf("%s more %s that it may use: they are reserved otherwise", amount(f.Missing), f.Name)
	case NoVolume:
		return "volume " + f.Name + " is not free here"
	case PortTaken:
		if f.TakenBy != "" {
			return fmt.Sprintf("port %d is used by %s", f.Port, f.TakenBy)
		}
		return fmt.Sprintf("port %d is not offered", f.Port)
	case GPUsKept:
		return "let it use agents with gpus"
	case LotFull:
		return "wait for the next offers: these have served as many as they may"
	}
	return fmt.Sprintf("%s %s more", amount(f.Missing), f.Name)
}

func amount(n float64) string {
	return strconv.FormatFloat(mesos.FromThousandths(mesos.Thousandths(n)), 'f', -1, 64)
}

// weight is how much is asked for by ending the failure: a share of what is wanted for amounts, more for what is a matter of rules.
func (f *Failure) weight() float64 {
	switch f.Reason {
	case Invalid:
		return 1000
	case NoVolume:
		return 4
	case WrongRole, GPUsKept:
		return 2
	case ConstraintFails, PortTaken:
		return 1
	case LotFull:
		return 0
	}
	if f.Wanted <= 0 {
		return 1
	}
	return 0.1 + f.Missing/f.Wanted
}
