package engine

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// written is an app as a user writes it.
func written(tb testing.TB, text []byte) *app.App {
	tb.Helper()
	doc, err := app.Parse(text, app.JSON)
	if err != nil {
		tb.Fatal(err)
	}
	u, err := doc.App()
	if err != nil {
		tb.Fatal(err)
	}
	a, err := u.Apply(nil, app.Root, app.Defaults{})
	if err != nil {
		tb.Fatal(err)
	}
	a.Version = app.At(noon)
	return a
}

func TestTasks(t *testing.T) {
	files, err := filepath.Glob("testdata/tasks/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no tasks", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			story, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			a := written(t, story.Files[0].Data)
			task := launched(t, a)
			compact, err := task.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, compact, "", "  "); err != nil {
				t.Fatal(err)
			}
			story.Files = append(story.Files[:1], txtar.File{Name: "task.json", Data: append(pretty.Bytes(), '\n')})
			golden(t, filepath.Join("tasks", filepath.Base(file)), txtar.Format(story))
			agree(t, a, task)
		})
	}
}

// launched is the task of one instance.
func launched(t *testing.T, a *app.App) *mesos.TaskInfo {
	t.Helper()
	l := launcher{LaunchOptions: &LaunchOptions{
		Serve: &mesos.CommandInfo{Value: new("./ormos serve"), URIs: []mesos.CommandInfoURI{{Value: "http://scheduler.example.org/ormos", Executable: new(true)}}},
	}}
	offer := offered(t, "agent1", "cpus:8;mem:33554432;disk:10000;gpus:2;ports:[31000-31010]", "rack:r1")
	if a.GPUs == 0 {
		offer.Resources = slices.DeleteFunc(offer.Resources, func(r mesos.Resource) bool { return r.Name == mesos.GPUsName })
	}
	p := l.place(placing{now: noon, offers: []mesos.Offer{offer}, pending: scheduled(a, 1), placed: these()})
	if len(p.accepts) != 1 {
		s := l.sight()
		t.Fatal(s.plan(noon, scheduled(a, 1), these()))
	}
	return &p.accepts[0].Operations[0].Launch.TaskInfos[0]
}

// agree checks what must hold of every task: its parts tell of the same ports, and Mesos' rules are kept.
func agree(t *testing.T, a *app.App, task *mesos.TaskInfo) {
	t.Helper()
	if (task.Command == nil) == (task.Executor == nil) {
		t.Error("it has to have either a command or an executor")
	}
	if err := mesos.Resources(task.Resources).Validate(); err != nil {
		t.Error(err)
	}
	command := task.Command
	if task.Executor != nil {
		command = task.Executor.Command
	}
	env := map[string]string{}
	for _, v := range command.Environment.Variables {
		if _, twice := env[v.Name]; twice {
			t.Errorf("%s is set twice", v.Name)
		}
		env[v.Name] = *v.Value
	}
	if env["MESOS_TASK_ID"] != task.TaskID.Value {
		t.Errorf("MESOS_TASK_ID is %q", env["MESOS_TASK_ID"])
	}
	for name, value := range a.Env {
		if env[name] != value {
			t.Errorf("%s is %q, want the app's own %q", name, env[name], value)
		}
	}
	granted := mesos.Resources(task.Resources).Ports()
	onAgent := 0
	for _, p := range portsOf(a) {
		if p.onAgent {
			onAgent++
		}
	}
	if granted.Size() != uint64(onAgent) {
		t.Errorf("ports %v were granted, %d were wanted", granted, onAgent)
	}
	for _, p := range task.Discovery.Ports.Ports {
		if p.Number == 0 {
			t.Errorf("service discovery has port 0")
		}
	}
}
