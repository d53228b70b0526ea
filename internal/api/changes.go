package api

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/engine"
)

const deploymentHeader = "Marathon-Deployment-Id"

// change carries out edits of the tree, as one deployment.
func (a *API) change(r *request, force bool, edits ...engine.Edit) (engine.Result, error) {
	result, err := a.do(r, engine.Change{Edits: edits, Force: force, ClientIP: clientIP(r.Request), URI: r.URL.Path})
	if result.Deployment == "" {
		result.Deployment = nothing()
	}
	return result, err
}

// nothing names the deployment that was not needed. Clients of Marathon get one in any case: they wait until it is in the list no
// more.
func nothing() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// deployed is the answer to most changes.
func deployed(result engine.Result, err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	ans, err := say(app.DeploymentResult{Version: result.Version, DeploymentID: result.Deployment})
	return ans.with(deploymentHeader, result.Deployment), err
}

// createApp is POST /v2/apps.
func createApp(a *API, r *request) (*answer, error) {
	update, err := r.app()
	if err != nil {
		return nil, err
	}
	result, err := a.change(r, r.on("force", false), engine.CreateApp{App: update})
	if err != nil {
		return nil, err
	}
	o, err := a.apps.open(result.App)
	if err != nil {
		return nil, err
	}
	o.counts(app.Counts{})
	o.field("deployments", refs([]string{result.Deployment}))
	text, err := o.close()
	ans := &answer{status: http.StatusCreated, body: text}
	return ans.with("Location", string(result.App.ID)).with(deploymentHeader, result.Deployment), err
}

// putApp is PUT /v2/apps/{id}, patchApp PATCH.
func putApp(a *API, r *request) (*answer, error) {
	return a.updateApp(r, !r.on("partialUpdate", true), true)
}

func patchApp(a *API, r *request) (*answer, error) { return a.updateApp(r, false, false) }

func (a *API) updateApp(r *request, full, create bool) (*answer, error) {
	update, err := r.app()
	if err != nil {
		return nil, err
	}
	result, err := a.change(r, r.on("force", false), engine.UpdateApp{ID: r.id(), Update: update, Full: full, Create: create})
	ans, err := deployed(result, err)
	if err == nil && result.Created {
		ans.status = http.StatusCreated
		ans.with("Location", string(r.id()))
	}
	return ans, err
}

// putApps is PUT /v2/apps, patchApps PATCH.
func putApps(a *API, r *request) (*answer, error) {
	return a.updateApps(r, !r.on("partialUpdate", true), true)
}

func patchApps(a *API, r *request) (*answer, error) { return a.updateApps(r, false, false) }

func (a *API) updateApps(r *request, full, create bool) (*answer, error) {
	document, err := r.document()
	if err != nil {
		return nil, err
	}
	edits, err := appEdits(document, full, create)
	if err != nil {
		return nil, err
	}
	return deployed(a.change(r, r.on("force", false), edits...))
}

// appEdits are the changes of a list of apps, each of which names itself.
func appEdits(document *app.Document, full, create bool) ([]engine.Edit, error) {
	updates, err := document.Apps()
	if err != nil {
		return nil, err
	}
	var edits []engine.Edit
	var details []app.Detail
	for i, u := range updates {
		if u.ID() == "" {
			details = append(details, app.Detail{Path: fmt.Sprintf("/(%d)/id", i), Errors: []string{"is missing: each app of a list needs its id"}})
			continue
		}
		edits = append(edits, engine.UpdateApp{ID: u.ID().Under(app.Root), Update: u, Full: full, Create: create})
	}
	if len(details) > 0 {
		return nil, &app.Error{Code: app.Invalid, Message: "Object is not valid", Details: details}
	}
	return edits, nil
}

// removeApp is DELETE /v2/apps/{id}: by force unless it is told otherwise, which Marathon's documents say differently.
func removeApp(a *API, r *request) (*answer, error) {
	return deployed(a.change(r, r.on("force", true), engine.RemoveApp{ID: r.id()}))
}

// restartApp is POST /v2/apps/{id}/restart.
func restartApp(a *API, r *request) (*answer, error) {
	return deployed(a.change(r, r.on("force", false), engine.RestartApp{ID: r.id()}))
}

// createGroup is POST /v2/groups and /v2/groups/{id}.
func createGroup(a *API, r *request) (*answer, error) {
	update, err := r.group()
	if err != nil {
		return nil, err
	}
	id := update.ID().Under(r.id())
	ans, err := deployed(a.change(r, r.on("force", false), engine.CreateGroup{ID: id, Update: update}))
	if err != nil {
		return nil, err
	}
	ans.status = http.StatusCreated
	return ans.with("Location", string(id)), nil
}

// putGroup is PUT /v2/groups and /v2/groups/{id}.
func putGroup(a *API, r *request) (*answer, error) {
	update, err := r.group()
	if err != nil {
		return nil, err
	}
	edit := engine.UpdateGroup{ID: update.ID().Under(r.id()), Update: update}
	if !r.on("dryRun", false) {
		return deployed(a.change(r, r.on("force", false), edit))
	}
	result, err := a.do(r, engine.Change{Edits: []engine.Edit{edit}, DryRun: true, Force: r.on("force", false)})
	if err != nil {
		return nil, err
	}
	return say(map[string]any{"steps": append([]app.DeploymentStep{}, result.Steps...)})
}

