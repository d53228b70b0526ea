package offer

import (
	"slices"

	"github.com/ormosproject/ormos/mesos"
)

// taking gives parts of a lot to a need.
type taking struct {
	m      *matcher
	l      *lot
	c      *class
	need   *Need
	pieces []piece
	// report hears of all that is missing; nil to stop at the first.
	report func(Failure)
	failed bool
	grant  Grant
}

// miss notes that something is missing, and tells whether to go on.
func (t *taking) miss(f Failure) bool {
	t.failed = true
	if t.report == nil {
		return false
	}
	t.report(f)
	return true
}

// all takes everything that the need asks for: what leaves no choice first.
func (t *taking) all() bool {
	resources := make([]mesos.Resources, len(t.c.parts))
	for i := range t.c.parts {
		resources[i] = make(mesos.Resources, 0, t.c.parts[i].size())
	}
	executor := t.executorPart()
	ok := t.volumes(resources) && t.scalars(resources, executor) && t.exact(resources, executor) && t.ports(resources)
	if !ok || t.failed {
		return false
	}
	t.fill(resources)
	return true
}

// size is how many resources the part is likely to be given.
func (p *part) size() int { return len(p.scalars) + len(p.exact) + len(p.ports) + len(p.volumes) }

// executorPart gives what the executor needs, nil where it runs already.
func (t *taking) executorPart() *part {
	if t.need.Executor == nil || t.m.runs(t.l, t.need.Executor) {
		return nil
	}
	return &t.c.executor
}

func (t *taking) volumes(resources []mesos.Resources) bool {
	for i := range t.c.parts {
		for j := range t.c.parts[i].volumes {
			one, f, ok := t.volume(&t.c.parts[i].volumes[j])
			if !ok {
				if !t.miss(f) {
					return false
				}
				continue
			}
			resources[i] = append(resources[i], one)
		}
	}
	return true
}

func (t *taking) scalars(resources []mesos.Resources, executor *part) bool {
	if executor != nil {
		e := *t.need.Executor
		e.Resources = nil
		t.grant.Executor = &e
		for _, a := range executor.scalars {
			var ok bool
			if e.Resources, ok = t.scalar(e.Resources, a); !ok {
				return false
			}
		}
	}
	for i := range t.c.parts {
		for _, a := range t.c.parts[i].scalars {
			var ok bool
			if resources[i], ok = t.scalar(resources[i], a); !ok {
				return false
			}
		}
	}
	return true
}

// scalar takes an amount, of several pieces if need be.
func (t *taking) scalar(out []mesos.Resource, a ask) ([]mesos.Resource, bool) {
	revocable := t.need.Revocable && t.available(a.dimension, true) >= a.amount
	missing := a.amount
	for i := range t.pieces {
		p := &t.pieces[i]
		if p.dimension != a.dimension || p.milli == 0 || p.revocable != revocable || !t.usable(p) {
			continue
		}
		n := min(p.milli, missing)
		p.milli -= n
		out = append(out, t.part(p, n))
		if missing -= n; missing == 0 {
			return out, true
		}
	}
	return out, t.miss(t.shortage(a, missing))
}

// available is how much of a dimension the need may use.
func (t *taking) available(dimension int, revocable bool) int64 {
	var sum int64
	for i := range t.pieces {
		if p := &t.pieces[i]; p.dimension == dimension && p.revocable == revocable && t.usable(p) {
			sum += p.milli
		}
	}
	return sum
}

// shortage says how much is missing, and whether there would be enough for another.
func (t *taking) shortage(a ask, missing int64) Failure {
	f := Failure{
		Reason: tooFew(a.dimension), Name: t.m.names.text(a.dimension),
		Missing: mesos.FromThousandths(missing), Wanted: mesos.FromThousandths(a.amount),
	}
	var others int64
	for i := range t.pieces {
		if p := &t.pieces[i]; p.dimension == a.dimension && !p.revocable && !p.whole && !t.usable(p) {
			others += p.milli
		}
	}
	if others >= missing {
		f.Reason = NoReservation
	}
	return f
}

// usable tells whether the need may use the piece for what is no volume.
func (t *taking) usable(p *piece) bool { return !p.whole && t.mine(p) }

