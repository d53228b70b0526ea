package offer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ormosproject/ormos/mesos"
)

// A class is what needs that differ in nothing but their names have in common, made ready for comparing.
type class struct {
	need *Need
	// wrong tells why the need can never be served.
	wrong error
	// rules are those of the constraints, in their order.
	rules []rule
	// spreads are the tallies that instances are spread over, the most important first; pack tells that lots with less room come first.
	spreads []*tally
	pack    bool
	// asks are what the tasks need of each dimension, executorAsks the executor, fixed ports not among them.
	asks         []ask
	executorAsks []ask
	parts        []part
	executor     part
	// plain tells that the amounts in asks decide.
	plain   bool
	gpus    bool
	volumes bool
	// left is how many needs of the class are still to come.
	left     int
	prepared bool
	// index is there once there was a need of the class with others to come.
	index *index
}

// ask is an amount of one dimension: thousandths, or a number of ports.
type ask struct {
	dimension int
	amount    int64
}

// part is what one task, or the executor, needs.
type part struct {
	scalars []ask
	// exact are ranges and sets that are named.
	exact   []mesos.Resource
	ports   []Port
	dynamic int
	volumes []Volume
}

// classify gives the class of each need.
func (m *matcher) classify(needs []Need) {
	known := map[string]*class{}
	m.classes = make([]*class, len(needs))
	var key []byte
	for i := range needs {
		if i > 0 && needs[i].twin(&needs[i-1]) {
			m.classes[i] = m.classes[i-1]
			m.classes[i].left++
			continue
		}
		key = needs[i].appendKey(key[:0])
		c, ok := known[string(key)]
		if !ok {
			c = m.compile(&needs[i])
			known[string(key)] = c
		}
		c.left++
		m.classes[i] = c
	}
}

func (m *matcher) compile(n *Need) *class {
	c := &class{need: n, plain: n.From == Anywhere && n.Labels == nil && !n.Reserve && !n.Revocable}
	c.wrong = n.validate()
	for i := range n.Constraints {
		r, err := n.Constraints[i].compile()
		if err != nil && c.wrong == nil {
			c.wrong = err
		}
		c.rules = append(c.rules, r)
	}
	total := map[int]int64{}
	for i := range n.Tasks {
		t := &n.Tasks[i]
		p := m.part(t.Info.Resources)
		p.ports, p.volumes = t.Ports, t.Volumes
		for _, port := range t.Ports {
			if port.Number == 0 {
				p.dynamic++
			} else {
				c.plain = false
			}
		}
		c.parts = append(c.parts, p)
		c.total(&p, total)
	}
	c.asks = asked(total)
	if n.Executor != nil {
		c.executor = m.part(n.Executor.Resources)
		total = map[int]int64{}
		c.total(&c.executor, total)
		c.executorAsks = asked(total)
	}
	return c
}

// total adds up what a part needs.
func (c *class) total(p *part, sum map[int]int64) {
	for _, s := range p.scalars {
		sum[s.dimension] += s.amount
		c.gpus = c.gpus || s.dimension == gpus
	}
	if p.dynamic > 0 {
		sum[ports] += int64(p.dynamic)
	}
	if len(p.exact) > 0 || len(p.volumes) > 0 {
		c.plain = false
	}
	c.volumes = c.volumes || len(p.volumes) > 0
}

func asked(sum map[int]int64) []ask {
	var all []ask
	for _, d := range slices.Sorted(maps.Keys(sum)) {
		if sum[d] > 0 {
			all = append(all, ask{d, sum[d]})
		}
	}
	return all
}

// part reads amounts.
func (m *matcher) part(amounts mesos.Resources) part {
	var p part
	for _, one := range amounts.Add() {
		if one.Type == mesos.ValueTypeScalar {
			p.scalars = append(p.scalars, ask{m.names.number(one.Name), mesos.Thousandths(one.Scalar.Value)})
		} else {
			p.exact = append(p.exact, one)
		}
	}
	return p
}

// validate tells why the need can never be served, whatever is offered.
func (n *Need) validate() error {
	if len(n.Tasks) == 0 {
		return errors.New("it has no tasks")
	}
	if n.Executor == nil && len(n.Tasks) > 1 {
		return errors.New("a task group needs an executor")
	}
	if err := n.once(); err != nil {
		return err
	}
	var amounts mesos.Resources
	if n.Executor != nil {
		amounts = append(amounts, n.Executor.Resources...)
	}
	for i := range n.Tasks {
		amounts = append(amounts, n.Tasks[i].Info.Resources...)
	}
	if err := amounts.Validate(); err != nil {
		return err
	}
	for i := range amounts {
		if one := &amounts[i]; one.IsReserved() || one.Disk != nil || one.Shared != nil || one.Revocable != nil || one.ProviderID != nil {
			return fmt.Errorf("%v is more than an amount", amounts[i:i+1])
		}
	}
	return nil
}

