package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ormosproject/ormos/app"
)

// fieldChange is a field that differs between two definitions; nil stands for none.
type fieldChange struct {
	Path string          `json:"path"`
	Old  json.RawMessage `json:"old"`
	New  json.RawMessage `json:"new"`
}

// differences is the answer of /v1/apps/{id}/diff.
type differences struct {
	App  app.ID        `json:"app"`
	From app.Timestamp `json:"from"`
	To   app.Timestamp `json:"to"`
	// Restarts tells whether running instances have to be replaced to get from one to the other.
	Restarts bool          `json:"restarts"`
	Fields   []fieldChange `json:"fields"`
}

// diffApp is GET /v1/apps/{id}/diff: what differs between two versions of an app. To is the one that is wanted, unless it is given; from the one before it.
func diffApp(a *API, r *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	st, err := stateOfApp(v, r.id())
	if err != nil {
		return nil, err
	}
	d := differences{App: st.ID, To: st.App.Version}
	if err := r.moment("to", &d.To); err != nil {
		return nil, err
	}
	d.From = before(st.Versions, d.To)
	if err := r.moment("from", &d.From); err != nil {
		return nil, err
	}
	from, ok := v.Version(st.ID, d.From)
	to, ok2 := v.Version(st.ID, d.To)
	if !ok || !ok2 {
		return nil, &app.Error{Code: app.NotFound, Message: fmt.Sprintf("App '%s' has not both versions, %s and %s", st.ID, d.From, d.To), Hint: "ormos history lists those that are kept"}
	}
	d.Restarts = app.Compare(from, to) == app.Changed
	d.Fields, err = compareApps(from, to)
	if err != nil {
		return nil, err
	}
	return say(d)
}

// moment reads a timestamp of the query, if it is there.
func (r *request) moment(name string, into *app.Timestamp) error {
	text, ok := r.text(name)
	if !ok {
		return nil
	}
	t, err := app.ParseTimestamp(text)
	if err != nil {
		return &app.Error{Code: app.Invalid, Message: name + ": " + err.Error()}
	}
	*into = t
	return nil
}

// before is the newest version that is older than one; that one when there is none.
func before(versions []app.Timestamp, version app.Timestamp) app.Timestamp {
	for _, v := range versions { // the newest first
		if v.Before(version) {
			return v
		}
	}
	return version
}

// compareApps compares two definitions field by field, but for what the server sets.
func compareApps(from, to *app.App) ([]fieldChange, error) {
	old, err := fields(from)
	if err != nil {
		return nil, err
	}
	fresh, err := fields(to)
	if err != nil {
		return nil, err
	}
	paths := maps.Clone(old)
	maps.Copy(paths, fresh)
	all := []fieldChange{}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if string(old[path]) != string(fresh[path]) {
			all = append(all, fieldChange{path, old[path], fresh[path]})
		}
	}
	return all, nil
}

// fields are those of a definition by their paths, as JSON. Empty lists and objects are as good as none.
func fields(a *app.App) (map[string]json.RawMessage, error) {
	text, err := encode(a)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("cannot read back an app: %w", err)
	}
	delete(tree, "version")
	delete(tree, "versionInfo")
	all := map[string]json.RawMessage{}
	return all, flatten(all, "", tree)
}

func flatten(all map[string]json.RawMessage, path string, v any) error {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if err := flatten(all, path+"/"+strings.ReplaceAll(name, "/", "~1"), inner); err != nil {
				return err
			}
		}
	case []any:
		for i, inner := range v {
			if err := flatten(all, fmt.Sprintf("%s(%d)", path, i), inner); err != nil {
				return err
			}
		}
	case nil:
	default:
		text, err := encode(v)
		if err != nil {
			return err
		}
		all[path] = text
	}
	return nil
}
