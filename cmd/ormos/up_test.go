package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/porttest"
)

// An ormos is `ormos up` with a state of its own, which may be started again and again, each time as a process.
type ormos struct {
	t      *testing.T
	dir    string
	api    string
	flags  []string
	client *app.Client
	cmd    *exec.Cmd
	lines  chan string   // of its output
	ended  chan struct{} // closed when the process has
	errors *strings.Builder
}

// newOrmos prepares one whose tasks get these resources. All that it leaves is ended with the test.
func newOrmos(t *testing.T, resources string, flags ...string) *ormos {
	t.Helper()
	port := porttest.Free(t, 4)
	o := &ormos{t: t, dir: t.TempDir(), api: fmt.Sprintf("127.0.0.1:%d", port)}
	o.flags = append([]string{"up", "--listen", o.api, "--port", fmt.Sprint(port + 1), "--resources", resources}, flags...)
	transport := &http.Transport{DisableKeepAlives: true} // servers come and go
	client, err := app.NewClient(app.ClientOptions{URL: o.api, HTTP: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	o.client = client
	t.Cleanup(func() {
		o.kill()
		killLeft(o.dir)
	})
	return o
}

// start begins a process; what it prints first says that its API answers.
func (o *ormos) start(files ...string) {
	o.t.Helper()
	o.begin(files...)
	if !o.ready() {
		o.t.Fatalf("ormos up ended before its API answered:\n%s", o.errors)
	}
}

func (o *ormos) begin(files ...string) {
	o.t.Helper()
	o.cmd = exec.Command("ormos", append(slices.Clone(o.flags), files...)...)
	o.cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+o.dir, "TMPDIR="+o.dir, "GORACE=atexit_sleep_ms=10")
	o.errors, o.ended = new(strings.Builder), make(chan struct{})
	o.cmd.Stderr = o.errors
	out, err := o.cmd.StdoutPipe()
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.cmd.Start(); err != nil {
		o.t.Fatal(err)
	}
	lines := make(chan string, 1000)
	ended := o.ended
	go func() {
		defer close(ended)
		defer close(lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			default: // nobody reads them any more
			}
		}
		_ = o.cmd.Wait() // its pipe is at its end
	}()
	o.lines = lines
}

// ready waits until the API answers; false says that the process has ended before.
func (o *ormos) ready() bool {
	for line := range o.lines {
		if strings.HasPrefix(line, "API") {
			return true
		}
	}
	return false
}

// kill is kill -9.
func (o *ormos) kill() {
	if o.cmd != nil {
		_ = o.cmd.Process.Kill() // it may have ended
		<-o.ended
	}
}

// until looks again whenever something has happened, until what it looks for is there.
func (o *ormos) until(what string, look func(ctx context.Context) (bool, error)) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), patience)
	defer cancel()
	var last error
	for ctx.Err() == nil {
		for e, err := range o.client.Events(ctx, app.EventsOptions{}) {
			if last = err; err != nil {
				break
			}
			if e.Type == app.EventStreamDetached {
				continue
			}
			done, err := look(ctx)
			if last = err; err != nil {
				break
			}
			if done {
				return
			}
		}
	}
	all, _ := o.client.Deployments(o.t.Context())
	o.t.Fatalf("%s: it did not come to be: %v; deployments %+v\n%s", what, last, all, o.errors)
}
