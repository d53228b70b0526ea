package executor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// A thousand tasks run in one executor at the same time. Each is told to run, and then how it ended, once.
func TestThousandTasks(t *testing.T) {
	const n = 1000
	simulated(t, working(executor.RunOptions{}, func(_ context.Context, task *executor.Task) error {
		if err := task.Running(); err != nil {
			return err
		}
		<-time.After(time.Minute)
		if strings.HasSuffix(task.Info.Name, "7") {
			return errors.New("it ends with 7")
		}
		return nil
	}), func(f *framework) {
		var tasks []mesos.TaskInfo
		for i := range n {
			tasks = append(tasks, task(fmt.Sprint(i)))
		}
		f.launch(tasks...)
		told := map[string]string{}
		for range 2 * n {
			s := receive(f, "an update", f.updates)
			told[s.TaskID.Value] += s.State.String() + " " + s.GetMessage()
		}
		for _, one := range tasks {
			want := "TASK_RUNNING TASK_FINISHED "
			if strings.HasSuffix(one.Name, "7") {
				want = "TASK_RUNNING TASK_FAILED it ends with 7"
			}
			if told[one.Name] != want {
				t.Errorf("task %s: %s", one.Name, told[one.Name])
			}
		}
		if e := receive(f, "the executor's end", f.failures); e.ExecutorID == nil || e.GetStatus() != 0 {
			t.Errorf("the executor ended with %v", e)
		}
	})
}

// endures runs until its grace is over, and says how long that was.
func endures(ctx context.Context, task *executor.Task) error {
	if err := task.Running(); err != nil {
		return err
	}
	<-ctx.Done()
	began := time.Now()
	<-task.Overdue().Done()
	return fmt.Errorf("%v, %w", time.Since(began), context.Cause(ctx))
}

func TestKill(t *testing.T) {
	for name, c := range map[string]struct {
		kills []time.Duration // a second apart
		task  *mesos.KillPolicy
		want  string
	}{
		"as the call says":         {kills: []time.Duration{10 * time.Second}, task: policy(time.Minute), want: "10s"},
		"as the task says":         {kills: []time.Duration{-1}, task: policy(time.Minute), want: "1m0s"},
		"as Mesos does":            {kills: []time.Duration{-1}, want: "3s"},
		"at once":                  {kills: []time.Duration{0}, task: policy(time.Minute), want: "0s"},
		"twice":                    {kills: []time.Duration{5 * time.Second, 5 * time.Second}, want: "5s"},
		"sooner":                   {kills: []time.Duration{time.Minute, 4 * time.Second}, want: "4s"},
		"sooner than possible":     {kills: []time.Duration{time.Minute, time.Millisecond}, want: "1s"},
		"not later":                {kills: []time.Duration{4 * time.Second, time.Hour}, want: "4s"},
		"sooner, and not later":    {kills: []time.Duration{time.Minute, 9 * time.Second, time.Hour}, want: "9s"},
		"sooner, and still sooner": {kills: []time.Duration{time.Minute, 9 * time.Second, 5 * time.Second}, want: "5s"},
	} {
		t.Run(name, func(t *testing.T) {
			simulated(t, working(executor.RunOptions{}, endures), func(f *framework) {
				info := task("a")
				info.KillPolicy = c.task
				f.launch(info)
				f.until("a", mesos.TaskRunning)
				for i, grace := range c.kills {
					if i > 0 {
						<-time.After(time.Second)
					}
					if grace < 0 {
						f.must(f.Session.Kill(f.t.Context(), scheduler.CallKill{TaskID: info.TaskID}))
					} else {
						f.kill("a", grace)
					}
				}
				f.until("a", mesos.TaskKilling)
				if s := f.until("a", mesos.TaskKilled); s.GetMessage() != c.want+", the task is killed" {
					t.Errorf("it was given %q, want %s", s.GetMessage(), c.want)
				}
			})
		})
	}
}

