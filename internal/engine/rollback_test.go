package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/ormosproject/ormos/app"
)

// After a rollback there are tasks of the version before, which were kept, and of the one that was taken back. The former are what is
// wanted: they are not stale, and constraints count them; the latter are neither.
func TestRolledBack(t *testing.T) {
	define := func(minutes int, cmd string) *version {
		a := web(2)
		a.Cmd, a.Version = &cmd, app.At(noon.Add(time.Duration(minutes)*time.Minute))
		a.VersionInfo = &app.VersionInfo{LastScalingAt: a.Version, LastConfigChangeAt: a.Version}
		return &version{App: a}
	}
	before, broken, again := define(0, "good"), define(1, "bad"), define(2, "good")
	s := &crew{id: before.App.ID, wanted: again, goal: again, versions: []*version{before, broken, again}}
	kept, bad := running(before.App, "a"), running(broken.App, "b")
	kept.ID, bad.ID = "kept", "bad"
	s.instances.put(kept)
	s.instances.put(bad)

	e := &Engine{crews: map[app.ID]*crew{s.id: s}}
	if counted := slices.Collect(e.counted(again.App)); !slices.Equal(counted, []*Instance{kept}) {
		t.Errorf("%v count beside another one", counted)
	}
	stale := s.stale(s.instances.all())
	if !slices.Equal(stale, []app.Timestamp{broken.App.Version}) {
		t.Errorf("%v are stale", stale)
	}
	state := &AppState{Instances: s.instances.share(), Stale: stale}
	if counted := state.counted(); !slices.Equal(counted, []*Instance{kept}) || len(state.Instances) != 2 {
		t.Errorf("of the state %v count, of %v", counted, state.Instances)
	}
}
