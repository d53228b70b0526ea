package local_test

import (
	"context"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// BenchmarkColdStart is from nothing to the first offer in a framework's hands: a cluster starts, its agent registers, the
// framework subscribes. (mesos-local takes more than a second, since its timers do.)
func BenchmarkColdStart(b *testing.B) {
	for _, agents := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("agents=%d", agents), func(b *testing.B) {
			for b.Loop() {
				cluster, err := local.Start(context.Background(), local.Options{Agents: agents, Resources: []string{resources}})
				if err != nil {
					b.Fatal(err)
				}
				f := subscribe(b, cluster.Master())
				f.offers(1)
				b.StopTimer()
				f.close()
				cluster.Stop()
				b.StartTimer()
			}
		})
	}
}

// BenchmarkExec is the floor of a launch: the start of the same program and its shell by os/exec.
func BenchmarkExec(b *testing.B) {
	for b.Loop() {
		cmd := exec.Command("/bin/sh", "-c", "exec sleep 1000")
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		cmd.Process.Kill()
		cmd.Wait()
		b.StartTimer()
	}
}

// BenchmarkLaunch is from ACCEPT with so many command tasks to TASK_RUNNING of the last, as the scheduler sees it over the wire; the figure
// is for each task.
func BenchmarkLaunch(b *testing.B) {
	for _, tasks := range []int{1, 100} {
		b.Run(fmt.Sprintf("tasks=%d", tasks), func(b *testing.B) {
			cluster := local.RunT(b, local.Options{Resources: []string{"cpus:1000;mem:1000000;disk:1;ports:[31000-31001]"}})
			f := subscribe(b, cluster.Master())
			n := 0
			for b.Loop() {
				b.StopTimer()
				offer := wholeOffer(f)
				b.StartTimer()
				ids := launchMany(f, offer, &n, tasks)
				b.StopTimer()
				endAll(f, ids)
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N*tasks)/float64(time.Microsecond), "µs/task")
		})
	}
}

// wholeOffer waits for an offer of all that the agent has; parts are given back, and nothing more is offered meanwhile.
func wholeOffer(f *framework) *mesos.Offer {
	for {
		f.must(f.Revive(context.Background()))
		offer := f.offer()
		f.must(f.Suppress(context.Background()))
		if mesos.Resources(offer.Resources).CPUs() == 1000 {
			return offer
		}
		f.decline(offer, 0)
	}
}

// launchMany launches tasks and waits until all run.
func launchMany(f *framework, offer *mesos.Offer, n *int, count int) (ids []string) {
	tasks := make([]mesos.TaskInfo, count)
	for i := range tasks {
		*n++
		tasks[i] = sleepTask(fmt.Sprintf("task-%d", *n))
		ids = append(ids, tasks[i].TaskID.Value)
	}
	f.launch(offer, tasks...)
	for left := count; left > 0; {
		if await[*scheduler.EventUpdate](f, nil).Status.State == mesos.TaskRunning {
			left--
		}
	}
	return ids
}

// endAll kills tasks and waits for their ends.
func endAll(f *framework, ids []string) {
	for _, id := range ids {
		f.kill(id)
	}
	for left := len(ids); left > 0; {
		if await[*scheduler.EventUpdate](f, nil).Status.State.Terminal() {
			left--
		}
	}
}
