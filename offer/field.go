package offer

import "github.com/ormosproject/ormos/mesos"

// traits are what constraints look at.
type traits struct {
	hostname   string
	attributes mesos.Attributes
	domain     *mesos.DomainInfo
}

// attribute gives the attribute that a field names, nil for none and for the fields that are not attributes.
func (t *traits) attribute(field string) *mesos.Attribute {
	switch field {
	case "hostname", HostnameField, RegionField, ZoneField:
		return nil
	}
	return t.attributes.Get(field)
}

// value gives the text of a field, false when the agent has none.
func (t *traits) value(field string) (string, bool) {
	switch field {
	case "hostname", HostnameField:
		return t.hostname, true
	case RegionField, ZoneField:
		if t.domain == nil || t.domain.FaultDomain == nil {
			return "", false
		}
		if field == RegionField {
			return t.domain.FaultDomain.Region.Name, true
		}
		return t.domain.FaultDomain.Zone.Name, true
	}
	attribute := t.attributes.Get(field)
	if attribute == nil {
		return "", false
	}
	return attribute.ValueText(), true
}

// none is the number of no value.
const none = int32(-1)

// A field has its values numbered, so that they are compared and counted quickly.
type field struct {
	name string
	// of has the number of each lot's value, or none.
	of    []int32
	texts []string
	known map[string]int32
	// judged are the verdicts of patterns.
	judged map[Constraint]*verdicts
}

func newField(name string, lots []lot) *field {
	f := &field{name: name, of: make([]int32, len(lots)), known: map[string]int32{}, judged: map[Constraint]*verdicts{}}
	for i := range lots {
		f.of[i] = f.number(&lots[i].traits)
	}
	return f
}

func (f *field) number(t *traits) int32 {
	text, ok := t.value(f.name)
	if !ok {
		return none
	}
	n, ok := f.known[text]
	if !ok {
		n = int32(len(f.texts))
		f.known[text] = n
		f.texts = append(f.texts, text)
	}
	return n
}

func (f *field) verdicts(c Constraint) *verdicts {
	v, ok := f.judged[c]
	if !ok {
		v = &verdicts{}
		f.judged[c] = v
	}
	return v
}

// A tally counts the instances of a group by their value of a field.
type tally struct {
	field  *field
	counts []int32
	// values is how many values have instances, least the smallest number of instances that any of them has, and having how many
	// values have so many.
	values int
	least  int32
	having map[int32]int
}

func newTally(f *field) *tally { return &tally{field: f, having: map[int32]int{}} }

// count is the number of instances with that value; where there is none, more than anywhere.
func (t *tally) count(value int32) int32 {
	switch {
	case value == none:
		return 1<<31 - 1
	case int(value) >= len(t.counts):
		return 0
	}
	return t.counts[value]
}

// add counts an instance. Counts only grow.
func (t *tally) add(value int32) {
	if value == none {
		return
	}
	for int(value) >= len(t.counts) {
		t.counts = append(t.counts, 0)
	}
	before := t.counts[value]
	t.counts[value]++
	t.having[before+1]++
	if before == 0 {
		t.values++
		t.least = 1
		return
	}
	t.having[before]--
	if t.having[t.least] == 0 {
		t.least++
	}
}