// once tells whether ports and volumes are asked for once only.
func (n *Need) once() error {
	ports, volumes := map[uint64]bool{}, map[string]bool{}
	for i := range n.Tasks {
		for _, p := range n.Tasks[i].Ports {
			if ports[p.Number] {
				return fmt.Errorf("port %d is wanted twice", p.Number)
			}
			ports[p.Number] = p.Number != 0
		}
		for _, v := range n.Tasks[i].Volumes {
			if err := v.validate(); err != nil {
				return err
			}
			if volumes[v.ID] {
				return fmt.Errorf("volume %s is wanted twice and not shared", v.ID)
			}
			volumes[v.ID] = !v.Shared
		}
	}
	return nil
}

func (v *Volume) validate() error {
	if err := mesos.ValidID(v.ID); err != nil {
		return fmt.Errorf("volume: %w", err)
	}
	if v.Size != 0 && mesos.Thousandths(v.Size) <= 0 {
		return fmt.Errorf("volume %s: %v MB is no size", v.ID, v.Size)
	}
	return nil
}

// twin tells whether two needs are made of the same parts: then they are of one class, without a closer look.
func (n *Need) twin(o *Need) bool {
	return n.Group == o.Group && n.From == o.From && n.Reserve == o.Reserve && n.Revocable == o.Revocable && n.Labels == o.Labels && n.Executor == o.Executor &&
		sameSlice(n.Tasks, o.Tasks) && sameSlice(n.Roles, o.Roles) && sameSlice(n.Constraints, o.Constraints) && sameSlice(n.Preferences, o.Preferences)
}

// sameSlice tells whether two slices have the same memory.
func sameSlice[T any](a, b []T) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// appendKey writes all that tells classes apart.
func (n *Need) appendKey(b []byte) []byte {
	b = appendText(b, n.Group)
	b = append(b, byte(n.From), flag(n.Reserve)|flag(n.Revocable)<<1|flag(n.Labels != nil)<<2|flag(n.Executor != nil)<<3)
	b = binary.AppendUvarint(b, uint64(len(n.Roles)))
	for _, role := range n.Roles {
		b = appendText(b, role)
	}
	if n.Labels != nil {
		labels, _ := n.Labels.AppendBinary(nil)
		b = appendText(b, string(labels))
	}
	if n.Executor != nil {
		b = appendText(b, n.Executor.ExecutorID.Value)
		b = appendAmounts(b, n.Executor.Resources)
	}
	b = binary.AppendUvarint(b, uint64(len(n.Constraints)))
	for _, c := range n.Constraints {
		b = appendText(appendText(appendText(b, c.Field), string(c.Operator)), c.Value)
	}
	b = binary.AppendUvarint(b, uint64(len(n.Preferences)))
	for _, p := range n.Preferences {
		b = appendText(append(b, byte(p.Kind)), p.Field)
	}
	b = binary.AppendUvarint(b, uint64(len(n.Tasks)))
	for i := range n.Tasks {
		b = n.Tasks[i].appendKey(b)
	}
	return b
}

func (t *Task) appendKey(b []byte) []byte {
	b = appendAmounts(b, t.Info.Resources)
	b = binary.AppendUvarint(b, uint64(len(t.Ports)))
	for _, p := range t.Ports {
		b = binary.AppendUvarint(b, p.Number)
	}
	b = binary.AppendUvarint(b, uint64(len(t.Volumes)))
	for _, v := range t.Volumes {
		b = appendText(appendText(appendText(b, v.ID), v.Path), v.Profile)
		b = append(b, byte(v.Disk), flag(v.ReadOnly)|flag(v.Shared)<<1)
		b = binary.AppendVarint(b, mesos.Thousandths(v.Size))
	}
	return b
}

func appendAmounts(b []byte, amounts []mesos.Resource) []byte {
	b = binary.AppendUvarint(b, uint64(len(amounts)))
	for i := range amounts {
		start := len(b)
		b, _ = amounts[i].AppendBinary(append(b, 0, 0, 0, 0))
		binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
	}
	return b
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}
