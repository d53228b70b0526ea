package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ormosproject/ormos/app"
)

// A change is something that makes a deployment: what is done to it, and by whom it is waited for.
type change struct {
	client *app.Client
	*screen
	// detach has it not waited for.
	detach bool
	// retry is the command line that does the same by force, for people; empty without.
	retry string
}

// run makes the change and waits until its deployment is over. What tells the deployment's end is subscribed before.
func (c *change) run(ctx context.Context, do func() (app.DeploymentResult, error)) (app.DeploymentResult, error) {
	listening, stop := context.WithCancel(ctx)
	defer stop()
	var w *watch
	if !c.detach {
		var err error
		if w, err = hearEnds(listening, c.client); err != nil {
			return app.DeploymentResult{}, err
		}
	}
	result, err := do()
	if err != nil {
		return result, c.locked(err)
	}
	if c.detach || result.DeploymentID == "" {
		return result, nil
	}
	return result, c.follow(ctx, w, result.DeploymentID)
}

// locked tells what to do about a deployment that is in the way.
func (c *change) locked(err error) error {
	refused, ok := errors.AsType[*app.Error](err)
	if !ok || len(refused.Deployments) == 0 {
		return err
	}
	text := fmt.Sprintf("deployment %s is under way; 'ormos deployments' shows it, 'ormos deployments cancel %s' ends it", refused.Deployments[0],
		shortID(refused.Deployments[0]))
	if c.retry != "" {
		text += ", and '" + c.retry + " --force' takes its place"
	}
	return errors.New(text)
}

// shortID is the beginning of a deployment's id.
func shortID(id string) string { return id[:min(len(id), 8)] }

// watch hears how deployments end.
type watch struct {
	client *app.Client
	ends   chan *app.DeploymentEnd
}

