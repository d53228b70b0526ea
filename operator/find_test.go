package operator

import (
	"strings"
	"testing"

	"github.com/ormosproject/ormos/mesos"
)

func TestSandboxPath(t *testing.T) {
	root := mesos.ContainerID{Value: "root"}
	group := mesos.ContainerID{Value: "inner", Parent: &mesos.ContainerID{Value: "outer", Parent: &root}}
	with := func(executor string, id *mesos.ContainerID) *mesos.Task {
		task := &mesos.Task{TaskID: mesos.TaskID{Value: "t"}, FrameworkID: mesos.FrameworkID{Value: "f"}}
		if executor != "" {
			task.ExecutorID = &mesos.ExecutorID{Value: executor}
		}
		if id != nil {
			task.Statuses = []mesos.TaskStatus{{ContainerStatus: &mesos.ContainerStatus{ContainerID: id}}, {}}
		}
		return task
	}
	for want, task := range map[string]*mesos.Task{
		"/frameworks/f/executors/t/runs/latest":                                   with("", nil),
		"/frameworks/f/executors/e/runs/latest":                                   with("e", &root),
		"/frameworks/f/executors/e/runs/latest/containers/outer/containers/inner": with("e", &group),
	} {
		if got := sandboxPath(task); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestFindTask(t *testing.T) {
	task := func(framework, id string, state mesos.TaskState) mesos.Task {
		return mesos.Task{FrameworkID: mesos.FrameworkID{Value: framework}, TaskID: mesos.TaskID{Value: id}, State: state}
	}
	tasks := &MasterResponseGetTasks{
		Tasks:          []mesos.Task{task("f", "again", mesos.TaskRunning), task("f", "both", mesos.TaskRunning)},
		CompletedTasks: []mesos.Task{task("f", "again", mesos.TaskFailed), task("f", "ended", mesos.TaskFinished), task("g", "both", mesos.TaskFinished)},
	}
	for _, test := range []struct {
		key  TaskKey
		want mesos.TaskState
		err  string
	}{
		{TaskKey{Task: "again"}, mesos.TaskRunning, ""},
		{TaskKey{Task: "ended"}, mesos.TaskFinished, ""},
		{TaskKey{Task: "both"}, 0, "name the framework"},
		{TaskKey{"g", "both"}, mesos.TaskFinished, ""},
		{TaskKey{"g", "ended"}, 0, "does not know"},
	} {
		got, err := findTask(tasks, test.key)
		if test.err == "" && (err != nil || got.State != test.want) || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%v: %v, %v", test.key, got, err)
		}
	}
}
