package replay_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/local/replay"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/security"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// launchOnce is a framework that launches one task, and refuses all other offers for this long.
func launchOnce(ctx context.Context, o scheduler.Options, refuse time.Duration) (states []string, err error) {
	o.Security.Token = "of-nobody-else"
	session, launched := scheduler.New(o), false
	for event, err := range session.Events(ctx) {
		if err != nil {
			return states, err
		}
		switch e := event.(type) {
		case *scheduler.EventOffers:
			ids := []mesos.OfferID{e.Offers[0].ID}
			if launched {
				_ = session.Decline(ctx, scheduler.CallDecline{OfferIDs: ids, Filters: scheduler.Refuse(refuse)})
				continue
			}
			launched = true
			_ = session.Accept(ctx, scheduler.CallAccept{OfferIDs: ids, Operations: []mesos.OfferOperation{{
				Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: []mesos.TaskInfo{task(e.Offers[0].AgentID)}},
			}}})
		case *scheduler.EventUpdate:
			states = append(states, e.Status.State.String())
		}
	}
	return states, nil
}

func task(agent mesos.AgentID) mesos.TaskInfo {
	secret := mesos.EnvironmentVariable{Name: "PASSWORD", Type: new(mesos.EnvironmentVariableTypeSecret), Secret: &mesos.Secret{
		Type: new(mesos.SecretTypeValue), Value: &mesos.SecretValue{Data: []byte("swordfish")},
	}}
	return mesos.TaskInfo{
		Name: "a", TaskID: mesos.TaskID{Value: "a"}, AgentID: agent, Resources: []mesos.Resource{mesos.CPUs(1), mesos.Mem(32)},
		Command: &mesos.CommandInfo{Value: new("run"), Environment: &mesos.Environment{Variables: []mesos.EnvironmentVariable{secret}}},
	}
}

// record records ten minutes of it on a local cluster.
func record(t *testing.T) string {
	cluster := local.RunT(t, local.Simulated(func(*local.Process) local.Life { return local.Life{Run: time.Minute} }))
	var file bytes.Buffer
	recorder := replay.NewRecorder(&file, cluster.Dial)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	_, err := launchOnce(ctx, scheduler.Options{Master: cluster.Master(), Dial: recorder.Dial, Security: security.Options{}}, time.Hour)
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file.String()
}

// What was recorded is played again, to the same framework without a difference; a framework that does other things is told apart.
func TestReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := record(t)
		for refuse, same := range map[time.Duration]bool{time.Hour: true, time.Minute: false} {
			player, err := replay.Open(strings.NewReader(file))
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
			states, err := launchOnce(ctx, scheduler.Options{Master: player.Master(), Dial: player.Dial}, refuse)
			cancel()
			differences := player.Close()
			if got := strings.Join(states, " "); same && got != "TASK_STARTING TASK_RUNNING TASK_FINISHED" || err != nil {
				t.Errorf("told %s, %v", got, err)
			}
			if same != (len(differences) == 0) {
				t.Errorf("refusing for %v: %s\n%s", refuse, strings.Join(differences, "\n"), file)
			}
		}
	})
}

// No secret gets into the file.
func TestSecretsAreNotRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := record(t)
		for _, secret := range []string{"of-nobody-else", "swordfish", "c3dvcmRmaXNo"} {
			if strings.Contains(file, secret) {
				t.Errorf("%s is in it", secret)
			}
		}
		if !strings.Contains(file, "PASSWORD") {
			t.Error("the task is not in it")
		}
	})
}

// Whatever is in a file, reading it ends with a player or an error.
func FuzzOpen(f *testing.F) {
	f.Add("{\"recording\":\"ormos scheduler 1\"}\n{\"at\":1,\"link\":1,\"call\":{\"type\":\"SUBSCRIBE\"}}\n{\"link\":1,\"status\":400}\n{\"link\":1,\"event\":{\"type\":\"HEARTBEAT\"}}\n{\"link\":1,\"end\":true}\n")
	f.Add("{}")
	f.Fuzz(func(_ *testing.T, text string) {
		if p, err := replay.Open(strings.NewReader(text)); err == nil {
			p.Close()
		}
	})
}