// hearEnds begins to hear, and returns when nothing from now on is missed. It hears until ctx ends, across lost connections.
func hearEnds(ctx context.Context, client *app.Client) (*watch, error) {
	w := &watch{client: client, ends: make(chan *app.DeploymentEnd)}
	attached := make(chan error, 1)
	go w.hear(ctx, attached)
	select {
	case err := <-attached:
		return w, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hear passes on what the event stream tells, and connects again when it breaks. attached hears of the first connection.
func (w *watch) hear(ctx context.Context, attached chan<- error) {
	o := app.EventsOptions{Types: []app.EventType{app.EventStreamAttached, app.EventDeploymentSuccess, app.EventDeploymentFailed}}
	first := true
	for ctx.Err() == nil {
		for e, err := range w.client.Events(ctx, o) {
			if first {
				first = false
				attached <- err
				if err != nil {
					return
				}
			}
			if err != nil {
				break
			}
			o.After = e.ID
			if event, err := e.Decode(); err == nil {
				if end, ok := event.(*app.DeploymentEnd); ok {
					select {
					case w.ends <- end:
					case <-ctx.Done():
						return
					}
				}
			}
		}
		select {
		case <-time.After(interval):
		case <-ctx.Done():
		}
	}
}

// A deployment may be missing from the list for unseen before it is taken to have ended without a word, as when the server was started again; one that
// was never there for absent: there was nothing to do.
const (
	unseen = 10 * time.Second
	absent = time.Second
)

// follow shows how a deployment goes on until it is over. The error says why it failed.
func (c *change) follow(ctx context.Context, w *watch, id string) error {
	p := &progress{screen: c.screen}
	defer p.erase()
	d := &display{client: c.client, id: id, begun: time.Now()}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if lines, err := d.look(ctx); err == nil {
			p.show(lines...)
		} else if ctx.Err() == nil {
			p.show(fmt.Sprintf("deployment %s: no answer from the server, trying on: %v", shortID(id), err))
		}
		select {
		case end := <-w.ends:
			if end.ID == id {
				return c.ended(ctx, w, d, end)
			}
		case <-tick.C:
			if d.missing() {
				return d.verdict(ctx)
			}
		case <-ctx.Done():
			p.say("The deployment goes on: 'ormos deployments' shows it, 'ormos deployments cancel %s' undoes it.", shortID(id))
			return ctx.Err()
		}
	}
}

// ended makes an error of a deployment that failed, after what undoes it is done.
func (c *change) ended(ctx context.Context, w *watch, d *display, end *app.DeploymentEnd) error {
	if end.Type() == app.EventDeploymentSuccess {
		return nil
	}
	text := "deployment " + d.id + " failed"
	if end.Reason != "" {
		text += ": " + end.Reason
	}
	for _, id := range d.apps {
		if info, err := c.client.App(ctx, id); err == nil && info.LastTaskFailure != nil && info.LastTaskFailure.Timestamp.Time().After(d.begun.Add(-time.Second)) {
			text += fmt.Sprintf("\n  %s: the last task that failed did so on %s with %s: %s", id, info.LastTaskFailure.Host, info.LastTaskFailure.State, info.LastTaskFailure.Message)
		}
	}
	if !strings.Contains(end.Reason, "superseded") { // then another one leads to what somebody else wants
		back, err := d.successor(ctx)
		if err == nil && back != "" {
			fmt.Fprintf(c.err, "deployment %s goes back to what was before\n", shortID(back))
			err = c.follow(ctx, w, back)
		}
		if err == nil {
			err = d.verdict(ctx)
		}
		if err != nil {
			return fmt.Errorf("%s\nand what was before is not there again: %w", text, err)
		}
		text += "\nwhat was before is there again"
	}
	if len(d.apps) > 0 {
		text += fmt.Sprintf("\nsee 'ormos status %s' and 'ormos history %s'", d.apps[0], d.apps[0])
	}
	return errors.New(text)
}

// successor gives the deployment that has come in the place of one that failed; empty when there is none.
func (d *display) successor(ctx context.Context) (string, error) {
	all, err := d.client.Deployments(ctx)
	if err != nil {
		return "", err
	}
	for _, one := range all {
		if slices.ContainsFunc(one.AffectedApps, func(id app.ID) bool { return slices.Contains(d.apps, id) }) {
			return one.ID, nil
		}
	}
	return "", nil
}

// display knows what a deployment looks like.
type display struct {
	client *app.Client
	id     string
	begun  time.Time
	apps   []app.ID
	// gone is since when the list of deployments has not had it.
	gone time.Time
	// seen tells that the list has had it.
	seen bool
}

// missing tells whether the list has not had the deployment for so long that it is over.
func (d *display) missing() bool {
	if d.gone.IsZero() {
		return false
	}
	return time.Since(d.gone) > unseen || !d.seen && time.Since(d.gone) > absent
}

// most is how many apps of a deployment are shown.
const most = 8

// look asks how the deployment goes, in lines for people.
func (d *display) look(ctx context.Context) ([]string, error) {
	all, err := d.client.Deployments(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(one app.Deployment) bool { return one.ID == d.id })
	if i < 0 {
		if d.gone.IsZero() {
			d.gone = time.Now()
		}
		return []string{fmt.Sprintf("deployment %s: about to end", shortID(d.id))}, nil
	}
	d.gone, d.seen = time.Time{}, true
	d.apps = all[i].AffectedApps
	lines := []string{fmt.Sprintf("deployment %s: step %d of %d", shortID(d.id), all[i].CurrentStep, all[i].TotalSteps)}
	queue, err := d.client.Queue(ctx)
	if err != nil {
		return nil, err
	}
	for n, id := range d.apps {
		if n == most {
			return append(lines, fmt.Sprintf("  and %s more", plural(len(d.apps)-most, "app"))), nil
		}
		info, err := d.client.App(ctx, id)
		if err != nil {
			lines = append(lines, fmt.Sprintf("  %s  is gone", id))
			continue
		}
		lines = append(lines, "  "+string(id)+"  "+situation(info, queue))
	}
	return lines, nil
}

// situation says in one line what an app is at.
func situation(info *app.Info, queue []app.QueueItem) string {
	fresh, old := upToDate(info)
	parts := []string{fmt.Sprintf("%d of %d up to date", fresh, info.Instances)}
	if len(info.HealthChecks) > 0 {
		parts = append(parts, fmt.Sprintf("%d healthy", info.TasksHealthy))
	}
	if old > 0 {
		parts = append(parts, fmt.Sprintf("%d old", old))
	}
	for i := range queue {
		if queue[i].App != nil && queue[i].App.ID == info.ID {
			parts = append(parts, waitsFor(&queue[i]))
		}
	}
	if f := info.LastTaskFailure; f != nil && !f.Version.Before(info.Version) {
		parts = append(parts, "last failure: "+firstOf(f.Message, f.State))
	}
	return strings.Join(parts, ", ")
}

// upToDate counts the running tasks of an app's present configuration, and all those of older ones.
func upToDate(info *app.Info) (fresh, old int) {
	stats := info.TasksStats
	if stats == nil {
		return 0, 0
	}
	if stats.WithLatestConfig != nil {
		fresh = stats.WithLatestConfig.Stats.Counts.Running
	}
	if stats.WithOutdatedConfig != nil {
		old = stats.WithOutdatedConfig.Stats.Counts.Staged + stats.WithOutdatedConfig.Stats.Counts.Running
	}
	return fresh, old
}

// waitsFor says what instances that are to be launched wait for.
func waitsFor(item *app.QueueItem) string {
	if !item.Delay.Overdue {
		return fmt.Sprintf("%d to launch, next try in %d s after failures", item.Count, item.Delay.TimeLeftSeconds)
	}
	var worst app.Reject
	for _, r := range item.ProcessedOffersSummary.RejectSummaryLastOffers {
		if r.Declined > worst.Declined {
			worst = r
		}
	}
	if worst.Declined == 0 {
		return fmt.Sprintf("%d to launch", item.Count)
	}
	return fmt.Sprintf("%d to launch, no offer fits yet: %s in %d of %s", item.Count, inWords(worst.Reason), worst.Declined, plural(worst.Processed, "offer"))
}

// inWords says for people what Marathon has a name for: why offers do not serve.
func inWords(reason string) string {
	switch reason {
	case "UnfulfilledRole":
		return "another role"
	case "UnfulfilledConstraint":
		return "the constraints"
	case "NoCorrespondingReservationFound":
		return "no volume"
	case "AgentMaintenance":
		return "maintenance"
	case "InsufficientMemory":
		return "too little mem"
	case "InsufficientDisk":
		return "too little disk"
	case "DeclinedScarceResources":
		return "gpus that are kept for others"
	}
	if what, ok := strings.CutPrefix(reason, "Insufficient"); ok {
		return "too few " + strings.ToLower(what)
	}
	return reason
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if line, _, _ := strings.Cut(strings.TrimSpace(text), "\n"); line != "" {
			return line
		}
	}
	return ""
}

// verdict finds out how a deployment ended of whose end nobody has told.
func (d *display) verdict(ctx context.Context) error {
	for _, id := range d.apps {
		info, err := d.client.App(ctx, id)
		if refused, ok := errors.AsType[*app.Error](err); ok && refused.Code == app.NotFound {
			continue // removed, probably as asked
		}
		if err != nil {
			return err
		}
		if info.TasksRunning < info.Instances || len(info.HealthChecks) > 0 && info.TasksHealthy < info.Instances {
			return fmt.Errorf("deployment %s is over, but not all of %s is running and healthy; see 'ormos status %s'", d.id, id, id)
		}
	}
	return nil
}
