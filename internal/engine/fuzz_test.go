package engine

import (
	"maps"
	"testing"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// FuzzNew begins from records of which one is broken: it is refused, or what is made of it works.
func FuzzNew(f *testing.F) {
	w := newWorld(f)
	for _, command := range []string{
		"subscribe",
		`group /shop {"apps": [{"id": "web", "cmd": "run", "instances": 2, "cpus": 0.1, "mem": 1, "healthChecks": [{"protocol": "HTTP"}]}, {"id": "db", "cmd": "run", "cpus": 0.1, "mem": 1}]}`,
		"offer o1 a1 cpus:10;mem:100;ports:[1000-1009] rack:r1", "run /shop/web", "run /shop/db", "alive shop_web#1.1", "alive shop_web#2.1",
		`put /shop/web {"cmd": "run 2"}`, `group /shop {"apps": [{"id": "web", "cmd": "run 3", "instances": 2}]}`, "status shop_db#1.1 FAILED",
		"status shop_web#1.1 UNREACHABLE",
	} {
		w.command(command)
	}
	keys := sortedKeys(w.records)
	for i, key := range keys {
		f.Add(i, w.records[key])
	}
	f.Add(len(keys), []byte("{}"))
	f.Fuzz(func(t *testing.T, n int, value []byte) {
		records := maps.Clone(w.records)
		key := "other"
		if n >= 0 && n < len(keys) {
			key = keys[n]
		}
		records[key] = value
		e, err := New(records, w.opts)
		if err != nil {
			return
		}
		exercise(e)
	})
}

// exercise has an engine do a bit of everything.
func exercise(e *Engine) {
	now := epoch.Add(time.Hour)
	e.Step(now, nil)
	e.Step(now, Subscribed{FrameworkID: mesos.FrameworkID{Value: "F"}})
	e.Step(now, Offered{[]mesos.Offer{toyOffer("o", "a", 5)}})
	v := e.View()
	for a := range v.Apps() {
		for _, i := range a.Instances {
			for _, state := range []mesos.TaskState{mesos.TaskRunning, mesos.TaskUnreachable, mesos.TaskFailed} {
				e.Step(now, Updated{status(i.TaskID, state)})
				e.Step(now, Probed{TaskID: i.TaskID, Alive: state == mesos.TaskRunning})
				e.Step(now, Readied{TaskID: i.TaskID, Ready: true})
			}
		}
		e.Step(now, Do{1, Change{Force: true, Edits: []Edit{RestartApp{a.ID}}}})
		v.Explain(a.ID, app.At(now))
	}
	v.Queue(app.At(now), true)
	for _, at := range v.GroupVersions(app.Root) {
		v.GroupVersion(app.Root, at)
	}
	for _, d := range v.Deployments() {
		e.Step(now, Do{2, Cancel{Deployment: d.ID}})
	}
	e.Step(now.Add(24*time.Hour), nil)
	e.View()
}

func TestNewerRecordsAreRefused(t *testing.T) {
	_, err := New(map[string][]byte{"meta": []byte(`{"format": 2}`)}, Options{})
	if err == nil || err.Error() != "the records are newer than this program: their format is 2, the latest it knows is 1; use the version that wrote them, or a later one" {
		t.Errorf("%v", err)
	}
}
