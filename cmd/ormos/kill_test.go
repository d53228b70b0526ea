package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ormosproject/ormos/app"
)

// kills is how often TestKilledAtAnyMoment kills: 20, or as many as ORMOS_KILLS says.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv("ORMOS_KILLS")
	if text == "" {
		return 20
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("ORMOS_KILLS: %v", err)
	}
	return n
}

// A ward is where tasks sign: each writes down that it was started, and the process that it is.
type ward struct {
	t   *testing.T
	dir string
}

// definition is of an app whose tasks sign. Another generation is another definition.
func (w *ward) definition(generation, instances int) json.RawMessage {
	script := fmt.Sprintf(`echo "$MESOS_TASK_ID $$" >>%s/started; exec sleep 100000`, w.dir)
	text, err := json.Marshal(map[string]any{
		"cmd": script, "instances": instances, "cpus": 0.1, "mem": 8, "portDefinitions": []int{}, "env": map[string]string{"GENERATION": fmt.Sprint(generation)},
		"backoffSeconds": 0, "taskKillGracePeriodSeconds": 1,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// signed gives the process of each task that was ever started. A task that was started twice fails the test.
func (w *ward) signed() map[string]int {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "started"))
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	all := map[string]int{}
	for line := range strings.Lines(string(text)) {
		id, number, _ := strings.Cut(strings.TrimSpace(line), " ")
		pid, err := strconv.Atoi(number)
		if err != nil {
			w.t.Fatalf("a task has signed with %q", line)
		}
		if all[id] != 0 {
			w.t.Errorf("%s was launched twice", id)
		}
		all[id] = pid
	}
	return all
}

// awaitSigned waits until these tasks have signed, which they do right after their start.
func (w *ward) awaitSigned(tasks map[string]bool) map[string]int {
	w.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		signed, missing := w.signed(), ""
		for id := range tasks {
			if signed[id] == 0 {
				missing = id
			}
		}
		if missing == "" {
			return signed
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			w.t.Fatalf("%s is said to run, and has never begun", missing)
		}
	}
}

// settled compares what the API tells with what really runs: as many as wanted, all of the wanted generation, and no other.
func (w *ward) settled(ctx context.Context, o *ormos, generation, instances int) (bool, error) {
	w.t.Helper()
	if under, err := o.client.Deployments(ctx); err != nil || len(under) > 0 {
		return false, err
	}
	info, err := o.client.App(ctx, "/ward")
	if err != nil || info.Instances != instances || info.Env["GENERATION"] != fmt.Sprint(generation) || info.TasksRunning != instances {
		return false, err
	}
	known := map[string]bool{}
	for _, task := range info.Tasks {
		known[task.ID] = task.State == "TASK_RUNNING"
		if *task.Version != info.Version && task.Version.Before(info.VersionInfo.LastConfigChangeAt) {
			w.t.Errorf("%s is of an old definition", task.ID)
		}
	}
	if len(known) != instances {
		return false, nil
	}
	signed := w.awaitSigned(known)
	for id := range known {
		if !alive(id, signed[id]) {
			w.t.Errorf("%s is said to run, and does not", id)
		}
	}
	for id, pid := range signed {
		if !known[id] {
			w.awaitEnd(id, pid)
		}
	}
	return true, nil
}

// awaitEnd waits until a task is no more that nobody counts any more: what an agent was about to start when it was killed, the next one ends.
func (w *ward) awaitEnd(id string, pid int) {
	w.t.Helper()
	if !alive(id, pid) {
		return
	}
	w.t.Logf("%s runs yet", id)
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for alive(id, pid) {
		select {
		case <-tick.C:
		case <-deadline.C:
			w.t.Fatalf("%s runs, and nobody knows it", id)
		}
	}
}

// alive tells whether the process of a task is there and has not ended: numbers of processes are used again.
func alive(id string, pid int) bool {
	if runtime.GOOS != "linux" {
		return syscall.Kill(pid, 0) == nil
	}
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)) // that of one that has ended is empty
	return err == nil && strings.Contains(string(environment), "MESOS_TASK_ID="+id+"\x00")
}

// However a process is killed, in whatever phase of a deployment, what it has answered stays true, and the next one brings the deployment to its end:
// no instance is launched twice, and none is lost.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	o := newOrmos(t, "cpus:4;mem:1024;disk:1024;ports:[]")
	w := &ward{t: t, dir: t.TempDir()}
	first := filepath.Join(w.dir, "first.json")
	definition := strings.Replace(string(w.definition(0, 2)), "{", `{"id":"/ward",`, 1)
	if err := os.WriteFile(first, []byte(definition), 0o600); err != nil {
		t.Fatal(err)
	}
	o.start(first)
	o.until("the first deployment", func(ctx context.Context) (bool, error) { return w.settled(ctx, o, 0, 2) })
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	instances := 2
	for round := 1; round <= kills(t) && !t.Failed(); round++ {
		if random.IntN(4) == 0 { // also while it comes up
			o.kill()
			o.begin()
			<-time.After(time.Duration(random.IntN(300)) * time.Millisecond)
			o.kill()
			o.start()
		}
		instances = 1 + random.IntN(5)
		answered := w.change(o, round, instances, time.Duration(random.IntN(700))*time.Millisecond)
		o.start()
		if answered != nil {
			now, err := o.client.App(t.Context(), "/ward")
			if err != nil || now.Version.Before(answered.Version) {
				t.Fatalf("round %d of seed %d: version %v was answered, and there is %v, %v", round, seed, answered.Version, now, err)
			}
		} else if _, err := o.client.UpdateApp(t.Context(), "/ward", w.definition(round, instances), true); err != nil {
			t.Fatal(err)
		}
		what := fmt.Sprintf("round %d of seed %d", round, seed)
		o.until(what, func(ctx context.Context) (bool, error) { return w.settled(ctx, o, round, instances) })
	}
}

// change asks for another generation, and kills the process a while after. It gives the answer, if there was one.
func (w *ward) change(o *ormos, generation, instances int, after time.Duration) *app.DeploymentResult {
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		<-time.After(after)
		o.kill()
	}()
	result, err := o.client.UpdateApp(w.t.Context(), "/ward", w.definition(generation, instances), true)
	<-killed
	if err != nil {
		return nil
	}
	return &result
}
