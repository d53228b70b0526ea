package engine

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// print writes what an engine wants done, a line each.
func (w *world) print(out Effects) {
	var lines []string
	add := func(kind, format string, args ...any) {
		if word, _, _ := strings.Cut(kind, " "); !w.quiet[word] {
			lines = append(lines, strings.TrimRight(kind+" "+fmt.Sprintf(format, args...), " "))
		}
	}
	if out.Roles != nil {
		add("roles", "%s", strings.Join(out.Roles, " "))
	}
	if out.Constraints != nil {
		text, err := out.Constraints.MarshalJSON()
		w.must(err)
		add("constraints", "%s", text)
	}
	for i := range out.Calls {
		name := strings.TrimPrefix(out.Calls[i].GetType().String(), "TYPE_")
		w.called[name] = out.Calls[i]
		add(name, "%s", w.call(&out.Calls[i]))
	}
	for _, p := range out.Probes {
		switch {
		case p.App == nil:
			add("probe", "%s no more", w.task(p.TaskID))
		case p.Readiness:
			add("probe", "%s on %s, also whether it is ready", w.task(p.TaskID), p.Host)
		default:
			add("probe", "%s on %s", w.task(p.TaskID), p.Host)
		}
	}
	for _, t := range out.Tails {
		add("tail", "%s", w.task(t.TaskID))
	}
	for _, e := range out.Events {
		add(string(e.Type()), "%s", w.eventText(e))
	}
	for _, r := range out.Replies {
		add("reply", "%s", w.reply(&r.Result))
	}
	for i, line := range lines {
		if i == 0 {
			fmt.Fprintf(w.out, "%-7s %s\n", w.now.Sub(epoch).String(), line)
		} else {
			fmt.Fprintf(w.out, "        %s\n", line)
		}
	}
}

func (w *world) call(c *scheduler.Call) string {
	var words []string
	offers := func(ids []mesos.OfferID) {
		for _, id := range ids {
			words = append(words, id.Value)
		}
	}
	switch {
	case c.Accept != nil:
		offers(c.Accept.OfferIDs)
		for _, op := range c.Accept.Operations {
			for _, info := range op.Launch.TaskInfos {
				words = append(words, w.task(info.TaskID.Value))
			}
		}
		words = append(words, fmt.Sprintf("refuse=%gs", *c.Accept.Filters.RefuseSeconds))
	case c.Decline != nil:
		offers(c.Decline.OfferIDs)
		words = append(words, fmt.Sprintf("refuse=%gs", c.Decline.Filters.GetRefuseSeconds()))
	case c.Suppress != nil:
		words = c.Suppress.Roles
	case c.Revive != nil:
		words = c.Revive.Roles
	case c.Kill != nil:
		words = append(words, w.task(c.Kill.TaskID.Value))
	case c.Reconcile != nil:
		for _, t := range c.Reconcile.Tasks {
			words = append(words, w.task(t.TaskID.Value))
		}
		if len(words) == 0 {
			words = []string{"all"}
		}
	}
	return strings.Join(words, " ")
}

func (w *world) eventText(event app.Event) string {
	switch e := event.(type) {
	case app.APIPost:
		return fmt.Sprintf("%s %s", e.AppDefinition.ID, w.version(e.AppDefinition.Version))
	case app.StatusUpdate:
		return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", w.task(e.TaskID), e.TaskStatus, e.Host, e.Message))
	case app.InstanceChanged:
		return fmt.Sprintf("%s %s %s", w.instance(e.InstanceID), e.Condition, w.version(e.RunSpecVersion))
	case app.UnknownTerminated:
		return fmt.Sprintf("%s of %s %s", w.instance(e.InstanceID), e.RunSpecID, e.Condition)
	case app.InstanceHealth:
		return fmt.Sprintf("%s healthy=%s", w.instance(e.InstanceID), verdictText(e.Healthy))
	case app.AppEvent:
		return string(e.AppID)
	case app.AddHealthCheck:
		return fmt.Sprintf("%s %s %s", e.AppID, w.version(e.Version), e.HealthCheck.Protocol)
	case app.FailedHealthCheck:
		return w.instance(e.TaskID)
	case app.HealthStatus:
		return fmt.Sprintf("%s alive=%v", w.instance(e.InstanceID), e.Alive)
	case app.UnhealthyKill:
		return fmt.Sprintf("%s: %s", w.task(e.TaskID), e.Reason)
	case app.GroupChange:
		return fmt.Sprintf("%s %s", e.GroupID, w.version(e.Version))
	case app.DeploymentProgress:
		return fmt.Sprintf("%s %s", w.deployment(e.Plan.ID), stepText(e.CurrentStep))
	case app.DeploymentEnd:
		return fmt.Sprintf("%s %s", w.deployment(e.ID), e.Reason)
	case app.SchedulerRegistered:
		return fmt.Sprintf("%s %s", e.FrameworkID, e.Master)
	}
	return ""
}

