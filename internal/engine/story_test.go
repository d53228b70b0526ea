package engine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/scheduler"
)

// TestStories plays the stories in testdata: blocks of commands, and below ---- what the engine does about them.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no stories", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if got == string(text) {
				return
			}
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("%s: %s", file, firstDifference(string(text), got))
		})
	}
}

// firstDifference shows where two texts part.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	n := 0
	for n < len(w) && n < len(g) && w[n] == g[n] {
		n++
	}
	show := func(lines []string) string {
		return strings.Join(lines[min(n, len(lines)):min(n+12, len(lines))], "\n")
	}
	return fmt.Sprintf("from line %d it is\n%s\nand should be\n%s\n(-update writes what it is)", n+1, show(g), show(w))
}

// play gives the story as it goes.
func play(t *testing.T, text string) string {
	w := newWorld(t)
	var out strings.Builder
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for len(lines) > 0 {
		if at := lines[0]; at == "" || at[0] == '#' {
			fmt.Fprintln(&out, at)
			lines = lines[1:]
			continue
		}
		end := slices.Index(lines, "----")
		if end < 0 {
			t.Fatalf("no ---- follows %q", lines[0])
		}
		block := lines[:end]
		for _, line := range block {
			fmt.Fprintln(&out, line)
		}
		fmt.Fprintln(&out, "----")
		lines = lines[end+1:]
		if stop := slices.Index(lines, ""); stop >= 0 {
			lines = lines[stop:]
		} else {
			lines = nil
		}
		for _, command := range join2(block) {
			w.out = &out
			w.command(command)
		}
	}
	return out.String()
}

// join2 puts lines that are indented, or that close what was opened, behind the command before.
func join2(block []string) []string {
	var commands []string
	for _, line := range block {
		if len(commands) > 0 && (strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "}")) {
			commands[len(commands)-1] += " " + strings.TrimSpace(line)
		} else {
			commands = append(commands, line)
		}
	}
	return commands
}

// world is an engine with its time, its store and names for what it makes up.
type world struct {
	t       rapid.TB
	e       *Engine
	opts    Options
	now     time.Time
	wake    time.Time
	records map[string][]byte
	names   map[string]string // short for long
	long    map[string]string
	counts  map[string]int
	out     *strings.Builder
	do      uint64
	quiet   map[string]bool
	last    Effects
	called  map[string]scheduler.Call // the last of each type
	steps   int
	every   int // so many steps it is checked that the records are all
}

var epoch = time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)

func newWorld(t rapid.TB) *world {
	w := &world{
		t: t, now: epoch, records: map[string][]byte{}, names: map[string]string{}, long: map[string]string{}, counts: map[string]int{},
		called: map[string]scheduler.Call{},
		opts:   Options{Seed: 1, LaunchOptions: LaunchOptions{PerOffer: -1}}, quiet: map[string]bool{}, out: new(strings.Builder), every: 1,
	}
	w.restart()
	return w
}

// restart begins again from what was saved.
func (w *world) restart() {
	e, err := New(w.records, w.opts)
	if err != nil {
		w.t.Fatal(err)
	}
	w.e = e
}

// step takes in one input, and keeps what is to be saved.
func (w *world) step(in Input) Effects {
	w.t.Helper()
	out := w.e.Step(w.now, in)
	for key, value := range out.Records {
		if value == nil {
			delete(w.records, key)
		} else {
			w.records[key] = value
		}
	}
	w.wake, w.last = out.WakeAt, out
	w.starves()
	if w.steps++; w.steps%w.every == 0 {
		w.restores()
	}
	return out
}

// starves checks that what the master was asked to offer by keeps nothing away from what waits.
func (w *world) starves() {
	w.t.Helper()
	for _, s := range w.e.crews {
		if s.sought == 0 {
			continue
		}
		role := w.e.opts.role(s.goal.App)
		if told, narrowed := w.e.market.asking.told[role]; narrowed && !covers(told.Groups, w.e.needOf(s), role) {
			w.t.Fatalf("%s waits, and starves by %v", s.id, told)
		}
	}
}

// restores checks the law of kill -9: what was saved is all that there is.
func (w *world) restores() {
	w.t.Helper()
	again, err := New(w.records, w.opts)
	if err != nil {
		w.t.Fatal(err)
	}
	if was, is := portrait(w.e), portrait(again); was != is {
		w.t.Fatalf("after a restart it is %s", firstDifference(was, is))
	}
}

// portrait is all of an engine that has to outlive it: its records, made anew, and what it keeps besides them.
func portrait(e *Engine) string {
	all := map[string]any{}
	for _, s := range e.crews {
		all[appKey(s.id)] = s
		for _, v := range s.versions {
			all[versionKey(s.id, v.App.Version)] = v
		}
		for _, i := range s.instances.all() {
			all[instanceKey(i.ID)] = timeless(i)
		}
		if s.deployment != nil {
			all["has/"+string(s.id)] = s.deployment.ID
		}
	}
	groupsOf(e.root, func(g *app.Group) { all[groupKey(g.ID)] = recordGroup(g) })
	for _, d := range e.deployments {
		all[deploymentKey(d.ID)] = d
	}
	for _, c := range e.history {
		all[changeKey(c.Version)] = c
	}
	all["ports"], all["roles"] = e.servicePorts, e.roles
	var b bytes.Buffer
	for _, key := range sortedKeys(all) {
		fmt.Fprintf(&b, "%s %s\n", key, encode(all[key]))
	}
	return b.String()
}

// timeless is an instance without the numbers of health checks, which are not saved: only verdicts are.
func timeless(i *Instance) *Instance {
	own := *i
	own.Health = slices.Clone(i.Health)
	for k := range own.Health {
		h := &own.Health[k]
		h.ConsecutiveFailures, h.LastFailureCause, h.FirstSuccess = 0, "", nil
		h.LastSuccess, h.LastFailure = nil, nil
	}
	own.Readiness = nil
	return &own
}

// short gives a name that does not change from run to run.
func (w *world) short(kind, long string) string {
	if long == "" {
		return "-"
	}
	if name, ok := w.names[long]; ok {
		return name
	}
	w.counts[kind]++
	name := fmt.Sprintf("%s%d", kind, w.counts[kind])
	w.names[long], w.long[name] = name, long
	return name
}

func (w *world) instance(id string) string {
	name, _, _ := strings.Cut(id, ".instance-")
	return w.short(name+"#", id)
}

func (w *world) task(id string) string {
	instance, incarnation, ok := strings.Cut(id, "._app.")
	if !ok {
		return id
	}
	return w.instance(instance) + "." + incarnation
}

// taskNamed is the reverse of task.
func (w *world) taskNamed(name string) string {
	instance, incarnation, ok := strings.Cut(name, ".")
	long, known := w.long[instance]
	if !ok || !known {
		return name
	}
	return long + "._app." + incarnation
}

func (w *world) version(v app.Timestamp) string {
	if v.IsZero() {
		return "-"
	}
	return w.short("v", v.String())
}

func (w *world) deployment(id string) string { return w.short("D", id) }