// mine tells whether the reservation, or the lack of one, is such that the need may use the piece.
func (t *taking) mine(p *piece) bool {
	n := t.need
	switch {
	case p.gone || p.revocable && !n.Revocable:
		return false
	case p.labels != nil && !p.labels.Equal(n.Labels):
		return false
	case n.From == Reserved && (!p.reserved || n.Labels != nil && p.labels == nil):
		return false
	case n.From == Unreserved && p.reserved:
		return false
	}
	return !n.Reserve || t.kept(p) || t.reservable(p)
}

// kept tells whether the piece is reserved as the need would reserve it.
func (t *taking) kept(p *piece) bool {
	return p.reserved && p.offered.ReservedRole() == t.l.role && (p.labels != nil) == (t.need.Labels != nil)
}

// reservable tells whether the piece can be reserved to the lot's role.
func (t *taking) reservable(p *piece) bool {
	if p.revocable || t.l.role == "" || t.l.role == "*" {
		return false
	}
	return !p.reserved || mesos.IsStrictSubrole(t.l.role, p.offered.ReservedRole())
}

// part is so much of a piece, reserved if the need wants that.
func (t *taking) part(p *piece, milli int64) mesos.Resource {
	one := *p.offered
	one.Scalar = &mesos.ValueScalar{Value: mesos.FromThousandths(milli)}
	if t.need.Reserve && !t.kept(p) {
		one = t.reserve(one)
	}
	return one
}

// reserve notes that the resource is to be reserved first, and gives it as it is then.
func (t *taking) reserve(one mesos.Resource) mesos.Resource {
	by := mesos.ResourceReservationInfo{Role: new(t.l.role), Labels: t.need.Labels}
	if p := t.m.options.Principal; p != "" {
		by.Principal = new(p)
	}
	reserved := mesos.Resources{one}.Reserve(by)[0]
	t.grant.Reserve = t.grant.Reserve.Add(reserved)
	return reserved
}

// exact takes ranges and sets that are named.
func (t *taking) exact(resources []mesos.Resources, executor *part) bool {
	if executor != nil {
		for i := range executor.exact {
			var ok bool
			if t.grant.Executor.Resources, ok = t.named(t.grant.Executor.Resources, &executor.exact[i]); !ok {
				return false
			}
		}
	}
	for i := range t.c.parts {
		for j := range t.c.parts[i].exact {
			var ok bool
			if resources[i], ok = t.named(resources[i], &t.c.parts[i].exact[j]); !ok {
				return false
			}
		}
	}
	return true
}

// named takes exactly these numbers or items.
func (t *taking) named(out []mesos.Resource, want *mesos.Resource) ([]mesos.Resource, bool) {
	dimension := t.m.names.number(want.Name)
	for i := range t.pieces {
		p := &t.pieces[i]
		if p.dimension != dimension || p.offered.Type != want.Type || !t.usable(p) {
			continue
		}
		one := *p.offered
		switch want.Type {
		case mesos.ValueTypeRanges:
			if !p.ranges.Contains(want.Ranges.Range) {
				continue
			}
			p.ranges = p.ranges.Subtract(want.Ranges.Range)
			one.Ranges = want.Ranges
		case mesos.ValueTypeSet:
			if !containsAll(p.items, want.Set.Item) {
				continue
			}
			p.items = slices.DeleteFunc(slices.Clone(p.items), func(item string) bool { return slices.Contains(want.Set.Item, item) })
			one.Set = want.Set
		}
		if t.need.Reserve && !t.kept(p) {
			one = t.reserve(one)
		}
		return append(out, one), true
	}
	return out, t.miss(Failure{Reason: tooFew(firstOther), Name: mesos.Resources{*want}.String(), Missing: 1, Wanted: 1})
}

func containsAll(items, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(item string) bool { return !slices.Contains(items, item) })
}

// ports takes the numbers that must be these first, then any.
func (t *taking) ports(resources []mesos.Resources) bool {
	t.allotPorts()
	for _, fixed := range []bool{true, false} {
		for i := range t.c.parts {
			for j := range t.c.parts[i].ports {
				number := t.c.parts[i].ports[j].Number
				if (number != 0) != fixed {
					continue
				}
				at := t.portPiece(number)
				if at < 0 {
					if !t.miss(t.portMissing(number)) {
						return false
					}
					continue
				}
				if number == 0 {
					number = t.m.choose(t.pieces[at].ranges)
				}
				resources[i] = t.port(resources[i], &t.pieces[at], number)
				t.grant.Ports[i][j].Number = number
			}
		}
	}
	return true
}

