package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/engine"
)

// findGroup is the group with an id below root, or nil.
func findGroup(root *app.Group, id app.ID) *app.Group {
	if root == nil || root.ID == id {
		return root
	}
	for _, g := range root.Groups {
		if id.In(g.ID) {
			return findGroup(g, id)
		}
	}
	return nil
}

// each calls do with all apps of a group, those of its groups too.
func each(g *app.Group, do func(*app.App)) {
	for _, a := range g.Apps {
		do(a)
	}
	for _, inner := range g.Groups {
		each(inner, do)
	}
}

// groups is how many groups there are, g included.
func groups(g *app.Group) int {
	if g == nil {
		return 0
	}
	n := 1
	for _, inner := range g.Groups {
		n += groups(inner)
	}
	return n
}

// groupEmbeds are the parts of a group's answer.
type groupEmbeds struct {
	groups, apps, pods bool
	app                embeds
}

func parseGroupEmbeds(values []string) (e groupEmbeds) {
	if len(values) == 0 {
		return groupEmbeds{groups: true, apps: true, pods: true}
	}
	e.groups, e.apps, e.pods = slices.Contains(values, "group.groups"), slices.Contains(values, "group.apps"), slices.Contains(values, "group.pods")
	var apps []string
	for _, v := range values {
		if strings.HasPrefix(v, "group.apps.") {
			apps = append(apps, v)
		}
	}
	e.app = appEmbeds(apps)
	return e
}

// group renders a group. Without a View, its apps are definitions of another time, of which nothing runs.
func (c *appCache) group(v *engine.View, g *app.Group, e groupEmbeds, now app.Timestamp) ([]byte, error) {
	o := &object{text: []byte{'{'}}
	o.field("id", g.ID)
	if e.apps {
		apps, err := c.infos(v, g.Apps, e.app, now)
		if err != nil {
			return nil, err
		}
		o.raw("apps", list(apps))
	}
	if e.groups {
		inner := make([][]byte, len(g.Groups))
		for i, one := range g.Groups {
			var err error
			if inner[i], err = c.group(v, one, e, now); err != nil {
				return nil, err
			}
		}
		o.raw("groups", list(inner))
	}
	if e.pods {
		o.raw("pods", []byte("[]"))
	}
	o.field("dependencies", append([]app.ID{}, g.Dependencies...))
	o.field("version", g.Version)
	if g.EnforceRole != nil && *g.EnforceRole { // clients that are older than Marathon's roles know no such field
		o.field("enforceRole", true)
	}
	return o.close()
}

// infos renders apps of the tree.
func (c *appCache) infos(v *engine.View, apps []*app.App, e embeds, now app.Timestamp) ([][]byte, error) {
	all := make([][]byte, 0, len(apps))
	for _, a := range apps {
		st := &engine.AppState{App: a, ID: a.ID}
		if v != nil {
			if current, ok := v.App(a.ID); ok && current.App != nil {
				st = current
			}
		} else {
			e = embeds{}
		}
		text, err := c.info(st, e, now)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}

// getGroup is GET /v2/groups and /v2/groups/{id}.
func getGroup(a *API, r *request) (*answer, error) {
	v, g, err := a.group(r.id())
	if err != nil {
		return nil, err
	}
	text, err := a.apps.group(v, g, parseGroupEmbeds(r.query["embed"]), app.At(a.now()))
	return &answer{body: text}, err
}

func (a *API) group(id app.ID) (*engine.View, *app.Group, error) {
	v, err := a.view()
	if err != nil {
		return nil, nil, err
	}
	if g := findGroup(v.Root, id); g != nil {
		return v, g, nil
	}
	return nil, nil, noGroup(id)
}

// groupApps is GET /v2/groups/{id}/apps: an array.
func groupApps(a *API, r *request) (*answer, error) {
	v, g, err := a.group(r.id())
	if err != nil {
		return nil, err
	}
	var apps []*app.App
	each(g, func(one *app.App) { apps = append(apps, one) })
	infos, err := a.apps.infos(v, apps, parseGroupEmbeds(r.query["embed"]).app, app.At(a.now()))
	return &answer{body: list(infos)}, err
}

// groupVersions is GET /v2/groups/{id}/versions: an array.
func groupVersions(a *API, r *request) (*answer, error) {
	v, g, err := a.group(r.id())
	if err != nil {
		return nil, err
	}
	return say(append([]app.Timestamp{}, v.GroupVersions(g.ID)...))
}

// groupVersion is GET /v2/groups/{id}/versions/{version}.
func groupVersion(a *API, r *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	version, err := r.version()
	if err != nil {
		return nil, err
	}
	g, ok := v.GroupVersion(r.id(), version)
	if !ok {
		return nil, noGroup(r.id())
	}
	text, err := a.apps.group(nil, g, parseGroupEmbeds(r.query["embed"]), app.At(a.now()))
	return &answer{body: text}, err
}

// version is the one that the path names.
func (r *request) version() (app.Timestamp, error) {
	version, err := app.ParseTimestamp(r.values["version"])
	if err != nil {
		return version, &refusal{http.StatusUnprocessableEntity, err.Error()}
	}
	return version, nil
}
