package engine

import (
	"crypto/sha256"
	"encoding/json"
	"slices"

	"github.com/ormosproject/ormos/app"
)

// A version is one definition of an app. It is constant, but for what is worked out when it is asked for.
type version struct {
	App *app.App `json:"app"`
	// Fresh, when it is set, has instances of versions before it replaced though their definition is the same: a restart.
	Fresh app.Timestamp `json:"fresh,omitzero"`

	digest *[sha256.Size]byte
}

// same tells whether a task of one is as good as a task of the other.
func (v *version) same(w *version) bool { return v == w || v.sum() == w.sum() }

// sum is of all that tasks depend on. It is taken of the JSON, where what is empty and what is absent are one.
func (v *version) sum() [sha256.Size]byte {
	if v.digest == nil {
		a := *v.App
		a.Instances, a.Version, a.VersionInfo = 0, app.Timestamp{}, nil
		a.UpgradeStrategy, a.UnreachableStrategy, a.KillSelection = app.UpgradeStrategy{}, app.UnreachableStrategy{}, ""
		a.BackoffSeconds, a.BackoffFactor, a.MaxLaunchDelaySeconds, a.Deadline = 0, 0, 0, nil
		a.Dependencies = nil
		text, _ := json.Marshal(&a)
		v.digest = new(sha256.Sum256(text))
	}
	return *v.digest
}

// serves tells whether an instance of version w is what v wants.
func (v *version) serves(w *version) bool {
	return w != nil && (v == w || !w.App.Version.Before(v.Fresh) && v.same(w))
}

// definition gives a version of the app, nil when it is not kept.
func (s *crew) definition(at app.Timestamp) *version {
	i, ok := s.find(at)
	if !ok {
		return nil
	}
	return s.versions[i]
}

func (s *crew) find(at app.Timestamp) (int, bool) {
	return slices.BinarySearchFunc(s.versions, at, func(v *version, at app.Timestamp) int { return v.App.Version.Time().Compare(at.Time()) })
}

// keep adds a version, and lets go of the oldest that nobody needs.
func (e *Engine) keep(s *crew, v *version) {
	i, ok := s.find(v.App.Version)
	if ok {
		return
	}
	s.versions = slices.Insert(slices.Clone(s.versions), i, v) // Views share the old
	e.unsaved[versionKey(s.id, v.App.Version)] = v
	e.prune(s)
}

// prune forgets versions above the bound, the oldest first, unless something still refers to them.
func (e *Engine) prune(s *crew) {
	bound := e.opts.Versions
	if s.wanted == nil {
		bound = 0
	}
	if len(s.versions) <= bound {
		return
	}
	used := e.versionsInUse(s)
	left := len(s.versions)
	kept := make([]*version, 0, left)
	for _, v := range s.versions {
		if left > bound && !used[v.App.Version] {
			e.unsaved[versionKey(s.id, v.App.Version)] = nil
			left--
			continue
		}
		kept = append(kept, v)
	}
	s.versions = kept
}

func (e *Engine) versionsInUse(s *crew) map[app.Timestamp]bool {
	used := map[app.Timestamp]bool{}
	for _, v := range []*version{s.wanted, s.goal} {
		if v != nil {
			used[v.App.Version] = true
		}
	}
	for _, i := range s.instances.all() {
		used[i.Version] = true
	}
	for _, c := range e.history {
		if v := c.apps[s.id]; v != nil {
			used[v.App.Version] = true
		}
	}
	return used
}

// bury lets go of versions that nobody needs, and of an app of which nothing is left.
func (e *Engine) bury(s *crew) {
	if s == nil {
		return
	}
	e.prune(s)
	if s.wanted == nil && !s.recorded && len(s.versions) == 0 {
		delete(e.crews, s.id)
	}
}