// allotPorts makes room for the numbers, with the names that the need has.
func (t *taking) allotPorts() {
	for i := range t.need.Tasks {
		if named := t.need.Tasks[i].Ports; len(named) > 0 {
			if t.grant.Ports == nil {
				t.grant.Ports = make([][]Port, len(t.need.Tasks))
			}
			t.grant.Ports[i] = slices.Clone(named)
		}
	}
}

// portPiece finds where a port is to be taken, -1 for nowhere. Number 0 is any.
func (t *taking) portPiece(number uint64) int {
	return slices.IndexFunc(t.pieces, func(p piece) bool {
		return p.dimension == ports && !p.revocable && len(p.ranges) > 0 && (number == 0 || p.ranges.Has(number)) && t.usable(&p)
	})
}

func (t *taking) portMissing(number uint64) Failure {
	if slices.ContainsFunc(t.pieces, func(p piece) bool {
		return p.dimension == ports && !p.revocable && len(p.ranges) > 0 && (number == 0 || p.ranges.Has(number)) && !t.usable(&p)
	}) {
		return Failure{Reason: NoReservation, Name: mesos.PortsName, Port: number, Missing: 1, Wanted: 1}
	}
	if number == 0 {
		return Failure{Reason: TooFewPorts, Name: mesos.PortsName, Missing: 1, Wanted: 1}
	}
	f := Failure{Reason: PortTaken, Name: mesos.PortsName, Port: number, Missing: 1, Wanted: 1}
	for i := range t.l.grants {
		for _, ports := range t.l.grants[i].Ports {
			if slices.ContainsFunc(ports, func(p Port) bool { return p.Number == number }) {
				f.TakenBy = t.m.needs[t.l.grants[i].Need].Name
			}
		}
	}
	return f
}

// port takes a port out of a piece.
func (t *taking) port(out []mesos.Resource, p *piece, number uint64) []mesos.Resource {
	if !p.own {
		p.ranges, p.own = slices.Clone(p.ranges), true
	}
	p.ranges = without(p.ranges, number)
	one := *p.offered
	one.Ranges = &mesos.ValueRanges{Range: []mesos.ValueRange{{Begin: number, End: number}}}
	if t.need.Reserve && !t.kept(p) {
		one = t.reserve(one)
	}
	return append(out, one)
}

// without takes one number out of ranges, in place.
func without(ranges mesos.Ranges, number uint64) mesos.Ranges {
	for i := range ranges {
		r := &ranges[i]
		switch {
		case number < r.Begin || number > r.End:
			continue
		case r.Begin == r.End:
			return slices.Delete(ranges, i, i+1)
		case number == r.Begin:
			r.Begin++
		case number == r.End:
			r.End--
		default:
			upper := mesos.ValueRange{Begin: number + 1, End: r.End}
			r.End = number - 1
			return slices.Insert(ranges, i+1, upper)
		}
		break
	}
	return ranges
}

// volume takes or makes a persistent volume. One that is there and in use, or another's, is not made a second time.
func (t *taking) volume(v *Volume) (mesos.Resource, Failure, bool) {
	exists := false
	for i := range t.pieces {
		p := &t.pieces[i]
		if !p.offered.IsPersistentVolume() || p.offered.Disk.Persistence.ID != v.ID {
			continue
		}
		if exists = true; !p.gone && (p.labels == nil || p.labels.Equal(t.need.Labels)) && (!p.offered.IsShared() || v.Shared) {
			p.gone = !p.offered.IsShared()
			return mounted(*p.offered, v), Failure{}, true
		}
	}
	if v.Size == 0 || exists {
		return mesos.Resource{}, Failure{Reason: NoVolume, Name: v.ID, Missing: 1, Wanted: 1}, false
	}
	return t.create(v)
}

// mounted is a volume as the task sees it.
func mounted(volume mesos.Resource, v *Volume) mesos.Resource {
	d := *volume.Disk
	d.Volume = &mesos.Volume{ContainerPath: v.Path, Mode: mesos.VolumeModeRw}
	if v.ReadOnly {
		d.Volume.Mode = mesos.VolumeModeRo
	}
	volume.Disk = &d
	return volume
}

