package replay

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/ormosproject/ormos/scheduler"
)

// names are the ids that the framework has made by chance since the play began, each with the one that it had made in its place when it was recorded.
type names map[string]string

// match tells whether a call is the one that was recorded, but for ids. What it adds to the names is theirs only if it is.
func (n names) match(call *scheduler.Call, text []byte, s *step) (names, bool) {
	mine, theirs := made(call), made(s.call)
	if len(mine) != len(theirs) {
		return n, false
	}
	next := maps.Clone(n)
	for i, id := range mine {
		if id != theirs[i] {
			next[id] = theirs[i]
		}
	}
	if len(next) > 0 {
		text = replace(next, text)
	}
	if !bytes.Equal(text, s.Call) {
		return n, false
	}
	return next, true
}

// event is a recorded event in the framework's own words of today.
func (n names) event(s *step) *scheduler.Event {
	if len(n) == 0 {
		return s.event
	}
	mine := names{}
	for id, recorded := range n {
		mine[recorded] = id
	}
	e := new(scheduler.Event)
	if e.UnmarshalJSON(replace(mine, s.Event)) != nil {
		return s.event // the ids do not go together with it
	}
	return e
}

// replace puts other names in the place of some, wherever they stand in the text: executors, labels and addresses are named after tasks. The
// longer ones come first, since one may begin with another.
func replace(n names, text []byte) []byte {
	var pairs []string
	for _, old := range slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) }) {
		pairs = append(pairs, inText(old), inText(n[old]))
	}
	return []byte(strings.NewReplacer(pairs...).Replace(string(text)))
}

// inText is an id as it stands within a JSON string.
func inText(id string) string {
	quoted, _ := json.Marshal(id) // a string: it never fails
	return string(quoted[1 : len(quoted)-1])
}

// made are the ids that a call brings into the world: of tasks, and of operations.
func made(c *scheduler.Call) (ids []string) {
	if c.Accept == nil {
		return nil
	}
	for i := range c.Accept.Operations {
		o := &c.Accept.Operations[i]
		if o.ID != nil {
			ids = append(ids, o.ID.Value)
		}
		if o.Launch != nil {
			for j := range o.Launch.TaskInfos {
				ids = append(ids, o.Launch.TaskInfos[j].TaskID.Value)
			}
		}
		if o.LaunchGroup != nil {
			for j := range o.LaunchGroup.TaskGroup.Tasks {
				ids = append(ids, o.LaunchGroup.TaskGroup.Tasks[j].TaskID.Value)
			}
		}
	}
	return slices.DeleteFunc(ids, func(id string) bool { return id == "" })
}
