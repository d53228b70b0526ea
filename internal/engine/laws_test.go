package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// scene is an engine on a toyMesos, and what must always be true of them.
type scene struct {
	*world
	m         *toyMesos
	connected bool
	// wilful tells that the last input asked for kills.
	wilful bool
	// asked are the tasks whose health the scheduler asks for; true for those whose readiness, too.
	asked map[string]bool
	// views are some of those that were taken, with what they said then.
	views map[*View]string
}

func newScene(t rapid.TB) *scene {
	s := &scene{world: newWorld(t), m: newToyMesos(t, 4, 6), asked: map[string]bool{}, views: map[*View]string{}}
	s.opts.LaunchOptions.PerOffer, s.every = 0, 7
	s.restart()
	s.connect()
	return s
}

func (s *scene) connect() {
	s.connected = true
	clear(s.m.offers)
	s.m.suppressed = false
	s.feed(Subscribed{FrameworkID: mesos.FrameworkID{Value: "F"}, Master: "m:5050", Heeds: true})
}

// feed steps the engine, checks what it wants done, and does it.
func (s *scene) feed(in Input) {
	before := s.well()
	out := s.step(in)
	s.checkKills(before, out)
	s.checkLaunches(out)
	s.probes(out)
	if s.steps%50 == 0 {
		v := s.e.View()
		s.views[v] = told(v)
	}
	if s.connected {
		for i := range out.Calls {
			s.m.call(s.now, &out.Calls[i])
		}
	}
}

// probes notes who is asked for its health.
func (s *scene) probes(out Effects) {
	for _, p := range out.Probes {
		if p.App == nil {
			delete(s.asked, p.TaskID)
		} else {
			s.asked[p.TaskID] = p.Readiness
		}
	}
	for id := range s.asked {
		if i := s.e.tasks[id]; i == nil || i.Condition != Running {
			s.t.Fatalf("%s is asked how it is, and is %+v", id, i)
		}
	}
}

// answer has each task that is asked say that it is well.
func (s *scene) answer(alive bool) {
	for _, id := range sortedKeys(s.asked) {
		if s.asked[id] {
			s.feed(Readied{TaskID: id, Ready: alive})
		}
		s.feed(Probed{TaskID: id, Alive: alive, Cause: "asked"})
	}
}

// told is what a View says.
func told(v *View) string {
	var b strings.Builder
	for a := range v.Apps() {
		fmt.Fprintf(&b, "%s %v %v %v %v\n", a.ID, a.Counts, a.Deployments, a.Versions, a.Delay)
		for _, i := range a.Instances {
			fmt.Fprintf(&b, "%s %s %s %v\n", i.ID, i.Condition, i.TaskID, i.Health)
		}
	}
	for a := range v.Root.All() {
		fmt.Fprintf(&b, "%s %d %s\n", a.ID, a.Instances, a.Version)
	}
	for _, at := range v.GroupVersions(app.Root) {
		g, ok := v.GroupVersion(app.Root, at)
		if !ok {
			fmt.Fprintf(&b, "there is no %s\n", at)
			continue
		}
		for a := range g.All() {
			fmt.Fprintf(&b, "%s of %s: %s\n", at, a.ID, a.Version)
		}
	}
	fmt.Fprintln(&b, v.Deployments())
	return b.String()
}

// well are the tasks that take part in the work.
func (s *scene) well() map[string]bool {
	all := map[string]bool{}
	for id, i := range s.e.tasks {
		if i.well() {
			all[id] = true
		}
	}
	return all
}

// checkKills checks that nothing is ended that is needed.
func (s *scene) checkKills(before map[string]bool, out Effects) {
	if s.wilful {
		return
	}
	for _, c := range out.Calls {
		if c.Kill == nil || !before[c.Kill.TaskID.Value] {
			continue
		}
		i := s.e.tasks[c.Kill.TaskID.Value]
		if i == nil {
			continue
		}
		sv := s.e.crews[i.App]
		if sv.goal == nil || i.killing.Failure != "" {
			continue
		}
		healthy, _ := sv.bounds()
		well := 0
		for _, one := range sv.instances.all() {
			if one.well() {
				well++
			}
		}
		if well < healthy {
			s.t.Fatalf("%s is killed, and only %d of %d are well, not %d", c.Kill.TaskID.Value, well, sv.count, healthy)
		}
	}
}

// checkLaunches checks that nothing is launched that is too much.
func (s *scene) checkLaunches(out Effects) {
	for _, c := range out.Calls {
		if c.Accept == nil {
			continue
		}
		for _, op := range c.Accept.Operations {
			for _, info := range op.Launch.TaskInfos {
				i := s.e.tasks[info.TaskID.Value]
				if i == nil {
					s.t.Fatalf("%s is launched, and not known", info.TaskID.Value)
				}
				if s.records[instanceKey(i.ID)] == nil {
					s.t.Fatalf("%s is launched, and not recorded", i.ID)
				}
				s.checkRoom(s.e.crews[i.App])
			}
		}
	}
}

