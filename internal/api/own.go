package api

import (
	"net/http"
	"slices"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/engine"
)

// explainApp is GET /v1/explain/{id}.
func explainApp(a *API, r *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	e, ok := v.Explain(r.id(), app.At(a.now()))
	if !ok {
		return nil, &app.Error{Code: app.NotFound, Message: "App '" + string(r.id()) + "' does not exist", Hint: "ormos ps lists what there is"}
	}
	return say(e)
}

// backup is GET /v1/backup: all records as they are at one moment. When it fails in between, the connection is cut, so that nobody takes a part
// for the whole.
func backup(a *API, w http.ResponseWriter, r *request) error {
	if a.backup == nil {
		return &app.Error{Code: app.Unready, Message: "This server cannot make a backup"}
	}
	if !a.backups.enter() {
		return &refusal{http.StatusServiceUnavailable, "Too many backups at the same time"}
	}
	defer a.backups.leave()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="ormos.backup"`)
	return a.backup(r.Context(), &steady{w, http.NewResponseController(w)})
}

// steady is for long answers: each part of one may take as long as others do as a whole, and no longer.
type steady struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (s *steady) Write(b []byte) (int, error) {
	_ = s.control.SetWriteDeadline(time.Now().Add(writeTimeout)) // unsupported: then there is none
	return s.ResponseWriter.Write(b)
}

// plan is POST /v1/plan: what it would do to have apps and groups as the body defines them, whole. Nothing happens.
func plan(a *API, r *request) (*answer, error) {
	document, err := r.document()
	if err != nil {
		return nil, err
	}
	edits, err := editsOf(document)
	if err != nil {
		return nil, err
	}
	// It is asked what would be, not whether something is in its way.
	result, err := a.do(r, engine.Change{Edits: edits, DryRun: true, Force: true})
	if err != nil {
		return nil, err
	}
	p := app.Plan{Steps: append([]app.DeploymentStep{}, result.Steps...), Placements: make([]app.Placement, len(result.Placed))}
	for i, one := range result.Placed {
		p.Placements[i] = app.Placement(one)
	}
	return say(p)
}

// applyAll is POST /v1/apply: all apps and groups that the body defines, each as a whole, in one deployment or not at all.
func applyAll(a *API, r *request) (*answer, error) {
	document, err := r.document()
	if err != nil {
		return nil, err
	}
	edits, err := editsOf(document)
	if err != nil {
		return nil, err
	}
	return deployed(a.change(r, r.on("force", false), edits...))
}

// editsOf are the changes that make everything as a document has it.
func editsOf(document *app.Document) (edits []engine.Edit, err error) {
	parts, err := document.Updates()
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		switch {
		case part.Group != nil:
			edits = append(edits, engine.UpdateGroup{ID: part.ID().Under(app.Root), Update: part.Group})
		case part.ID() == "":
			return nil, &app.Error{Code: app.Invalid, Message: "Object is not valid", Details: []app.Detail{{Path: "/id", Errors: []string{"is missing"}}}}
		default:
			edits = append(edits, engine.UpdateApp{ID: part.ID().Under(app.Root), Update: part.App, Full: true, Create: true})
		}
	}
	return edits, nil
}

// progress is a deployment and how far it is.
type progress struct {
	app.Deployment
	Apps []appProgress `json:"apps"`
}

// appProgress is how far an app is: of the instances that it is to have, so many are of the new version, run, are healthy and ready.
type appProgress struct {
	App     app.ID `json:"app"`
	Wanted  int    `json:"wanted"`
	New     int    `json:"new"`
	Running int    `json:"running"`
	Healthy int    `json:"healthy"`
	Ready   int    `json:"ready"`
	// Old are those of other versions that are there yet.
	Old int `json:"old"`
	// Delay is the back-off, when launches wait for its end.
	Delay *delay `json:"delay,omitempty"`
}

type delay struct {
	Failures int           `json:"failures"`
	Until    app.Timestamp `json:"until"`
}

// deploymentProgress is GET /v1/deployments.
func deploymentProgress(a *API, _ *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	all := []progress{}
	for _, d := range v.Deployments() {
		all = append(all, progressOf(v, d))
	}
	return say(all)
}

// oneProgress is GET /v1/deployments/{id}.
func oneProgress(a *API, r *request) (*answer, error) {
	v, err := a.view()
	if err != nil {
		return nil, err
	}
	for _, d := range v.Deployments() {
		if d.ID == r.values["deployment"] {
			return say(progressOf(v, d))
		}
	}
	return nil, &app.Error{
		Code: app.NotFound, Message: "Deployment " + r.values["deployment"] + " is not under way",
		Hint: "it is over, or never was: deployment_success and deployment_failed on /v1/events told how it ended",
	}
}

func progressOf(v *engine.View, d app.Deployment) progress {
	p := progress{Deployment: d, Apps: []appProgress{}}
	for _, id := range d.AffectedApps {
		st, ok := v.App(id)
		if !ok {
			p.Apps = append(p.Apps, appProgress{App: id})
			continue
		}
		p.Apps = append(p.Apps, appProgressOf(st))
	}
	return p
}

func appProgressOf(st *engine.AppState) appProgress {
	p := appProgress{App: st.ID}
	if st.Delay != nil {
		p.Delay = &delay{st.Delay.Failures, st.Delay.Until}
	}
	if st.App != nil {
		p.Wanted = st.App.Instances
	}
	for _, i := range st.Instances {
		if slices.Contains(st.Stale, i.Version) {
			if live(i) {
				p.Old++
			}
			continue
		}
		if i.Condition == engine.Scheduled {
			continue
		}
		p.New++
		if i.Condition != engine.Running {
			continue
		}
		p.Running++
		if i.Healthy != nil && *i.Healthy {
			p.Healthy++
		}
		if i.Ready {
			p.Ready++
		}
	}
	return p
}

// health is GET /v1/health: 200 when the framework can do its work, 503 when it cannot.
func health(a *API, _ *request) (*answer, error) {
	state := struct {
		Healthy     bool   `json:"healthy"`
		Connected   bool   `json:"connected"`
		Master      string `json:"master,omitempty"`
		FrameworkID string `json:"frameworkId,omitempty"`
		Streams     int    `json:"eventStreams"`
		Why         string `json:"why,omitempty"`
	}{Streams: a.hub.Readers()}
	if v := a.framework.View(); v == nil {
		state.Why = "the server starts"
	} else {
		state.Connected, state.Master, state.FrameworkID = v.Connected, v.Master, v.FrameworkID
		if state.Healthy = v.Connected; !v.Connected {
			state.Why = "there is no subscription at a Mesos master"
		}
	}
	ans, err := say(state)
	if !state.Healthy {
		ans.status = http.StatusServiceUnavailable
	}
	return ans, err
}
