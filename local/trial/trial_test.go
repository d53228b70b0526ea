package trial_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/local/fault"
	"github.com/ormosproject/ormos/local/invariant"
	"github.com/ormosproject/ormos/local/trial"
	"github.com/ormosproject/ormos/mesos"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const agents, wanted = 3, 4

// promises are those of a keeper.
func promises() invariant.Options {
	return invariant.Options{
		Wanted: wanted,
		Recorded: func(records map[string][]byte, t *mesos.TaskInfo) bool {
			return records[taskPrefix+t.TaskID.Value] != nil
		},
		Saved: func(records map[string][]byte, s *mesos.TaskStatus) bool {
			record, known := records[taskPrefix+s.TaskID.Value]
			if s.State.Terminal() {
				return !known
			}
			return !known || strings.Contains(string(record), "TASK_")
		},
	}
}

// options are those of a trial of a keeper with this flaw.
func options(t testing.TB, schedule fault.Schedule, flaw string, simulate func(*local.Process) local.Life) trial.Options {
	o := local.Simulated(simulate)
	o.Agents = agents
	return trial.Options{Cluster: local.RunT(t, o), Schedule: schedule, Invariants: promises(), Framework: keep(wanted, flaw)}
}

// lives are such that something happens: some tasks do not start, some fail, all end some day.
func lives() func(*local.Process) local.Life {
	var number atomic.Int64 // agents launch side by side
	return func(*local.Process) local.Life {
		switch number.Add(1) % 7 {
		case 1:
			return local.Life{Run: 3 * time.Minute, ExitCode: 1}
		case 3:
			return local.Life{Launch: 20 * time.Second}
		case 5:
			return local.Life{Run: 10 * time.Minute, Die: 10 * time.Second}
		}
		return local.Life{}
	}
}

// The keeper survives whatever happens.
func TestKeeper(t *testing.T) {
	limits := fault.Limits{Agents: agents, Kinds: append(fault.WireKinds(), fault.Crash)}
	trial.Seeds(t, 30, func(t *testing.T, seed uint64) {
		trial.Run(t, options(t, fault.Random(seed, limits), "", lives()))
	})
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Errorf(_ string, args ...any) {
	for _, a := range args {
		if s, ok := a.(interface{ String() string }); ok {
			r.failures = append(r.failures, s.String())
		}
	}
}

// A framework with a flaw does not.
func TestFlaws(t *testing.T) {
	for flaw, rule := range map[string]invariant.Rule{
		"":                    "",
		"loses its id":        invariant.IDLost,
		"keeps offers":        invariant.OfferKept,
		"declines busily":     invariant.BusyDeclining,
		"uses an id twice":    invariant.LaunchedTwice,
		"does not record":     invariant.NotRecorded,
		"does not save":       invariant.NotSaved,
		"lets strangers live": invariant.NotWanted,
	} {
		t.Run(flaw, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				schedule, err := fault.Parse("2m crash for=10s\n3m freeze-agent agent=0 for=5m") // long enough to be TASK_UNREACHABLE
				if err != nil {
					t.Fatal(err)
				}
				r := &recorder{TB: t}
				trial.Run(r, options(t, schedule, flaw, nil))
				text := strings.Join(r.failures, "\n")
				if rule == "" && text != "" || !strings.Contains(text, string(rule)) {
					t.Errorf("want %q, got %s", rule, text)
				}
			})
		})
	}
}
