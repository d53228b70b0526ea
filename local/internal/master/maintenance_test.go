package master

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// window is a schedule of one window for the test's agent, which begins at that time.
func window(start int) string {
	return `{"windows":[{"machine_ids":[{"hostname":"agent.test","ip":"127.0.0.1"}],"unavailability":{"start":{"nanoseconds":` +
		strings.Repeat("1", start) + `}}}]}`
}

// plans replaces the schedule.
func (w *world) plans(schedule string) {
	w.t.Helper()
	call := `{"type":"UPDATE_MAINTENANCE_SCHEDULE","update_maintenance_schedule":{"schedule":` + schedule + `}}`
	if answer := w.request(http.MethodPost, "/api/v1", []byte(call)); answer.Code != http.StatusOK {
		w.t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	synctest.Wait()
}

// asked gives the inverse offer that has come, whatever else has; nil if none has.
func (f *client) asked() (o *mesos.InverseOffer) {
	f.w.t.Helper()
	for _, e := range f.read() {
		if e.InverseOffers == nil {
			continue
		}
		if o != nil || len(e.InverseOffers.InverseOffers) != 1 {
			f.w.t.Fatalf("several inverse offers: %v", &e)
		}
		o = &e.InverseOffers.InverseOffers[0]
	}
	return o
}

// answers accepts or declines an inverse offer, for so many seconds.
func (f *client) answers(o *mesos.InverseOffer, accept bool, refuse float64) {
	f.w.t.Helper()
	ids, filters := []mesos.OfferID{o.ID}, &mesos.Filters{RefuseSeconds: &refuse}
	if accept {
		f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeAcceptInverseOffers), AcceptInverseOffers: &scheduler.CallAcceptInverseOffers{
			InverseOfferIDs: ids, Filters: filters,
		}})
		return
	}
	f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeDeclineInverseOffers), DeclineInverseOffers: &scheduler.CallDeclineInverseOffers{
		InverseOfferIDs: ids, Filters: filters,
	}})
}

// said is what /maintenance/status tells of the frameworks' answers.
func (w *world) said() (states []string) {
	w.t.Helper()
	for _, machine := range w.get("/maintenance/status")["draining_machines"].([]any) {
		statuses, _ := machine.(map[string]any)["statuses"].([]any)
		for _, s := range statuses {
			states = append(states, s.(map[string]any)["status"].(string))
		}
	}
	return states
}

func TestPlannedMaintenanceIsToldToThoseWhoHaveSomethingThere(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		f := w.subscribe(aware())
		f.run(a, "t")
		idle := w.subscribe(frameworkInfo(), "r")
		w.plans(window(5))
		o := f.asked()
		if o == nil || o.AgentID.Value != a.id || o.FrameworkID.Value != f.id || o.Unavailability.Start.Nanoseconds != 11111 {
			t.Fatalf("the inverse offer: %v", o)
		}
		pass(10 * time.Second)
		if o := idle.asked(); o != nil {
			t.Errorf("asked for what it does not have: %v", o)
		}
		if o := f.asked(); o != nil {
			t.Errorf("asked twice: %v", o)
		}
	})
}

func TestAnswersToInverseOffers(t *testing.T) {
	for _, accept := range []bool{true, false} {
		want := map[bool]string{true: "ACCEPT", false: "DECLINE"}[accept]
		t.Run(want, func(t *testing.T) {
			inWorld(t, Options{}, func(w *world) {
				a := w.agent()
				f := w.subscribe(aware())
				f.run(a, "t")
				w.plans(window(5))
				o := f.asked()
				if got := w.said(); got != nil {
					t.Errorf("said before the answer: %v", got)
				}
				w.subscribe(frameworkInfo()).answers(o, !accept, 0) // not theirs
				f.answers(o, accept, 100)
				if got := w.said(); len(got) != 1 || got[0] != want {
					t.Errorf("said: %v", got)
				}
				pass(99 * time.Second)
				if f.asked() != nil {
					t.Error("asked again in spite of the filter")
				}
				pass(3 * time.Second)
				if o = f.asked(); o == nil {
					t.Fatal("not asked again")
				}
				f.answers(o, accept, 3600)
				f.call(202, &scheduler.Call{Type: new(scheduler.CallTypeRevive)})
				if f.asked() == nil {
					t.Error("REVIVE has left the filter")
				}
			})
		})
	}
}

