package fault_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/local/fault"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// tell runs a framework that launches one task and tells everything it hears in an hour; the fault happens as soon as it is subscribed,
// unless it is to come before.
func tell(t *testing.T, f fault.Fault, before bool) (told string) {
	synctest.Test(t, func(t *testing.T) {
		cluster := local.RunT(t, local.Simulated(nil))
		wire := fault.NewWire(cluster.Dial)
		defer wire.Close()
		do := func() {
			if err := wire.Do(f); err != nil {
				t.Fatal(err)
			}
		}
		if before {
			do()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		info := mesos.FrameworkInfo{FailoverTimeout: new(3600.0)}
		session := scheduler.New(scheduler.Options{Master: cluster.Master(), Framework: info, Dial: wire.Dial})
		start, launched := time.Now(), false
		for event, err := range session.Events(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			switch e := event.(type) {
			case *scheduler.EventSubscribed:
				told += fmt.Sprintf(" subscribed after %v,", time.Since(start).Truncate(time.Second))
				if !before {
					do()
					before = true
				}
			case *scheduler.EventOffers:
				if launched {
					break
				}
				task := mesos.TaskInfo{
					Name: "a", TaskID: mesos.TaskID{Value: "a"}, AgentID: e.Offers[0].AgentID, Resources: []mesos.Resource{mesos.CPUs(1), mesos.Mem(32)},
					Command: &mesos.CommandInfo{Value: new("sleep")},
				}
				err := session.Accept(ctx, scheduler.CallAccept{
					OfferIDs: []mesos.OfferID{e.Offers[0].ID}, Filters: scheduler.Refuse(24 * time.Hour),
					Operations: []mesos.OfferOperation{{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: []mesos.TaskInfo{task}}}},
				})
				if err != nil {
					told += " not answered,"
				}
				launched = err == nil || f.Kind == fault.LoseAnswer
			case *scheduler.EventUpdate:
				told += fmt.Sprintf(" %v,", e.Status.State)
			case *scheduler.EventDisconnected:
				told += " disconnected,"
			}
		}
	})
	return strings.TrimSpace(strings.ReplaceAll(told, "TASK_", ""))
}

func TestWire(t *testing.T) {
	for text, want := range map[string]string{
		// The agent sends again after 10 s what nobody acknowledged.
		"0s drop UPDATE":                     "subscribed after 0s, STARTING, RUNNING,",
		"0s duplicate UPDATE":                "subscribed after 0s, STARTING, STARTING, RUNNING,",
		"0s delay OFFERS for=20s":            "subscribed after 0s, STARTING, RUNNING,",
		"0s cut UPDATE part=0.5":             "subscribed after 0s, disconnected, subscribed after 0s, STARTING, RUNNING,",
		"0s cut UPDATE part=1":               "",
		"0s lose-call ACCEPT":                "",
		"0s lose-answer ACCEPT":              "",
		"0s delay-call ACKNOWLEDGE for=5s":   "subscribed after 0s, STARTING, RUNNING,",
		"0s break":                           "",
		"0s silence for=70s":                 "",
		"0s silence for=10m":                 "",
		"before 0s refuse for=1s":            "",
		"before 0s unavailable for=1s":       "",
		"before 0s redirect for=1s":          "",
		"before 0s lose-call SUBSCRIBE":      "disconnected, subscribed after 0s, STARTING, RUNNING,",
		"before 0s lose-answer SUBSCRIBE":    "disconnected, subscribed after 0s, STARTING, RUNNING,",
		"before 0s cut SUBSCRIBED part=0.99": "disconnected, subscribed after 0s, STARTING, RUNNING,",
	} {
		t.Run(text, func(t *testing.T) {
			rest, before := strings.CutPrefix(text, "before ")
			s, err := fault.Parse(rest)
			if err != nil {
				t.Fatal(err)
			}
			f := s[0]
			got := tell(t, f, before)
			if want == "" { // how often it tries is by chance, and whether an update that came whole was acknowledged before the connection ended
				told := strings.Contains(got, "STARTING,") && strings.HasSuffix(got, "RUNNING,")
				if !strings.Contains(got, "disconnected") && f.Kind != fault.Silence || !told {
					t.Errorf("got %s", got)
				}
			} else if got != want {
				t.Errorf("got\n%s, want\n%s", got, want)
			}
		})
	}
}

// What is healed does not happen, and what a cluster does a wire does not.
func TestHeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := local.RunT(t, local.Simulated(nil))
		wire := fault.NewWire(cluster.Dial)
		defer wire.Close()
		if err := wire.Do(fault.Fault{Kind: fault.Refuse, For: time.Hour}); err != nil {
			t.Fatal(err)
		}
		if conn, err := wire.Dial(t.Context(), "tcp", cluster.Master()); err == nil {
			conn.Close()
			t.Error("it was not refused")
		}
		wire.Heal()
		conn, err := wire.Dial(t.Context(), "tcp", cluster.Master())
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if err := wire.Do(fault.Fault{Kind: fault.KillMaster}); err == nil {
			t.Error("a wire killed the master")
		}
	})
}