// Of a group whose member has not finished, the others are killed. What was launched beside it goes on.
func TestGroup(t *testing.T) {
	work := func(ctx context.Context, task *executor.Task) error {
		if err := task.Running(); err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(task.Info.Name, "finishes"):
			return nil
		case strings.HasPrefix(task.Info.Name, "fails"):
			<-time.After(time.Minute)
			return errors.New("no luck")
		}
		<-ctx.Done()
		return context.Cause(ctx)
	}
	simulated(t, working(executor.RunOptions{}, work), func(f *framework) {
		f.launch(task("alone"))
		f.until("alone", mesos.TaskRunning)
		var group []mesos.TaskInfo
		for _, name := range []string{"finishes", "fails", "stays"} {
			one := task(name)
			one.Executor = nil
			group = append(group, one)
		}
		e := task("").Executor
		e.FrameworkID = new(f.FrameworkID())
		f.accept(&mesos.OfferOperation{Type: new(mesos.OfferOperationTypeLaunchGroup), LaunchGroup: &mesos.OfferOperationLaunchGroup{
			Executor: *e, TaskGroup: mesos.TaskGroupInfo{Tasks: group},
		}}, group)
		ends := map[string]string{}
		for len(ends) < 3 {
			if s := receive(f, "an end", f.updates); s.State.Terminal() {
				ends[s.TaskID.Value] = s.State.String() + " " + s.GetMessage()
			}
		}
		want := map[string]string{
			"finishes": "TASK_FINISHED ", "fails": "TASK_FAILED no luck",
			"stays": "TASK_KILLED another task of the group has ended before its time",
		}
		if diff := cmp.Diff(want, ends); diff != "" {
			t.Error(diff)
		}
		f.kill("alone", time.Second)
		f.until("alone", mesos.TaskKilled)
	})
}

func TestMaxCompletionTime(t *testing.T) {
	simulated(t, working(executor.RunOptions{}, endures), func(f *framework) {
		info := task("a")
		info.MaxCompletionTime = &mesos.DurationInfo{Nanoseconds: int64(time.Minute)}
		f.launch(info)
		f.until("a", mesos.TaskRunning)
		began := time.Now()
		s := f.until("a", mesos.TaskFailed)
		if took := time.Since(began); took < time.Minute || took > time.Minute+time.Second || s.GetReason() != mesos.ReasonMaxCompletionTimeReached {
			t.Errorf("after %v: %v", took, s)
		}
	})
}

// Each status tells the last results of both checks, whichever of them it is about.
func TestChecks(t *testing.T) {
	work := func(_ context.Context, task *executor.Task) error {
		result := mesos.CheckStatusInfo{Type: new(mesos.CheckInfoTypeCommand), Command: &mesos.CheckStatusInfoCommand{ExitCode: new(int32(3))}}
		return errors.Join(task.Running(), task.Healthy(true), task.Checked(result), task.Healthy(false))
	}
	simulated(t, working(executor.RunOptions{}, work), func(f *framework) {
		info := task("a")
		info.Check = &mesos.CheckInfo{Type: new(mesos.CheckInfoTypeCommand), Command: &mesos.CheckInfoCommand{Command: mesos.CommandInfo{Value: new("true")}}}
		f.launch(info)
		var told []string
		for len(told) < 5 {
			s := receive(f, "an update", f.updates)
			healthy, code := "unknown", "unknown"
			if s.Healthy != nil {
				healthy = fmt.Sprint(*s.Healthy)
			}
			if c := s.CheckStatus; c != nil && c.GetType() == mesos.CheckInfoTypeCommand && c.Command != nil && c.Command.ExitCode != nil {
				code = fmt.Sprint(*c.Command.ExitCode)
			} else if c == nil {
				code = "missing"
			}
			told = append(told, fmt.Sprint(s.State, " ", s.GetReason(), " healthy ", healthy, " code ", code))
		}
		want := []string{
			"TASK_RUNNING " + mesos.TaskStatusReason(0).String() + " healthy unknown code unknown",
			"TASK_RUNNING REASON_TASK_HEALTH_CHECK_STATUS_UPDATED healthy true code unknown",
			"TASK_RUNNING REASON_TASK_CHECK_STATUS_UPDATED healthy true code 3",
			"TASK_RUNNING REASON_TASK_HEALTH_CHECK_STATUS_UPDATED healthy false code 3",
			"TASK_FINISHED " + mesos.TaskStatusReason(0).String() + " healthy false code 3",
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Error(diff)
		}
	})
}