func TestChangedMaintenanceTakesOffersBack(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		w.agent()
		f := w.subscribe(aware())
		if o := f.offer(); o.Unavailability != nil {
			t.Errorf("unavailable: %v", o.Unavailability)
		}
		for i, change := range []struct{ schedule, want string }{
			{window(5), "RESCIND OFFERS INVERSE_OFFERS"},
			{window(5), ""}, // the same
			{window(6), "RESCIND RESCIND_INVERSE_OFFER OFFERS INVERSE_OFFERS"},
			{"{}", "RESCIND RESCIND_INVERSE_OFFER OFFERS"},
		} {
			w.plans(change.schedule)
			if got := strings.Join(f.types(), " "); got != change.want {
				t.Errorf("change %d: %s, want %s", i, got, change.want)
			}
		}
	})
}

func TestInverseOffersEndWithTheirAgentAndTheirTime(t *testing.T) {
	inWorld(t, Options{Flags: Flags{OfferTimeout: time.Minute}}, func(w *world) {
		a := w.agent()
		f := w.subscribe(aware())
		f.run(a, "t")
		w.plans(window(5))
		f.read()
		pass(61 * time.Second)
		if got := strings.Join(f.types(), " "); !strings.Contains(got, "RESCIND_INVERSE_OFFER") || !strings.Contains(got, "INVERSE_OFFERS") {
			t.Errorf("after the timeout: %s", got)
		}
		a.hangUp()
		if got := strings.Join(f.types(), " "); !strings.Contains(got, "RESCIND_INVERSE_OFFER") {
			t.Errorf("after the agent's end: %s", got)
		}
		w.reregister(a.id, link.Reregister{Frameworks: []mesos.FrameworkInfo{*f.info}, Tasks: []mesos.Task{recordOf(f, a, "t")}})
		if f.asked() == nil {
			t.Error("not asked after the agent's return")
		}
	})
}

func TestScheduleOutlivesTheMaster(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		first := start(t, Options{WorkDir: dir})
		first.plans(window(5))
		first.stop()
		w := start(t, Options{WorkDir: dir})
		defer w.stop()
		if got, _ := json.Marshal(w.get("/maintenance/schedule")); !strings.Contains(string(got), "11111") {
			t.Errorf("the schedule: %s", got)
		}
		w.agent()
		if o := w.subscribe(aware()).read()[0].Offers; o.Offers[0].Unavailability == nil {
			t.Errorf("the offer: %v", o)
		}
	})
}

func TestBadSchedules(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		for schedule, want := range map[string]string{
			`{"windows":[{"unavailability":{"start":{"nanoseconds":1}}}]}`:                                                                "List of machines",
			`{"windows":[{"machine_ids":[{}],"unavailability":{"start":{"nanoseconds":1}}}]}`:                                             "are empty",
			`{"windows":[{"machine_ids":[{"ip":"x"}],"unavailability":{"start":{"nanoseconds":1}}}]}`:                                     "Invalid 'ip'",
			`{"windows":[{"machine_ids":[{"hostname":"h"}],"unavailability":{"start":{"nanoseconds":1},"duration":{"nanoseconds":-1}}}]}`: "negative",
			`{"windows":[{"machine_ids":[{"hostname":"h"},{"hostname":"H"}],"unavailability":{"start":{"nanoseconds":1}}}]}`:              "more than once",
			`{"windows":[{"machine_ids":[{"hostname":"h"}]}]}`:                                                                            "required field",
		} {
			answer := w.request(http.MethodPost, "/maintenance/schedule", []byte(schedule))
			if answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), want) {
				t.Errorf("%s: %d %s", schedule, answer.Code, answer.Body)
			}
		}
		if got := w.get("/maintenance/schedule"); len(got) != 0 {
			t.Errorf("the schedule: %v", got)
		}
	})
}

