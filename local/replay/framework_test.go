package replay_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/local/replay"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
	"github.com/ormosproject/ormos/scheduler"
)

// queue is a scheduler.Framework that runs three tasks, each of which is wanted again once when it is over, and gives what it was told of each.
func queue(ctx context.Context, master string, dial scheduler.Options, command string) (told map[string][]string, err error) {
	told = map[string][]string{}
	dial.Master, dial.Framework = master, mesos.FrameworkInfo{Name: "queue"}
	f := scheduler.NewFramework(scheduler.FrameworkOptions{Options: dial})
	want := func(name string) error {
		return f.Want(scheduler.Need{Need: offer.Need{Name: name, Tasks: []offer.Task{{Info: mesos.TaskInfo{
			Name: name, Command: &mesos.CommandInfo{Value: new(command + name)}, Resources: mesos.Resources{mesos.CPUs(1), mesos.Mem(32)},
		}}}}})
	}
	for i := range 3 {
		if err := want(fmt.Sprint("task-", i)); err != nil {
			return nil, err
		}
	}
	again := map[string]bool{}
	for event, err := range f.Events(ctx) {
		if err != nil {
			return told, err
		}
		e, ok := event.(*scheduler.EventTask)
		if !ok {
			continue
		}
		told[e.Task.Need] = append(told[e.Task.Need], e.Task.State().String())
		if e.Task.Over() && !again[e.Task.Need] {
			again[e.Task.Need] = true
			if err := want(e.Task.Need); err != nil {
				return told, err
			}
		}
	}
	return told, nil
}

// A scheduler.Framework makes other ids each time: it is replayed all the same, and hears what it heard. One that launches other things is told apart.
func TestReplayFramework(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := local.RunT(t, local.Simulated(func(p *local.Process) local.Life {
			n := p.Command.GetValue()[len(p.Command.GetValue())-1] - '0'
			return local.Life{Run: (63 + 17*time.Duration(n)) * time.Second} // nothing at the same time as something else, which may come in any order
		}))
		var file bytes.Buffer
		recorder := replay.NewRecorder(&file, cluster.Dial)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		before, err := queue(ctx, cluster.Master(), scheduler.Options{Dial: recorder.Dial}, "run")
		if err != nil || recorder.Close() != nil {
			t.Fatal(err)
		}
		for command, same := range map[string]bool{"run": true, "walk": false} {
			player, err := replay.Open(bytes.NewReader(file.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			go func() {
				select {
				case <-player.Done():
				case <-ctx.Done():
				}
				cancel()
			}()
			now, err := queue(ctx, player.Master(), scheduler.Options{Dial: player.Dial}, command)
			cancel()
			differences := player.Close()
			if err != nil || same && !maps.EqualFunc(now, before, slices.Equal) || len(before["task-2"]) != 8 {
				t.Errorf("told %v\nfirst %v\n%v", now, before, err)
			}
			if same != (len(differences) == 0) {
				t.Errorf("with %s: %s\n%s", command, strings.Join(differences, "\n"), &file)
			}
		}
	})
}