// What a scheduler gives to a task arrives, and messages go both ways.
func TestDataAndMessages(t *testing.T) {
	work := func(_ context.Context, task *executor.Task) error {
		limit := task.Info.Limits["mem"]
		return task.Update(mesos.TaskStatus{
			State: mesos.TaskFinished, Data: append(task.Info.Data, '!'), Labels: task.Info.Labels,
			Message: new(fmt.Sprintf("%s, mem %v", task.Driver().Environment().ExecutorID, limit.Value)),
		})
	}
	echo := func(d *executor.Driver, data []byte) {
		if err := d.Message(append(data, '!')); err != nil {
			t.Error(err)
		}
	}
	simulated(t, working(executor.RunOptions{Idle: -1, Message: echo}, work), func(f *framework) {
		info := task("a")
		info.Data = []byte("data")
		info.Labels = &mesos.Labels{Labels: []mesos.Label{{Key: "k", Value: new("v")}}}
		info.Executor.Data = []byte("other data")
		info.Limits = map[string]mesos.ValueScalar{"mem": {Value: 64}}
		f.launch(info)
		s := f.until("a", mesos.TaskFinished)
		if string(s.Data) != "data!" || s.GetMessage() != "e, mem 64" || cmp.Diff(info.Labels, s.Labels) != "" {
			t.Errorf("the task saw %v", s)
		}
		f.must(f.Message(f.t.Context(), scheduler.CallMessage{AgentID: *s.AgentID, ExecutorID: *s.ExecutorID, Data: []byte("hello")}))
		if m := receive(f, "a message", f.messages); string(m.Data) != "hello!" || m.ExecutorID.Value != "e" {
			t.Errorf("the message is %v", m)
		}
		f.must(f.Shutdown(f.t.Context(), scheduler.CallShutdown{AgentID: *s.AgentID, ExecutorID: *s.ExecutorID}))
		receive(f, "the executor's end", f.failures)
	})
}

// The executor is ended with its tasks, which are given what is left of the time.
func TestShutdown(t *testing.T) {
	simulated(t, working(executor.RunOptions{}, endures), func(f *framework) {
		f.launch(task("a"), task("b"))
		s := receive(f, "an update", f.updates) // of one of them
		receive(f, "an update", f.updates)
		f.must(f.Shutdown(f.t.Context(), scheduler.CallShutdown{AgentID: *s.AgentID, ExecutorID: *s.ExecutorID}))
		for ended := 0; ended < 2; {
			if s := receive(f, "an end", f.updates); s.State.Terminal() {
				if ended++; s.State != mesos.TaskKilled || !strings.HasPrefix(s.GetMessage(), "3s, the executor shuts down") {
					t.Errorf("it ended with %v", &s)
				}
			}
		}
	})
}

// The end of the context is the end of the tasks, and what was told of them arrives.
func TestContextOfRun(t *testing.T) {
	simulated(t, func(ctx context.Context, given executor.Options) error {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		return executor.Run(ctx, executor.RunOptions{Options: given}, endures)
	}, func(f *framework) {
		f.launch(task("a"))
		if s := f.until("a", mesos.TaskKilled); !strings.HasPrefix(s.GetMessage(), "3s, the executor ends: context deadline exceeded") {
			t.Errorf("it ended with %v", s)
		}
	})
}

// An executor that waits for further tasks leaves after the time it was given.
func TestIdle(t *testing.T) {
	work := func(context.Context, *executor.Task) error { return nil }
	simulated(t, working(executor.RunOptions{Idle: time.Hour / 2}, work), func(f *framework) {
		f.launch(task("a"))
		f.until("a", mesos.TaskFinished)
		<-time.After(29 * time.Minute)
		f.launch(task("b"))
		f.until("b", mesos.TaskFinished)
		began := time.Now()
		receive(f, "the executor's end", f.failures)
		if took := time.Since(began); took < 29*time.Minute || took > 31*time.Minute {
			t.Errorf("it stayed for %v", took)
		}
	})
}