// machines asks for something of the test's agent's machine.
func (w *world) machines(call, hostname string) (status int, said string) {
	w.t.Helper()
	body := `{"type":"` + call + `_MAINTENANCE","` + strings.ToLower(call) + `_maintenance":{"machines":[{"hostname":"` + hostname + `","ip":"127.0.0.1"}]}}`
	answer := w.request(http.MethodPost, "/api/v1", []byte(body))
	synctest.Wait()
	return answer.Code, answer.Body.String()
}

func TestMachinesAreTakenDownAndBroughtUp(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := start(t, Options{WorkDir: dir})
		a := w.agent()
		f := w.subscribe(aware())
		f.run(a, "t")
		refused := func(call, hostname, want string) {
			t.Helper()
			if status, said := w.machines(call, hostname); status != http.StatusBadRequest || !strings.Contains(said, want) {
				t.Errorf("%s %s: %d %s, want %s", call, hostname, status, said, want)
			}
		}
		refused("START", "agent.test", "not part of a maintenance schedule")
		w.plans(window(5))
		refused("STOP", "agent.test", "not in DOWN mode")
		f.read()
		if status, said := w.machines("START", "AGENT.test"); status != http.StatusOK {
			t.Fatalf("%d %s", status, said)
		}
		if s := f.statuses(); len(s) != 1 || s[0].State != mesos.TaskLost || s[0].GetReason() != mesos.ReasonAgentRemoved {
			t.Errorf("the task: %v", s)
		}
		refused("START", "agent.test", "not in DRAINING mode")
		if answer := w.request(http.MethodPost, "/maintenance/schedule", []byte("{}")); answer.Code != http.StatusBadRequest {
			t.Errorf("a machine that is down was taken off the schedule: %d", answer.Code)
		}
		w.stop()

		w = start(t, Options{WorkDir: dir}) // the registry knows it
		defer w.stop()
		if got, _ := json.Marshal(w.get("/maintenance/status")); !strings.Contains(string(got), `"down_machines":[{"hostname":"agent.test"`) {
			t.Errorf("the status: %s", got)
		}
		if status, said := w.machines("STOP", "agent.test"); status != http.StatusOK {
			t.Fatalf("%d %s", status, said)
		}
		if got := w.get("/maintenance/schedule"); len(got) != 0 {
			t.Errorf("the schedule: %v", got)
		}
		w.agent()
	})
}

func TestAgentsOfAMachineThatIsDownAreRefused(t *testing.T) {
	inWorld(t, Options{}, func(w *world) {
		a := w.agent()
		w.plans(window(5))
		const machine = `[{"hostname":"agent.test","ip":"127.0.0.1"}]`
		asks := func(path, body string, want int) {
			t.Helper()
			if answer := w.request(http.MethodPost, path, []byte(body)); answer.Code != want {
				t.Errorf("%s %q: %d %s, want %d", path, body, answer.Code, answer.Body, want)
			}
		}
		asks("/machine/down", machine, http.StatusOK)
		for _, bad := range []string{"", "{}", "[]", "[1]", "[{}]", machine} {
			asks("/machine/down", bad, http.StatusBadRequest)
		}
		synctest.Wait()
		if len(heard[link.Shutdown](a)) != 1 {
			t.Error("the agent was not told to end")
		}
		if again := w.reregister(a.id, link.Reregister{}); len(heard[link.Shutdown](again)) != 1 {
			t.Error("the agent came back")
		}
		asks("/machine/up", machine, http.StatusOK)
		w.agent()
	})
}
