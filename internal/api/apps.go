package api

import (
	"strings"
	"sync"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/engine"
)

// stateOfApp is an app that is wanted; one that is being removed is gone for whoever asks.
func stateOfApp(v *engine.View, id app.ID) (*engine.AppState, error) {
	st, ok := v.App(id)
	if !ok || st.App == nil {
		return nil, noApp(id)
	}
	return st, nil
}

// listApps is GET /v2/apps.
func listApps(a *API, r *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	e := listEmbeds(r.query["embed"])
	wanted, err := filterOf(r)
	if err != nil {
		return nil, err
	}
	if wanted == nil && e == listEmbeds(nil) {
		return a.apps.list.answer(v, a.apps.summary)
	}
	var all [][]byte
	now := app.At(a.now())
	for st := range v.Apps() {
		if st.App == nil || wanted != nil && !wanted(st.App) {
			continue
		}
		text, err := a.apps.info(st, e, now)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return &answer{body: wrapped("apps", all)}, nil
}

// filterOf is what cmd, id and label of the query choose; nil is everything.
func filterOf(r *request) (func(*app.App) bool, error) {
	cmd, byCmd := r.text("cmd")
	id, byID := r.text("id")
	label, byLabel := r.text("label")
	if !byCmd && !byID && !byLabel {
		return nil, nil
	}
	labels, err := parseSelector(label)
	if err != nil {
		return nil, err
	}
	return func(a *app.App) bool {
		return (!byCmd || a.Cmd != nil && holds(*a.Cmd, cmd)) && (!byID || holds(string(a.ID), id)) && labels.matches(a.Labels)
	}, nil
}

// holds tells whether text has part in it, in whatever case.
func holds(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// listCache keeps the last list of all apps: as long as their states are the same, so is the answer.
type listCache struct {
	mu     sync.Mutex
	view   *engine.View // that was rendered last
	states []*engine.AppState
	last   *answer
}

func (c *listCache) answer(v *engine.View, render func(*engine.AppState) ([]byte, error)) (*answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil && (c.view == v || c.same(v)) {
		c.view = v
		return c.last, nil
	}
	states := c.states[:0:0]
	var all [][]byte
	for st := range v.Apps() {
		if st.App == nil {
			continue
		}
		text, err := render(st)
		if err != nil {
			return nil, err
		}
		states, all = append(states, st), append(all, text)
	}
	body := wrapped("apps", all)
	c.view, c.states = v, states
	c.last = &answer{body: body, zipped: sync.OnceValue(func() []byte { return compress(body) })}
	return c.last, nil
}

// same tells whether a View has the states that were rendered, and no others.
func (c *listCache) same(v *engine.View) bool {
	n := 0
	for st := range v.Apps() {
		if st.App == nil {
			continue
		}
		if n == len(c.states) || c.states[n] != st {
			return false
		}
		n++
	}
	return n == len(c.states)
}

// getApp is GET /v2/apps/{id}, also of all apps in a group.
func getApp(a *API, r *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	states, err := below(v, r.id())
	if err != nil {
		return nil, err
	}
	var all [][]byte
	e, now := oneEmbeds(r.query["embed"]), app.At(a.now())
	for _, st := range states {
		text, err := a.apps.info(st, e, now)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	if strings.HasSuffix(string(r.id()), "/*") {
		return &answer{body: wrapped("*", all)}, nil
	}
	return &answer{body: wrap("app", all[0])}, nil
}

// appVersions is GET /v2/apps/{id}/versions.
func appVersions(a *API, r *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	st, err := stateOfApp(v, r.id())
	if err != nil {
		return nil, err
	}
	return say(map[string]any{"versions": append([]app.Timestamp{}, st.Versions...)})
}

// appVersion is GET /v2/apps/{id}/versions/{version}: the app itself, not wrapped.
func appVersion(a *API, r *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	version, err := r.version()
	if err != nil {
		return nil, err
	}
	definition, ok := v.Version(r.id(), version)
	if !ok {
		return nil, missing("App '%s' does not exist in version %s", r.id(), version)
	}
	text, err := a.apps.definition(definition)
	return &answer{body: text}, err
}