func (s *scene) checkRoom(sv *crew) {
	m := sv.muster()
	if len(m.fresh) > sv.count {
		s.t.Fatalf("%s has %d instances and wants %d: %s", sv.id, len(m.fresh), sv.count, portrait(s.e))
	}
	if len(m.stale)+m.staleLeaving == 0 {
		return
	}
	healthy, most := sv.bounds()
	if healthy == most {
		most++
	}
	if total := len(m.fresh) + len(m.stale) + m.leaving; total > most {
		s.t.Fatalf("%s has %d tasks in an upgrade, and may have %d", sv.id, total, most)
	}
}

// hear gives the engine the news.
func (s *scene) hear() {
	for len(s.m.news) > 0 && s.connected {
		in := s.m.news[0]
		s.m.news = s.m.news[1:]
		s.feed(in)
	}
}

// wait lets time pass.
func (s *scene) wait(d time.Duration) {
	for end := s.now.Add(d); ; {
		s.hear()
		if s.wake.IsZero() || s.wake.After(end) {
			s.now = end
			return
		}
		if s.wake.After(s.now) {
			s.now = s.wake
		}
		s.feed(nil)
		s.m.offer(s.now)
	}
}

func (s *scene) command(c Command) Result {
	s.do++
	s.wilful = true
	s.feed(Do{s.do, c})
	s.wilful = false
	for _, r := range s.last.Replies {
		return r.Result
	}
	return Result{}
}

// rest has everything settle: no faults, all agents, every task comes to run.
func (s *scene) rest() {
	if !s.connected {
		s.connect()
	}
	for _, agent := range s.m.agents {
		s.m.find(agent)
	}
	for range 60 {
		s.m.offer(s.now)
		s.hear()
		s.m.work()
		s.hear()
		s.answer(true)
		s.wait(30 * time.Second)
	}
}

