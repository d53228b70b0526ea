package local_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/mesos"
)

// TestExecutorURI launches tasks whose executor cannot be had: each fails with the URI and the cause, and the agent serves on.
func TestExecutorURI(t *testing.T) {
	t.Parallel()
	files := http.NewServeMux()
	files.HandleFunc("/garbage", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("\x00\x01\x02 no program")) })
	files.HandleFunc("/cut.tar.gz", func(w http.ResponseWriter, _ *http.Request) {
		var archive bytes.Buffer
		z := gzip.NewWriter(&archive)
		z.Write(make([]byte, 4096))
		z.Close()
		w.Write(archive.Bytes()[:archive.Len()/2])
	})
	files.HandleFunc("/short", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Write([]byte("only this"))
	})
	files.HandleFunc("/forbidden", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) })
	server := httptest.NewServer(files)
	defer server.Close()
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()

	cluster := fast(t)
	f := subscribe(t, cluster.Master())
	missing := "file://" + filepath.Join(t.TempDir(), "missing")
	for _, c := range []struct {
		name string
		uri  mesos.CommandInfoURI
		want []string
	}{
		{"missing", mesos.CommandInfoURI{Value: server.URL + "/missing"}, []string{"404"}},
		{"forbidden", mesos.CommandInfoURI{Value: server.URL + "/forbidden"}, []string{"403"}},
		{"refused", mesos.CommandInfoURI{Value: nobody.URL + "/x"}, []string{"connection refused"}},
		{"garbage", mesos.CommandInfoURI{Value: server.URL + "/garbage", Executable: new(true)}, nil},
		{"cut", mesos.CommandInfoURI{Value: server.URL + "/cut.tar.gz"}, nil},
		{"short", mesos.CommandInfoURI{Value: server.URL + "/short", Executable: new(true)}, nil},
		{"file", mesos.CommandInfoURI{Value: missing}, []string{"no such file"}},
		{"scheme", mesos.CommandInfoURI{Value: "gopher://127.0.0.1/x"}, nil},
	} {
		custom, command := customTask(t, "custom-"+c.name), sleepTask("command-"+c.name)
		name := "./" + filepath.Base(c.uri.Value)
		for task, info := range map[*mesos.TaskInfo]*mesos.CommandInfo{&custom: custom.Executor.Command, &command: command.Command} {
			*info = mesos.CommandInfo{Shell: new(false), Value: new(name), Arguments: []string{name}, URIs: []mesos.CommandInfoURI{c.uri}}
			f.launch(f.room(), *task)
			s := f.until(task.TaskID.Value, mesos.TaskFailed)
			if s.GetReason() != mesos.ReasonContainerLaunchFailed && (c.name != "garbage" || task == &custom) { // which the command executor starts
				t.Errorf("%s: %v", task.TaskID.Value, s)
			}
			for _, want := range append(c.want, c.uri.Value) {
				if !strings.Contains(s.GetMessage(), want) {
					t.Errorf("%s: the message %q does not tell of %q", task.TaskID.Value, s.GetMessage(), want)
				}
			}
		}
	}
	f.launch(f.room(), customTask(t, "good"))
	f.until("good", mesos.TaskRunning)
	var metrics map[string]float64
	into(t, cluster.Agents()[0], "/metrics/snapshot", &metrics)
	for name, want := range map[string]float64{"task_fetches_failed": 14, "task_fetches_succeeded": 2, "cache_size_total_bytes": 2 << 30} { // garbage can be fetched
		if got := metrics["containerizer/fetcher/"+name]; got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// TestExecutorFetched runs an executor that comes from a URI.
func TestExecutorFetched(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, self) }))
	defer server.Close()
	f := subscribe(t, fast(t).Master())
	task := customTask(t, "fetched")
	task.Executor.Command.Value = new("./program")
	task.Executor.Command.URIs = []mesos.CommandInfoURI{{Value: server.URL + "/x?y=z", OutputFile: new("program"), Executable: new(true)}}
	f.launch(f.offer(), task)
	f.until("fetched", mesos.TaskRunning)
	f.kill("fetched")
	f.until("fetched", mesos.TaskKilled)
}
