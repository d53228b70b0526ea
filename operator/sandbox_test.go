package operator_test

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// watched hands on what is written, and can be waited for.
type watched struct {
	text strings.Builder
	want string
	seen context.CancelFunc
}

func (w *watched) Write(p []byte) (int, error) {
	w.text.Write(p)
	if strings.Contains(w.text.String(), w.want) {
		w.seen()
	}
	return len(p), nil
}

// The sandbox of a command task is found by the task's id alone: listed, read, and followed while the task writes.
func TestSandbox(t *testing.T) {
	cluster := local.RunT(t, local.Options{Resources: []string{"cpus:4;mem:1024;disk:64;ports:[]"}})
	master := newMaster(t, operator.Options{Address: cluster.Master()})
	for change, err := range operator.NewModel(master).Changes(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if change.Kind == operator.Subscribed {
			f := runFramework(t, cluster.Master())
			f.launch <- command("writer", "mkdir sub; echo in a file >sub/file; echo first; while [ ! -e go ]; do sleep 0.05; done; echo second; exec sleep 1000")
		}
		if change.Kind == operator.TaskUpdated && change.Task.State == mesos.TaskRunning {
			break
		}
	}
	s, err := master.Sandbox(t.Context(), operator.TaskKey{Task: "writer"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	follow := func(want string, offset int64) string {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		w := &watched{want: want, seen: cancel}
		if err := s.Follow(ctx, w, "stdout", offset); err != nil {
			t.Fatal(err)
		}
		return w.text.String()
	}
	before := follow("first\n", 0)
	if got := follow("\n", -3); got != "st\n" {
		t.Errorf("its last three bytes are %q", got)
	}
	files, err := s.List(t.Context(), "")
	if err != nil || !slices.ContainsFunc(files, func(f mesos.FileInfo) bool { return path.Base(f.Path) == "stdout" && f.GetSize() > 0 }) {
		t.Errorf("got %v, %v", files, err)
	}
	if files, err = s.List(t.Context(), "sub"); err != nil || len(files) != 1 || path.Base(files[0].Path) != "file" {
		t.Errorf("got %v, %v", files, err)
	}
	var text strings.Builder
	if err := s.Copy(t.Context(), &text, "sub/../sub/file"); err != nil || text.String() != "in a file\n" {
		t.Errorf("got %q, %v", text.String(), err)
	}
	_, err = s.List(t.Context(), "../../../..") // is the sandbox
	if refusal, ok := errors.AsType[*operator.Error](s.Copy(t.Context(), &text, "none")); err != nil || !ok || refusal.Status != 404 {
		t.Errorf("got %v, %v", err, refusal)
	}
	if !strings.HasSuffix(before, "first\n") {
		t.Errorf("got %q", before)
	}
	if _, err := master.Sandbox(t.Context(), operator.TaskKey{Task: "other"}); err == nil {
		t.Error("there is a sandbox of a task that is not there")
	}
}