// patchGroup is PATCH /v2/groups/{id}: no deployment, and nothing to say.
func patchGroup(a *API, r *request) (*answer, error) {
	var body enforceRole
	if err := r.read(&body); err != nil {
		return nil, err
	}
	id := r.id()
	if id.Parent() != app.Root || id == app.Root {
		return nil, &app.Error{Code: app.Invalid, Message: "Object is not valid", Details: []app.Detail{{
			Path: "/", Errors: []string{"only top-level groups such as /shop can enforce a role"},
		}}}
	}
	if _, _, err := a.group(id); err != nil {
		return nil, err
	}
	_, err := a.do(r, engine.Change{Edits: []engine.Edit{engine.EnforceRole{ID: id, Value: body.EnforceRole != nil && *body.EnforceRole}}})
	return &answer{}, err
}

// removeGroup is DELETE /v2/groups and /v2/groups/{id}.
func removeGroup(a *API, r *request) (*answer, error) {
	return deployed(a.change(r, r.on("force", false), engine.RemoveGroup{ID: r.id()}))
}

// listDeployments is GET /v2/deployments: an array.
func listDeployments(a *API, r *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	return say(append([]app.Deployment{}, v.Deployments()...))
}

// cancelDeployment is DELETE /v2/deployments/{id}.
func cancelDeployment(a *API, r *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	id, force := r.values["deployment"], r.on("force", false)
	if !slices.ContainsFunc(v.Deployments(), func(d app.Deployment) bool { return d.ID == id }) {
		return nil, missing("DeploymentPlan %s does not exist", id)
	}
	result, err := a.do(r, engine.Cancel{Deployment: id, Force: force})
	if err == nil && force {
		return &answer{status: http.StatusAccepted}, nil
	}
	if result.Deployment == "" {
		result.Deployment = nothing()
	}
	return deployed(result, err)
}

// kill ends tasks, and answers with them or with the deployment that scales their apps.
func (a *API) kill(r *request, k engine.Kill, show func([]*engine.Instance) (*answer, error)) (*answer, error) {
	k.Scale, k.Wipe, k.Force = r.on("scale", false), r.on("wipe", false), r.on("force", false)
	result, err := a.do(r, k)
	if err != nil {
		return nil, err
	}
	if !k.Scale {
		return show(result.Killed)
	}
	if result.Deployment == "" {
		result.Deployment = nothing()
	}
	return deployed(result, nil)
}

// scaleOrWipe finds out that somebody asks for both.
func scaleOrWipe(r *request) error {
	if r.on("scale", false) && r.on("wipe", false) {
		return &refusal{http.StatusBadRequest, "You cannot use scale and wipe at the same time."}
	}
	return nil
}

func (a *API) killed(all []*engine.Instance) (*answer, error) {
	text, err := a.apps.taskList(all)
	return &answer{body: wrap("tasks", text)}, err
}

// killTasks is POST /v2/tasks/delete.
func killTasks(a *API, r *request) (*answer, error) {
	if err := scaleOrWipe(r); err != nil {
		return nil, err
	}
	var body taskIDs
	if err := r.read(&body); err != nil {
		return nil, err
	}
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, id := range body.IDs {
		if !strings.ContainsAny(id, "._") {
			return nil, &refusal{http.StatusBadRequest, fmt.Sprintf("Invalid task id '%s'.", id)}
		}
		if _, ok := v.Task(id); ok && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 && !r.on("scale", false) {
		return a.killed(nil)
	}
	if len(ids) == 0 {
		return deployed(a.change(r, false))
	}
	return a.kill(r, engine.Kill{Tasks: ids}, a.killed)
}

// killApp is DELETE /v2/apps/{id}/tasks.
func killApp(a *API, r *request) (*answer, error) {
	if err := scaleOrWipe(r); err != nil {
		return nil, err
	}
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	if _, err := stateOfApp(v, r.id()); err != nil {
		return nil, err
	}
	host, _ := r.text("host")
	if host == "*" {
		host = ""
	}
	return a.kill(r, engine.Kill{App: r.id(), Host: host}, a.killed)
}

// killOne is DELETE /v2/apps/{id}/tasks/{task}.
func killOne(a *API, r *request) (*answer, error) {
	if err := scaleOrWipe(r); err != nil {
		return nil, err
	}
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	if _, err := stateOfApp(v, r.id()); err != nil {
		return nil, err
	}
	id := r.values["task"]
	if i, ok := v.Task(id); !ok || i.App != r.id() || !live(i) {
		return nil, missing("Task '%s' does not exist", id)
	}
	return a.kill(r, engine.Kill{App: r.id(), Tasks: []string{id}}, func(all []*engine.Instance) (*answer, error) {
		if len(all) == 0 {
			return nil, missing("Task '%s' does not exist", id)
		}
		text, err := a.apps.task(all[0])
		return &answer{body: wrap("task", text)}, err
	})
}

// queue is GET /v2/queue.
func queue(a *API, r *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	items := v.Queue(app.At(a.now()), slices.Contains(r.query["embed"], "lastUnusedOffers"))
	return say(map[string]any{"queue": append([]app.QueueItem{}, items...)})
}

// resetDelay is DELETE /v2/queue/{id}/delay, of an app that has something to launch.
func resetDelay(a *API, r *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	st, _ := v.App(r.id())
	if st == nil || st.App == nil || !slices.ContainsFunc(st.Instances, func(i *engine.Instance) bool { return i.Condition == engine.Scheduled }) {
		return nil, missing("Application %s not found in tasks queue.", r.id())
	}
	_, err = a.do(r, engine.ResetDelay{App: r.id()})
	return &answer{status: http.StatusNoContent}, err
}
