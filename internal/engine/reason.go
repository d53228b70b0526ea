package engine

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// Marathon's names of the reasons, in the order of its funnel: an offer counts at the first that applies.
const (
	unfulfilledRole       = "UnfulfilledRole"
	unfulfilledConstraint = "UnfulfilledConstraint"
	noReservation         = "NoCorrespondingReservationFound"
	agentMaintenance      = "AgentMaintenance"
	insufficientCPUs      = "InsufficientCpus"
	insufficientMemory    = "InsufficientMemory"
	insufficientDisk      = "InsufficientDisk"
	insufficientGPUs      = "InsufficientGpus"
	insufficientPorts     = "InsufficientPorts"
	declinedScarce        = "DeclinedScarceResources"
)

func funnel() []string {
	return []string{
		unfulfilledRole, unfulfilledConstraint, noReservation, agentMaintenance, insufficientCPUs, insufficientMemory, insufficientDisk,
		insufficientGPUs, insufficientPorts, declinedScarce,
	}
}

// marathons is Marathon's name of a failure. What is reserved for others it counts as a matter of roles.
func marathons(r offer.Reason) string {
	switch r {
	case offer.WrongRole, offer.NoReservation:
		return unfulfilledRole
	case offer.NoVolume:
		return noReservation
	case offer.TooFewCPUs:
		return insufficientCPUs
	case offer.TooFewMem:
		return insufficientMemory
	case offer.TooFewDisk:
		return insufficientDisk
	case offer.TooFewGPUs:
		return insufficientGPUs
	case offer.PortTaken, offer.TooFewPorts:
		return insufficientPorts
	case offer.GPUsKept:
		return declinedScarce
	}
	return unfulfilledConstraint
}

// missing says for people what one failure is on an agent.
func missing(f *offer.Failure, o *mesos.Offer) app.Missing {
	m := app.Missing{Reason: marathons(f.Reason), Name: f.Name}
	if f.Wanted > 0 && f.Reason != offer.PortTaken {
		m.Wanted, m.Offered = f.Wanted, rounded(f.Wanted-f.Missing)
	}
	switch f.Reason {
	case offer.WrongRole:
		m.Text = fmt.Sprintf("it is offered for role %q", f.Name)
	case offer.ConstraintFails:
		m.Text = unfulfilled(f, o)
	case offer.NoReservation:
		m.Text = fmt.Sprintf("there are enough %s, but not for it: they are reserved otherwise", f.Name)
	case offer.PortTaken:
		m.Name = strconv.FormatUint(f.Port, 10)
		m.Text = "port " + m.Name + " is not offered: it is in use, or not among the agent's"
	case offer.TooFewPorts:
		m.Text = "there are no more free ports"
	case offer.GPUsKept:
		m.Text = "it has gpus, which are kept for apps that use them"
	case offer.TooFewCPUs, offer.TooFewMem, offer.TooFewDisk, offer.TooFewGPUs:
		m.Text = fmt.Sprintf("it wants %s, and %s are offered", quantity(m.Wanted, f.Name), amount(m.Offered))
	default:
		m.Text = f.String()
	}
	return m
}

// quantity is an amount with its unit.
func quantity(n float64, name string) string {
	if name == mesos.MemName || name == mesos.DiskName {
		return amount(n) + " MiB of " + name
	}
	return amount(n) + " " + name
}

func rounded(n float64) float64 { return mesos.FromThousandths(mesos.Thousandths(n)) }

func amount(n float64) string { return strconv.FormatFloat(rounded(n), 'f', -1, 64) }

// about is what an obstacle is about.
func about(f *offer.Failure, o *mesos.Offer) string {
	switch f.Reason {
	case offer.WrongRole:
		return "offers for role " + f.Name
	case offer.NoReservation:
		return f.Name + " that are reserved otherwise"
	}
	return missing(f, o).Name
}

// unfulfilled says why a constraint does not hold on an agent.
func unfulfilled(f *offer.Failure, o *mesos.Offer) string {
	field, rest, _ := strings.Cut(f.Name, " ")
	operator, _, _ := strings.Cut(rest, " ")
	value, ok := fieldOf(field, o)
	if !ok {
		return fmt.Sprintf("it has no %s, which the constraint %s wants", field, f.Name)
	}
	why := ""
	switch offer.Operator(operator) {
	case offer.Home:
		return fmt.Sprintf("its region is %s, and without a constraint on @region the app stays in the masters', which is %s", value, strings.TrimPrefix(rest, operator+" "))
	case offer.Unique:
		why = ", where an instance is already"
	case offer.MaxPer:
		why = ", where as many instances are already"
	case offer.GroupBy:
		why = ", and elsewhere are fewer instances"
	}
	return fmt.Sprintf("its %s is %s%s (%s)", strings.TrimPrefix(field, "@"), value, why, f.Name)
}

// fieldOf is what a constraint's field is on an agent.
func fieldOf(field string, o *mesos.Offer) (string, bool) {
	switch field {
	case "hostname", offer.HostnameField:
		return o.Hostname, true
	case offer.RegionField, offer.ZoneField:
		if o.Domain == nil || o.Domain.FaultDomain == nil {
			return "", false
		}
		if field == offer.RegionField {
			return o.Domain.FaultDomain.Region.Name, true
		}
		return o.Domain.FaultDomain.Zone.Name, true
	}
	a := mesos.Attributes(o.Attributes).Get(field)
	if a == nil {
		return "", false
	}
	return a.ValueText(), true
}

// remedy is the change of the definition that ends a failure; false where none does.
func remedy(a *app.App, f *offer.Failure) (app.Remedy, bool) {
	switch f.Reason {
	case offer.WrongRole:
		return app.Remedy{Path: "/role", Text: fmt.Sprintf("set role to %q", f.Name), Value: f.Name}, true
	case offer.ConstraintFails:
		if strings.HasPrefix(f.Name, offer.RegionField+" "+string(offer.Home)+" ") {
			return app.Remedy{Path: "/constraints", Text: `name the region in a constraint: ["@region", "IS", REGION]`}, true
		}
		return app.Remedy{Path: constraintPath(a, f.Name), Text: "drop the constraint " + f.Name}, true
	case offer.NoReservation:
		return app.Remedy{Path: "/acceptedResourceRoles", Text: "leave out acceptedResourceRoles: it may then use what is reserved for it and what is not"}, len(a.AcceptedResourceRoles) > 0
	case offer.PortTaken:
		return portRemedy(a), true
	case offer.TooFewCPUs, offer.TooFewMem, offer.TooFewDisk, offer.TooFewGPUs:
		left := rounded(f.Wanted - f.Missing)
		if left <= 0 && f.Reason == offer.TooFewCPUs {
			return app.Remedy{}, false // an app cannot do without
		}
		return app.Remedy{Path: "/" + f.Name, Text: fmt.Sprintf("set %s to %s instead of %s", f.Name, amount(left), amount(f.Wanted)), Value: left}, true
	}
	return app.Remedy{}, false
}

func constraintPath(a *app.App, text string) string {
	for i, c := range constraints(a) {
		if c.String() == text {
			return "/constraints(" + strconv.Itoa(i) + ")"
		}
	}
	return "/constraints"
}

func portRemedy(a *app.App) app.Remedy {
	if onHost(a) {
		return app.Remedy{Path: "/requirePorts", Text: "let it use any free ports: requirePorts false", Value: false}
	}
	return app.Remedy{Path: "/container/portMappings", Text: "let it use any free ports: hostPort 0"}
}