// create makes a volume of a disk: of the first that is large enough, or the smallest if it is used up as a whole.
func (t *taking) create(v *Volume) (mesos.Resource, Failure, bool) {
	size := mesos.Thousandths(v.Size)
	best, largest := -1, int64(0)
	for i := range t.pieces {
		p := &t.pieces[i]
		if !v.fits(p.offered) || !t.mine(p) || p.revocable || !t.disk(p) {
			continue
		}
		if largest = max(largest, p.milli); p.milli < size {
			continue
		}
		if best < 0 || v.Disk == MountDisk && p.milli < t.pieces[best].milli {
			best = i
		}
	}
	if best < 0 {
		return mesos.Resource{}, Failure{
			Reason: TooFewDisk, Name: mesos.DiskName, Missing: mesos.FromThousandths(size - largest), Wanted: v.Size,
		}, false
	}
	return t.cutVolume(v, &t.pieces[best], size), Failure{}, true
}

// disk tells whether a volume can be made of the piece: it is reserved to the role, or can be.
func (t *taking) disk(p *piece) bool {
	return p.reserved && p.offered.ReservedRole() == t.l.role || t.reservable(p)
}

func (t *taking) cutVolume(v *Volume, p *piece, size int64) mesos.Resource {
	if v.Disk == MountDisk {
		size = p.milli
	}
	if p.milli -= size; v.Disk == MountDisk {
		p.gone = true
	}
	one := *p.offered
	one.Scalar = &mesos.ValueScalar{Value: mesos.FromThousandths(size)}
	if !(p.reserved && p.offered.ReservedRole() == t.l.role) {
		one = t.reserve(one)
	}
	persistence := mesos.ResourceDiskInfoPersistence{ID: v.ID}
	if principal := t.m.options.Principal; principal != "" {
		persistence.Principal = new(principal)
	}
	made := one.WithVolume(persistence, mesos.Volume{ContainerPath: v.Path, Mode: mesos.VolumeModeRw})
	if v.Shared {
		made.Shared = &mesos.ResourceSharedInfo{}
	}
	t.grant.Create = append(t.grant.Create, made)
	t.pieces = append(t.pieces, piece{ // for those that share it, and so that none has its id
		offered: &made, dimension: disk, reserved: true, whole: true, labels: made.ReservationLabels(), gone: !v.Shared, made: true,
	})
	return mounted(made, v)
}

// fits tells whether a resource is a disk of the kind that the volume wants, and no volume.
func (v *Volume) fits(r *mesos.Resource) bool {
	if r.Name != mesos.DiskName || r.Type != mesos.ValueTypeScalar || r.IsPersistentVolume() {
		return false
	}
	if r.Disk == nil || r.Disk.Source == nil {
		return v.Disk == RootDisk && r.Disk == nil && v.Profile == ""
	}
	s := r.Disk.Source
	if v.Profile != "" && s.GetProfile() != v.Profile {
		return false
	}
	return v.Disk == PathDisk && s.Type == mesos.ResourceDiskInfoSourceTypePath || v.Disk == MountDisk && s.Type == mesos.ResourceDiskInfoSourceTypeMount
}

// fill makes the tasks of their templates.
func (t *taking) fill(resources []mesos.Resources) {
	g := &t.grant
	if e := t.need.Executor; e != nil {
		t.executor(e)
	}
	g.group = len(t.need.Tasks) > 1 || g.Executor != nil && g.Executor.GetType() == mesos.ExecutorInfoTypeDefault
	g.Tasks = make([]mesos.TaskInfo, len(t.need.Tasks))
	for i := range g.Tasks {
		g.Tasks[i] = t.need.Tasks[i].Info
		g.Tasks[i].AgentID = t.l.agent
		g.Tasks[i].Resources = resources[i]
		if !g.group {
			g.Tasks[i].Executor = g.Executor
		}
	}
}

// executor completes the executor, or finds the one that runs.
func (t *taking) executor(e *mesos.ExecutorInfo) {
	if t.grant.Executor != nil {
		if t.grant.Executor.FrameworkID == nil {
			t.grant.Executor.FrameworkID = new(t.l.framework)
		}
		return
	}
	if t.grant.Executor = t.m.running(t.l, e); t.grant.Executor != nil {
		return
	}
	unknown := *e // the agent runs it, and we were not told how it was launched
	unknown.FrameworkID = new(t.l.framework)
	unknown.Resources = mesos.Resources(e.Resources).AllocatedTo(t.l.role)
	t.grant.Executor = &unknown
}
