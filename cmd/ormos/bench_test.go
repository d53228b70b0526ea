package main

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// What these benchmarks measure is a whole `ormos local` in a process of its own, with its scheduler in this one, over HTTP. What they
// are compared with, os/exec, is measured in the same run.

// cluster is a process of `ormos local` with a scheduler that is subscribed.
type cluster struct {
	*scheduler.Session
	b      *testing.B
	cmd    *exec.Cmd
	next   func() (scheduler.TypedEvent, error, bool)
	offers []mesos.Offer // of the first agent, not used yet
	tasks  int           // launched so far
	alive  []string      // tasks that run
}

// build makes the command.
func build(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "ormos")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return path
}

// begin starts `ormos local` and subscribes; stop ends both.
func begin(b *testing.B, path, workDir string, agents int) (c *cluster, stop func()) {
	b.Helper()
	c = &cluster{b: b, cmd: exec.Command(path, "local", "--port", "0", "--agent-port", "0", "--agents", strconv.Itoa(agents),
		"--resources", "cpus:100000;mem:100000000;disk:1;ports:[31000-31001]", "--work-dir", workDir)}
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	_, master, _ := strings.Cut(strings.TrimSpace(line), "http://")
	c.Session = scheduler.New(scheduler.Options{
		Master: master, Framework: mesos.FrameworkInfo{Name: "bench", Checkpoint: new(true), FailoverTimeout: new(3600.0)},
	})
	ctx, cancel := context.WithCancel(context.Background())
	next, end := iter.Pull2(c.Events(ctx))
	c.next = next
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.cmd.Wait()
		cancel() // nobody waits for what does not come any more
	}()
	return c, func() {
		c.kill(c.alive...) // they would live on otherwise, as the framework has a checkpoint
		_ = c.Teardown(ctx)
		_ = c.cmd.Process.Signal(os.Interrupt)
		<-ended
		end()
	}
}

// event waits for the next event.
func (c *cluster) event() scheduler.TypedEvent {
	e, err, ok := c.next()
	if err != nil || !ok {
		c.b.Fatalf("the session ended: %v", err)
	}
	if o, is := e.(*scheduler.EventOffers); is {
		c.offers = append(c.offers, o.Offers...)
	}
	return e
}

// offered waits until offers of so many agents have come.
func (c *cluster) offered(agents int) {
	for len(c.offers) < agents {
		c.event()
	}
}

// revived asks for an offer where there is none: what was given back comes with the next allocation otherwise, after a second at most.
func (c *cluster) revived() {
	if len(c.offers) > 0 {
		return
	}
	if err := c.Revive(context.Background()); err != nil {
		c.b.Fatal(err)
	}
	c.offered(1)
}

// launch launches commands in one ACCEPT and waits until all run.
func (c *cluster) launch(n int) (ids []string) {
	c.offered(1)
	tasks := make([]mesos.TaskInfo, n)
	for i := range tasks {
		c.tasks++
		id := fmt.Sprint("task-", c.tasks)
		ids = append(ids, id)
		tasks[i] = mesos.TaskInfo{
			Name: id, TaskID: mesos.TaskID{Value: id}, AgentID: c.offers[0].AgentID, Resources: []mesos.Resource{mesos.CPUs(0.01), mesos.Mem(1)},
			Command: &mesos.CommandInfo{Shell: new(false), Value: new("/bin/sleep"), Arguments: []string{"sleep", "1000"}},
		}
	}
	accept := scheduler.CallAccept{
		Filters:    scheduler.Refuse(0),
		Operations: []mesos.OfferOperation{{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: tasks}}},
	}
	for i := range c.offers {
		accept.OfferIDs = append(accept.OfferIDs, c.offers[i].ID)
	}
	c.offers = nil
	if err := c.Accept(context.Background(), accept); err != nil {
		c.b.Fatal(err)
	}
	c.await(n, func(s mesos.TaskState) bool { return s == mesos.TaskRunning })
	c.alive = append(c.alive, ids...)
	return ids
}