func verdictText(b *bool) string {
	if b == nil {
		return "unknown"
	}
	return fmt.Sprint(*b)
}

func stepText(s app.DeploymentStep) string {
	var words []string
	for _, a := range s.Actions {
		words = append(words, fmt.Sprintf("%s %s", strings.TrimSuffix(string(a.Action), "Application"), a.App))
	}
	return "[" + strings.Join(words, ", ") + "]"
}

func (w *world) reply(r *Result) string {
	var words []string
	if r.Err != nil {
		words = append(words, fmt.Sprintf("%s: %s", r.Err.Code, r.Err))
		for _, id := range r.Err.Deployments {
			words = append(words, w.deployment(id))
		}
		return strings.Join(words, " ")
	}
	words = append(words, w.version(r.Version))
	if r.Deployment != "" {
		words = append(words, w.deployment(r.Deployment))
	}
	if r.Created {
		words = append(words, "created")
	}
	for _, s := range r.Steps {
		words = append(words, stepText(s))
	}
	for _, p := range r.Placed {
		words = append(words, fmt.Sprintf("%s->%s%s", p.App, p.Host, p.Why))
	}
	for _, i := range r.Killed {
		words = append(words, "killed "+w.task(i.TaskID))
	}
	return strings.Join(words, " ")
}

// show prints what there is: of one app, or of all.
func (w *world) show(args []string) {
	v := w.e.View()
	for a := range v.Apps() {
		if len(args) > 0 && string(a.ID) != args[0] {
			continue
		}
		line := fmt.Sprintf("%s staged=%d running=%d healthy=%d unhealthy=%d", a.ID, a.TasksStaged, a.TasksRunning, a.TasksHealthy, a.TasksUnhealthy)
		if a.App == nil {
			line += " removed"
		} else {
			line += fmt.Sprintf(" instances=%d %s", a.App.Instances, w.version(a.App.Version))
		}
		if a.Delay != nil {
			line += fmt.Sprintf(" failures=%d until=%v", a.Delay.Failures, a.Delay.Until.Time().Sub(epoch))
		}
		for _, d := range a.Deployments {
			line += " " + w.deployment(d)
		}
		fmt.Fprintln(w.out, line)
		if f := a.LastFailure; f != nil {
			fmt.Fprintf(w.out, "  last failure %s %s: %s\n", w.task(f.TaskID), f.State, strings.ReplaceAll(f.Message, "\n", "; "))
		}
		for _, i := range a.Instances {
			fmt.Fprintf(w.out, "  %s %s %s", w.instance(i.ID), w.version(i.Version), i.Condition)
			if i.holds() {
				fmt.Fprintf(w.out, " %s on %s", w.task(i.TaskID), i.Host)
			}
			if i.Healthy != nil {
				fmt.Fprintf(w.out, " healthy=%v", *i.Healthy)
			}
			if !i.Ready {
				fmt.Fprint(w.out, " not ready")
			}
			fmt.Fprintln(w.out)
		}
	}
	for _, d := range v.Deployments() {
		fmt.Fprintf(w.out, "%s step %d of %d %s\n", w.deployment(d.ID), d.CurrentStep, d.TotalSteps, stepText(d.Steps[d.CurrentStep-1]))
	}
	if len(args) > 1 && args[1] == "json" {
		if a, ok := v.App(app.ID(args[0])); ok {
			text, _ := json.Marshal(a.App)
			fmt.Fprintln(w.out, string(text))
		}
	}
}
