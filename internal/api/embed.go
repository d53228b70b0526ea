package api

import (
	"strings"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/engine"
)

// embeds are the parts of an answer beside the app's definition.
type embeds struct {
	counts, deployments, tasks, readiness, lastFailure, stats bool
}

// appEmbeds reads the values of embed, whatever their prefix. Unknown ones mean nothing, as in Marathon.
func appEmbeds(values []string) (e embeds) {
	for _, v := range values {
		for _, prefix := range []string{"group.apps.", "apps.", "app."} {
			if rest, ok := strings.CutPrefix(v, prefix); ok {
				v = rest
				break
			}
		}
		switch v {
		case "tasks":
			e.tasks, e.deployments = true, true
		case "failures":
			e.tasks, e.lastFailure, e.deployments = true, true, true
		case "deployments":
			e.deployments = true
		case "readiness":
			e.readiness = true
		case "lastTaskFailure":
			e.lastFailure = true
		case "counts":
			e.counts = true
		case "taskStats":
			e.stats = true
		}
	}
	return e
}

// listEmbeds are those of a list of apps, oneEmbeds those of a single app: some parts are always there.
func listEmbeds(values []string) embeds {
	e := appEmbeds(values)
	e.counts, e.deployments = true, true
	return e
}

func oneEmbeds(values []string) embeds {
	e := listEmbeds(values)
	e.tasks, e.lastFailure = true, true
	return e
}

// appCache keeps what was rendered.
type appCache struct {
	definitions rendered[app.App]
	summaries   rendered[engine.AppState]
	tasks       rendered[engine.Instance]
	list        listCache
}

// info renders an app with the parts that are asked for.
func (c *appCache) info(st *engine.AppState, e embeds, now app.Timestamp) ([]byte, error) {
	if e == (embeds{counts: true, deployments: true}) {
		return c.summary(st)
	}
	o, err := c.open(st.App)
	if err != nil {
		return nil, err
	}
	if e.counts {
		o.counts(st.Counts)
	}
	if e.deployments {
		o.field("deployments", refs(st.Deployments))
	}
	if e.readiness {
		o.field("readinessCheckResults", readiness(st))
	}
	if e.lastFailure && st.LastFailure != nil {
		o.field("lastTaskFailure", st.LastFailure)
	}
	if e.tasks {
		tasks, err := c.taskList(st.Instances)
		if err != nil {
			return nil, err
		}
		o.raw("tasks", tasks)
	}
	if e.stats {
		o.field("tasksStats", taskStats(st, now))
	}
	return o.close()
}

// summary is an app as lists have it.
func (c *appCache) summary(st *engine.AppState) ([]byte, error) {
	return c.summaries.of(st, func(st *engine.AppState) ([]byte, error) {
		o, err := c.open(st.App)
		if err != nil {
			return nil, err
		}
		o.counts(st.Counts)
		o.field("deployments", refs(st.Deployments))
		return o.close()
	})
}

func (c *appCache) definition(a *app.App) ([]byte, error) {
	return c.definitions.of(a, func(a *app.App) ([]byte, error) { return encode(a) })
}

// open begins an object with an app's definition.
func (c *appCache) open(a *app.App) (*object, error) {
	text, err := c.definition(a)
	if err != nil {
		return nil, err
	}
	return openObject(text), nil
}

func refs(ids []string) []app.Ref {
	all := make([]app.Ref, len(ids))
	for i, id := range ids {
		all[i].ID = id
	}
	return all
}

func readiness(st *engine.AppState) []app.ReadinessResult {
	all := []app.ReadinessResult{}
	for _, i := range st.Instances {
		if live(i) {
			all = append(all, i.Readiness...)
		}
	}
	return all
}

// object is JSON that grows at its end.
type object struct {
	text []byte
	err  error
}

// openObject copies an object but for its last brace.
func openObject(text []byte) *object {
	o := &object{text: make([]byte, 0, len(text)+256)}
	o.text = append(o.text, text[:len(text)-1]...)
	return o
}

func (o *object) raw(name string, value []byte) {
	if o.text[len(o.text)-1] != '{' {
		o.text = append(o.text, ',')
	}
	o.text = append(append(append(o.text, '"'), name...), `":`...)
	o.text = append(o.text, value...)
}

func (o *object) field(name string, v any) {
	value, err := encode(v)
	if err != nil {
		o.err = err
		return
	}
	o.raw(name, value)
}

func (o *object) counts(c app.Counts) {
	o.field("tasksStaged", c.TasksStaged)
	o.field("tasksRunning", c.TasksRunning)
	o.field("tasksHealthy", c.TasksHealthy)
	o.field("tasksUnhealthy", c.TasksUnhealthy)
}

func (o *object) close() ([]byte, error) { return append(o.text, '}'), o.err }

// list makes an array of rendered values.
func list(values [][]byte) []byte { return wrapList("", values, "") }

// wrap makes {"name":value}.
func wrap(name string, value []byte) []byte {
	b := make([]byte, 0, len(name)+len(value)+5)
	b = append(append(append(b, `{"`...), name...), `":`...)
	return append(append(b, value...), '}')
}

// wrapped makes {"name":[...]} of rendered values: of many, without copying them twice.
func wrapped(name string, values [][]byte) []byte { return wrapList(`{"`+name+`":`, values, "}") }

func wrapList(before string, values [][]byte, after string) []byte {
	size := len(before) + len("[]") + len(after)
	for _, v := range values {
		size += len(v) + 1
	}
	b := append(append(make([]byte, 0, size), before...), '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, v...)
	}
	return append(append(b, ']'), after...)
}
