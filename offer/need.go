package offer

import "github.com/ormosproject/ormos/mesos"

// A Need is what one task, or one task group, asks for. It is served as a whole or not at all.
type Need struct {
	// Name is for people: it appears in explanations.
	Name string
	// Group is what constraints and preferences count in: the instances of one app.
	Group string
	// Tasks are what is launched: one with LAUNCH, several with LAUNCH_GROUP. One task of Mesos' default executor is a group, too.
	Tasks []Task
	// Executor runs the tasks; nil for Mesos' command executor. Its Resources are amounts by name, as those of tasks. They are
	// counted where it does not run yet, which the offers' executor ids, Options.Placed and what is launched beside it tell. One without an
	// id is of this need alone: it runs nowhere yet, and gets its id before the launch.
	Executor *mesos.ExecutorInfo

	// Roles are those whose offers may be used; none is any.
	Roles []string
	// From says whether reserved or unreserved resources may be used. Volumes that are there are used in any case.
	From From
	// Labels are those of the dynamic reservations that were made for this need. A reservation with labels serves only needs
	// with the same labels, and is used first.
	Labels *mesos.Labels
	// Reserve has everything that is not reserved yet reserved, with Labels, to the offer's role before it is used, so that it stays
	// when the task ends.
	Reserve bool
	// Revocable lets the need use revocable resources. They come first; no resource is mixed of revocable and other.
	Revocable bool

	// Constraints must hold, all of them.
	Constraints []Constraint
	// Preferences order the lots that may serve the need, the first of them above the next.
	Preferences []Preference
}

// A Task is a template, what else belongs to it, and the amounts that it asks for.
type Task struct {
	// Info is the task as it is launched. Its Resources are amounts by name, without reservations: cpus:0.5;mem:64. In the result
	// they are those of the offers, with the ports and volumes, and AgentID and Executor are filled in.
	Info mesos.TaskInfo
	// Ports are taken out of the resource "ports".
	Ports []Port
	// Volumes are persistent volumes.
	Volumes []Volume
}

// A Port is one that the task listens on.
type Port struct {
	// Name is the caller's, and may be empty.
	Name string
	// Number is the port that it must be; 0 is any that is offered (see Options.Seed).
	Number uint64
}

// A Volume is a persistent volume: one that is offered or one to create. Volumes belong to roles: the offers must be for one.
type Volume struct {
	// ID is its persistence id. A volume of that id that is offered is used as it is.
	ID string
	// Path is where the task sees it, absolute or below the sandbox.
	Path string
	// ReadOnly has it mounted so that the task cannot write.
	ReadOnly bool
	// Size in MB is what to create where there is no volume of that id: RESERVE where needed, CREATE and LAUNCH in one ACCEPT. With 0 the
	// volume must exist. Set it to 0 once the volume was created, or another might come to be on another agent.
	Size float64
	// Disk is what to create it on.
	Disk Disk
	// Profile, if not empty, is the profile that the disk must have.
	Profile string
	// Shared volumes are used by several tasks at once.
	Shared bool
}

// Disk is a kind of disk.
type Disk int

// The kinds of disks that persistent volumes are created on.
const (
	// RootDisk is the one that has the agent's work directory.
	RootDisk Disk = iota
	// PathDisk is a directory elsewhere; volumes are cut from it.
	PathDisk
	// MountDisk is a file system, which becomes a volume as a whole: the smallest that is large enough.
	MountDisk
)

// From says which resources of an offer are used.
type From int

const (
	// Anywhere uses what is reserved first, and then what is not.
	Anywhere From = iota
	// Reserved uses only what is reserved: with the need's labels if it has any.
	Reserved
	// Unreserved uses only what is reserved to nobody.
	Unreserved
)

// A Preference puts lots in order. It never rules one out.
type Preference struct {
	// Kind is the way.
	Kind PreferenceKind
	// Field is what [Spread] spreads over: as the field of a [Constraint].
	Field string
}

// PreferenceKind is a way to order lots.
type PreferenceKind int

const (
	// Spread prefers agents with whose value of the field the fewest instances of the group run; agents without the attribute
	// come last.
	Spread PreferenceKind = iota
	// Pack prefers the lot that could hold the fewest more of the same, so that others stay free for what is large.
	Pack
)

// Placed is an instance that runs already, or was launched.
type Placed struct {
	// Group is that of its Need.
	Group string
	// AgentID, Hostname, Attributes and Domain are those of its agent, as the offer had them.
	AgentID    mesos.AgentID
	Hostname   string
	Attributes mesos.Attributes
	Domain     *mesos.DomainInfo
	// Executor is the one that runs it, exactly as it was launched: another task of it must say the same. Nil for the command
	// executor.
	Executor *mesos.ExecutorInfo
}

// Options are what [Match] takes into account besides offers and needs. The zero value works.
type Options struct {
	// Placed are the instances that run, in any order.
	Placed []Placed
	// Role is the framework's, for offers that do not say for which role they are: those to frameworks without MULTI_ROLE.
	Role string
	// Principal is the framework's, for reservations and volumes; empty when it has none.
	Principal string
	// Seed has ports picked at random, the same for the same seed. With 0 they are the lowest that are offered; then a port is soon used
	// again after its task has ended, and clients that remember the old one meet the new.
	Seed uint64
	// MixGPUs lets needs without gpus use lots that have some. Otherwise these are kept for needs with gpus, and for needs with a
	// volume that is there.
	MixGPUs bool
	// PerLot is how many needs one lot serves at most; 0 is any number. The rest of a lot that has served so many waits for the next offers.
	PerLot int
}