// await waits for so many updates with a state.
func (c *cluster) await(n int, is func(mesos.TaskState) bool) {
	for n > 0 {
		u, ok := c.event().(*scheduler.EventUpdate)
		switch {
		case ok && is(u.Status.State):
			n--
		case ok && u.Status.State.Terminal():
			c.b.Fatalf("a task ended: %v", u.Status)
		}
	}
}

// kill ends tasks.
func (c *cluster) kill(ids ...string) {
	for _, id := range ids {
		if err := c.Kill(context.Background(), scheduler.CallKill{TaskID: mesos.TaskID{Value: id}}); err != nil {
			c.b.Fatal(err)
		}
	}
	c.await(len(ids), mesos.TaskState.Terminal)
	c.alive = slices.DeleteFunc(c.alive, func(id string) bool { return len(ids) == len(c.alive) || slices.Contains(ids, id) })
}

// raw starts the same command by os/exec.
func raw(b *testing.B) *exec.Cmd {
	cmd := exec.Command("/bin/sleep", "1000")
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	return cmd
}

func ended(all ...*exec.Cmd) {
	for _, cmd := range all {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// memory is a value of smaps_rollup of the cluster's process, in kB; what its tasks use is not in it.
func (c *cluster) memory(name string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", c.cmd.Process.Pid))
	if err != nil {
		c.b.Skip("no memory figures: ", err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); f[0] == name+":" {
			n, _ := strconv.ParseFloat(f[1], 64)
			return n
		}
	}
	c.b.Fatalf("no %s in %s", name, text)
	return 0
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// quantile gives the figure below which a share of all lies.
func quantile(all []time.Duration, share float64) time.Duration {
	slices.Sort(all)
	return all[min(len(all)-1, int(share*float64(len(all))))]
}

// workDirs are where a launch is measured: wherever temporary files are, and a file system in memory.
func workDirs(b *testing.B) map[string]string {
	dirs := map[string]string{"tmp": b.TempDir()}
	if dir, err := os.MkdirTemp("/dev/shm", "ormos-bench-"); err == nil {
		b.Cleanup(func() { os.RemoveAll(dir) })
		dirs["memory"] = dir
	}
	return dirs
}

// freshDir makes a work dir that no cluster has used: one started on another's with a different port would be refused.
func freshDir(b *testing.B, parent string) string {
	b.Helper()
	dir, err := os.MkdirTemp(parent, "cluster-")
	if err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkStart is from the start of the program to the first offers of all agents, and to the first command that runs.
func BenchmarkStart(b *testing.B) {
	path := build(b)
	for name, dir := range workDirs(b) {
		for _, agents := range []int{1, 10} {
			b.Run(fmt.Sprintf("dir=%s/agents=%d", name, agents), func(b *testing.B) {
				var offers, runs, all []time.Duration
				var rss float64
				for b.Loop() {
					b.StopTimer()
					work := freshDir(b, dir)
					b.StartTimer()
					start := time.Now()
					c, stop := begin(b, path, work, agents)
					c.offered(1)
					offers = append(offers, time.Since(start))
					if agents > 1 {
						c.offered(agents)
						all = append(all, time.Since(start))
						c.offers = c.offers[:1]
					}
					rss = c.memory("Rss")
					again := time.Now()
					c.launch(1)
					runs = append(runs, offers[len(offers)-1]+time.Since(again))
					b.StopTimer()
					stop()
					b.StartTimer()
				}
				b.ReportMetric(milliseconds(quantile(offers, 0.5)), "ms-offers")
				b.ReportMetric(milliseconds(quantile(runs, 0.5)), "ms-running")
				b.ReportMetric(rss/1024, "MB-idle")
				if agents > 1 {
					b.ReportMetric(milliseconds(quantile(all, 0.5)), "ms-all-offers")
				}
			})
		}
	}
}

// BenchmarkLaunch is from ACCEPT with one command to its TASK_RUNNING, 200 times, with so many tasks running beside it.
func BenchmarkLaunch(b *testing.B) {
	path := build(b)
	for name, dir := range workDirs(b) {
		for _, resident := range []int{0, 1000, 10_000} {
			b.Run(fmt.Sprintf("dir=%s/resident=%d", name, resident), func(b *testing.B) {
				c, stop := begin(b, path, freshDir(b, dir), 1)
				defer stop()
				c.offered(1)
				if resident > 0 {
					c.launch(resident)
				}
				var ours, theirs []time.Duration
				for b.Loop() {
					for range 200 {
						c.revived()
						start := time.Now()
						ids := c.launch(1)
						ours = append(ours, time.Since(start))
						c.kill(ids...)
						start = time.Now()
						cmd := raw(b)
						theirs = append(theirs, time.Since(start))
						ended(cmd)
					}
				}
				b.ReportMetric(milliseconds(quantile(ours, 0.5)), "ms-p50")
				b.ReportMetric(milliseconds(quantile(ours, 0.99)), "ms-p99")
				b.ReportMetric(float64(quantile(ours, 0.5))/float64(quantile(theirs, 0.5)), "x-exec-p50")
				b.ReportMetric(float64(quantile(ours, 0.99))/float64(quantile(theirs, 0.99)), "x-exec-p99")
			})
		}
	}
}

// BenchmarkStorm is 1,000 commands in one ACCEPT until all run, beside 1,000 by os/exec, and what the cluster needs of memory for each.
func BenchmarkStorm(b *testing.B) {
	const tasks = 1000
	path := build(b)
	for name, dir := range workDirs(b) {
		b.Run("dir="+name, func(b *testing.B) {
			var share, rss, pss float64
			for b.Loop() {
				b.StopTimer()
				c, stop := begin(b, path, freshDir(b, dir), 1)
				c.offered(1)
				var cmds []*exec.Cmd
				start := time.Now()
				for range tasks {
					cmds = append(cmds, raw(b))
				}
				theirs := time.Since(start)
				ended(cmds...)
				rss, pss = c.memory("Rss"), c.memory("Pss")
				start = time.Now()
				b.StartTimer()
				c.launch(tasks)
				b.StopTimer()
				share = float64(theirs) / float64(time.Since(start))
				rss, pss = c.memory("Rss")-rss, c.memory("Pss")-pss
				stop()
				b.StartTimer()
			}
			b.ReportMetric(share, "of-exec")
			b.ReportMetric(rss/tasks, "kB-rss/task")
			b.ReportMetric(pss/tasks, "kB-pss/task")
		})
	}
}

// BenchmarkReconcile asks for 100,000 tasks of which nobody knows, until all are answered.
func BenchmarkReconcile(b *testing.B) {
	const tasks = 100_000
	c, stop := begin(b, build(b), b.TempDir(), 1)
	defer stop()
	c.offered(1)
	asked := make([]scheduler.CallReconcileTask, tasks)
	for i := range asked {
		asked[i] = scheduler.CallReconcileTask{TaskID: mesos.TaskID{Value: fmt.Sprint("unknown-", i)}}
	}
	var first, all []time.Duration
	for b.Loop() {
		start := time.Now()
		go func() { // the answers come before the call's own
			if err := c.Reconcile(context.Background(), asked...); err != nil {
				b.Error(err)
			}
		}()
		lost := func(s mesos.TaskState) bool { return s == mesos.TaskLost }
		c.await(1, lost)
		first = append(first, time.Since(start))
		c.await(tasks-1, lost)
		all = append(all, time.Since(start))
	}
	b.ReportMetric(milliseconds(quantile(first, 0.5)), "ms-first")
	b.ReportMetric(milliseconds(quantile(all, 0.5)), "ms-all")
}