// TestLaws plays an engine against a cluster in which everything can happen.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newScene(rt)
		s.opts.Deadline = rapid.SampledFrom([]time.Duration{0, 10 * time.Minute}).Draw(rt, "deadline")
		s.restart()
		s.connect()
		apps := []app.ID{"/a", "/g/b", "/g/c"}
		anyApp := rapid.SampledFrom(apps)
		anyTask := func(rt *rapid.T) string {
			ids := sortedKeys(s.m.tasks)
			if len(ids) == 0 {
				return ""
			}
			return rapid.SampledFrom(ids).Draw(rt, "task")
		}
		update := func(rt *rapid.T, id app.ID) *app.Update {
			text := fmt.Sprintf(`{"cmd": "run %d", "instances": %d, "cpus": 1, "mem": 1, "backoffSeconds": 1, "maxLaunchDelaySeconds": 20,
				"upgradeStrategy": {"minimumHealthCapacity": %v, "maximumOverCapacity": %v}`,
				rapid.IntRange(1, 3).Draw(rt, "definition"), rapid.IntRange(0, 5).Draw(rt, "instances"),
				rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(rt, "least"), rapid.SampledFrom([]float64{0, 0.2, 1}).Draw(rt, "over"))
			text += rapid.SampledFrom([]string{
				"", `, "healthChecks": [{"protocol": "COMMAND", "command": {"value": "true"}}]`,
				`, "healthChecks": [{"protocol": "HTTP", "gracePeriodSeconds": 0, "maxConsecutiveFailures": 1}]`,
				`, "portDefinitions": [{"port": 0, "name": "http-api"}], "readinessChecks": [{}]`,
				`, "unreachableStrategy": {"inactiveAfterSeconds": 60, "expungeAfterSeconds": 120}`,
				`, "unreachableStrategy": "disabled"`, `, "killSelection": "OLDEST_FIRST", "deploymentDeadlineSeconds": 60`,
			}).Draw(rt, "more")
			if id == "/g/c" {
				text += `, "dependencies": ["/g/b"]`
			}
			return s.update(string(id), text+"}")
		}
		back := func(rt *rapid.T, of []app.Timestamp) string {
			return fmt.Sprintf(`{"version": "%s"}`, rapid.SampledFrom(of).Draw(rt, "version"))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"change": func(rt *rapid.T) {
				id := anyApp.Draw(rt, "app")
				s.command(Change{Force: rapid.Bool().Draw(rt, "force"), Edits: []Edit{UpdateApp{ID: id, Update: update(rt, id), Create: true}}})
			},
			"restart": func(rt *rapid.T) {
				s.command(Change{Force: rapid.Bool().Draw(rt, "force"), Edits: []Edit{RestartApp{anyApp.Draw(rt, "app")}}})
			},
			"remove": func(rt *rapid.T) {
				s.command(Change{Force: true, Edits: []Edit{RemoveApp{anyApp.Draw(rt, "app")}}})
			},
			"ungroup": func(rt *rapid.T) { s.command(Change{Edits: []Edit{RemoveGroup{"/g"}}}) },
			"kill": func(rt *rapid.T) {
				if id := anyTask(rt); id != "" {
					s.command(Kill{Tasks: []string{id}, Scale: rapid.Bool().Draw(rt, "scale"), Force: rapid.Bool().Draw(rt, "force")})
				}
			},
			"cancel": func(rt *rapid.T) {
				for _, d := range s.e.deployments {
					s.command(Cancel{Deployment: d.ID, Force: rapid.Bool().Draw(rt, "force")})
					return
				}
			},
			"back": func(rt *rapid.T) {
				id := anyApp.Draw(rt, "app")
				if a, ok := s.e.View().App(id); ok && len(a.Versions) > 0 {
					s.command(Change{Force: true, Edits: []Edit{UpdateApp{ID: id, Update: s.update("", back(rt, a.Versions))}}})
				}
			},
			"regroup": func(rt *rapid.T) {
				if all := s.e.View().GroupVersions("/g"); len(all) > 0 {
					s.command(Change{Force: true, Edits: []Edit{UpdateGroup{"/g", s.groupUpdate(back(rt, all))}}})
				}
			},
			"scale": func(rt *rapid.T) {
				by := rapid.SampledFrom([]string{"0", "0.5", "2"}).Draw(rt, "by")
				if g := groupIn(s.e.root, "/g"); g != nil && 2*len(g.Apps) < 10 {
					for _, a := range g.Apps {
						if a.Instances > 3 {
							by = "0.5"
						}
					}
					s.command(Change{Edits: []Edit{UpdateGroup{"/g", s.groupUpdate(`{"scaleBy": ` + by + `}`)}}})
				}
			},
			"undelay": func(rt *rapid.T) { s.command(ResetDelay{anyApp.Draw(rt, "app")}) },
			"answer":  func(rt *rapid.T) { s.answer(rapid.Bool().Draw(rt, "alive")) },
			"offer":   func(rt *rapid.T) { s.m.offer(s.now) },
			"hear":    func(rt *rapid.T) { s.hear() },
			"run":     func(rt *rapid.T) { s.m.work() },
			"end": func(rt *rapid.T) {
				s.m.move(anyTask(rt), rapid.SampledFrom([]mesos.TaskState{mesos.TaskFailed, mesos.TaskFinished, mesos.TaskKilled, mesos.TaskError}).Draw(rt, "state"))
			},
			"sicken": func(rt *rapid.T) {
				if t := s.m.tasks[anyTask(rt)]; t != nil && t.state == mesos.TaskRunning {
					t.healthy = new(false)
					s.m.move(t.id, mesos.TaskRunning)
				}
			},
			"lose": func(rt *rapid.T) { s.m.lose(rapid.SampledFrom(s.m.agents).Draw(rt, "agent")) },
			"find": func(rt *rapid.T) { s.m.find(rapid.SampledFrom(s.m.agents).Draw(rt, "agent")) },
			"wait": func(rt *rapid.T) { s.wait(time.Duration(rapid.IntRange(1, 400).Draw(rt, "seconds")) * time.Second) },
			"crash": func(rt *rapid.T) {
				s.now = s.now.Add(time.Second)
				clear(s.asked)
				s.restart()
				s.connect()
			},
			"disconnect": func(rt *rapid.T) {
				s.connected = false
				s.m.news = slices.DeleteFunc(s.m.news, func(in Input) bool { _, ok := in.(Updated); return !ok })
				s.feed(Disconnected{})
			},
			"connect": func(rt *rapid.T) {
				if !s.connected {
					s.connect()
				}
			},
		})
		s.rest()
		s.settled(apps)
		for v, text := range s.views {
			if again := told(v); again != text {
				rt.Fatalf("a View has changed: %s", firstDifference(text, again))
			}
		}
	})
}

// settled checks that everything is as it was wanted.
func (s *scene) settled(apps []app.ID) {
	if len(s.e.deployments) > 0 {
		s.t.Fatalf("the deployment %+v does not end: %s", s.e.deployments[0], portrait(s.e))
	}
	for _, id := range apps {
		wanted := 0
		if a := appIn(s.e.root, id); a != nil {
			wanted = a.Instances
		}
		if n := len(s.m.of(id)); n != wanted {
			s.t.Fatalf("of %s run %d, not %d: %s", id, n, wanted, portrait(s.e))
		}
		for _, t := range s.m.of(id) {
			if i := s.e.tasks[t.id]; i == nil || !i.well() {
				s.t.Fatalf("%s runs, and is %+v", t.id, i)
			}
		}
	}
	for _, i := range s.e.tasks {
		if i.holds() && s.m.tasks[i.TaskID] == nil {
			s.t.Fatalf("%s is %s, and does not run", i.TaskID, i.Condition)
		}
	}
}
