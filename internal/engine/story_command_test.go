package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// command carries out one line of a story:
//
//	options KEY=VALUE ...                 before all else: deadline, deployments, versions, serve (a URL)
//	quiet KIND ...                        what is not printed from here: event types, probes, calls by their names
//	+DURATION                             time passes
//	subscribe [heeds] [region=R]          heeds is a master that offers by constraints
//	disconnect, crash                     crash begins again from the records
//	refuse CALL WORD                      the master refuses the last call of that type
//	bar ROLE=WORD ...                     the master does not let the framework have these roles, and all others
//	offer OFFER AGENT RESOURCES [ATTRIBUTES] [role=ROLE] [at=REGION/ZONE]
//	rescind OFFER
//	status TASK STATE [healthy=BOOL] [reason=REASON] [message=WORD] [container=none]
//	run APP                               all its tasks that were launched come to run
//	killed APP                            all its tasks that are to end do
//	alive|dead TASK [CHECK], ready|unready TASK, told TASK WORD
//	create|put|update|full APP JSON       with "force" or "dry" before the id
//	scale APP N, restart APP, remove APP
//	group|groupcreate GROUP JSON, ungroup GROUP, enforce GROUP BOOL
//	kill TASK ... | APP [scale] [wipe] [force] [host=H]
//	cancel DEPLOYMENT [force], undelay APP
//	versions ID                           those of an app or a group that are kept, the newest first
//	back APP N, backgroup GROUP N         goes back to the Nth of those
//	show [APP]                            what there is
//	explain APP                           why it waits
func (w *world) command(line string) {
	w.t.Helper()
	words := strings.Fields(line)
	switch verb := words[0]; {
	case verb[0] == '+':
		d, err := time.ParseDuration(verb[1:])
		w.must(err)
		w.pass(d)
	case verb == "options":
		w.options(words[1:])
	case verb == "quiet":
		for _, kind := range words[1:] {
			w.quiet[kind] = true
		}
	case verb == "crash":
		w.restart()
		w.print(w.step(nil))
	case verb == "explain":
		e, ok := w.e.View().Explain(app.ID(words[1]), app.At(w.now))
		if !ok {
			w.t.Fatalf("there is no %s", words[1])
		}
		for line := range strings.Lines(e.String()) {
			if strings.TrimSpace(line) != "" {
				fmt.Fprint(w.out, "  ", line)
			}
		}
	case verb == "show":
		w.show(words[1:])
	default:
		w.input(verb, words[1:], line)
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) options(words []string) {
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "deadline":
			d, err := time.ParseDuration(value)
			w.must(err)
			w.opts.Deadline = d
		case "deployments":
			w.opts.MaxDeployments, _ = strconv.Atoi(value)
		case "versions":
			w.opts.Versions, _ = strconv.Atoi(value)
		case "serve":
			w.opts.Serve = &mesos.CommandInfo{URIs: []mesos.CommandInfoURI{{Value: value}}}
		default:
			w.t.Fatalf("no option %s", key)
		}
	}
	w.restart()
}

// pass lets time pass, with a step wherever one is due.
func (w *world) pass(d time.Duration) {
	for end := w.now.Add(d); ; {
		if w.wake.IsZero() || w.wake.After(end) {
			w.now = end
			return
		}
		if w.wake.After(w.now) {
			w.now = w.wake
		}
		w.print(w.step(nil))
	}
}

func (w *world) input(verb string, args []string, line string) {
	w.t.Helper()
	rest := ""
	if at := strings.IndexByte(line, '{'); at >= 0 {
		rest = line[at:]
		args = strings.Fields(line[:at])[1:]
	}
	force, args := take(args, "force")
	dry, args := take(args, "dry")
	change := func(edits ...Edit) Input {
		w.do++
		return Do{ID: w.do, Command: Change{Edits: edits, Force: force, DryRun: dry, URI: "/v2/apps", ClientIP: "1.2.3.4"}}
	}
	switch verb {
	case "run":
		for _, i := range w.ofApp(args[0]) {
			if i.Condition == Provisioned || i.Condition == Staging || i.Condition == Starting {
				w.print(w.step(Updated{status(i.TaskID, mesos.TaskRunning)}))
			}
		}
		return
	case "killed":
		for _, i := range w.ofApp(args[0]) {
			if i.Condition == Killing {
				w.print(w.step(Updated{status(i.TaskID, mesos.TaskKilled)}))
			}
		}
		return
	case "create":
		w.print(w.step(change(CreateApp{w.update(args[0], rest)})))
	case "update", "put", "full":
		w.print(w.step(change(UpdateApp{ID: app.ID(args[0]), Update: w.update("", rest), Create: verb != "update", Full: verb == "full"})))
	case "scale":
		w.print(w.step(change(UpdateApp{ID: app.ID(args[0]), Update: w.update("", `{"instances":`+args[1]+`}`)})))
	case "restart":
		w.print(w.step(change(RestartApp{app.ID(args[0])})))
	case "remove":
		w.print(w.step(change(RemoveApp{app.ID(args[0])})))
	case "group":
		w.print(w.step(change(UpdateGroup{app.ID(args[0]), w.groupUpdate(rest)})))
	case "groupcreate":
		w.print(w.step(change(CreateGroup{app.ID(args[0]), w.groupUpdate(rest)})))
	case "ungroup":
		w.print(w.step(change(RemoveGroup{app.ID(args[0])})))
	case "enforce":
		w.print(w.step(change(EnforceRole{app.ID(args[0]), args[1] == "true"})))
	case "cancel":
		w.do++
		w.print(w.step(Do{w.do, Cancel{Deployment: w.longName(args[0]), Force: force}}))
	case "undelay":
		w.do++
		w.print(w.step(Do{w.do, ResetDelay{app.ID(args[0])}}))
	case "versions":
		w.versions(app.ID(args[0]))
	case "back", "backgroup":
		w.back(verb, app.ID(args[0]), args[1], change)
	case "kill":
		w.do++
		w.print(w.step(Do{w.do, w.killOf(args, force)}))
	default:
		w.print(w.step(w.event(verb, args)))
	}
}

// versionsOf are the versions of an app or a group that are kept.
func (w *world) versionsOf(id app.ID) []app.Timestamp {
	v := w.e.View()
	if a, ok := v.App(id); ok {
		return a.Versions
	}
	return v.GroupVersions(id)
}

func (w *world) versions(id app.ID) {
	v := w.e.View()
	for _, at := range w.versionsOf(id) {
		if a, ok := v.Version(id, at); ok {
			fmt.Fprintf(w.out, "%s %s %q instances=%d\n", w.version(at), id, *a.Cmd, a.Instances)
			continue
		}
		g, ok := v.GroupVersion(id, at)
		fmt.Fprintf(w.out, "%s %s there=%v", w.version(at), id, ok)
		if ok {
			for a := range g.All() {
				fmt.Fprintf(w.out, " %s %q", a.ID, *a.Cmd)
			}
		}
		fmt.Fprintln(w.out)
	}
}

func (w *world) back(verb string, id app.ID, nth string, change func(...Edit) Input) {
	n, err := strconv.Atoi(nth)
	w.must(err)
	at := app.At(epoch.Add(-time.Hour)) // there is none
	if all := w.versionsOf(id); n < len(all) {
		at = all[n]
	}
	text := fmt.Sprintf(`{"version": "%s"}`, at)
	if verb == "back" {
		w.print(w.step(change(UpdateApp{ID: id, Update: w.update("", text)})))
	} else {
		w.print(w.step(change(UpdateGroup{id, w.groupUpdate(text)})))
	}
}

func take(args []string, word string) (bool, []string) {
	at := slices.Index(args, word)
	if at < 0 {
		return false, args
	}
	return true, slices.Delete(slices.Clone(args), at, at+1)
}

// valued takes KEY=VALUE out of the arguments.
func valued(args []string, key string) (string, []string) {
	at := slices.IndexFunc(args, func(arg string) bool { return strings.HasPrefix(arg, key+"=") })
	if at < 0 {
		return "", args
	}
	return args[at][len(key)+1:], slices.Delete(slices.Clone(args), at, at+1)
}

func (w *world) longName(short string) string {
	if long, ok := w.long[short]; ok {
		return long
	}
	return short
}

func (w *world) ofApp(id string) []*Instance {
	s := w.e.crews[app.ID(id)]
	if s == nil {
		w.t.Fatalf("there is no %s", id)
	}
	return slices.Clone(s.instances.all())
}

func (w *world) killOf(args []string, force bool) Kill {
	k := Kill{Force: force}
	k.Scale, args = take(args, "scale")
	k.Wipe, args = take(args, "wipe")
	for _, arg := range args {
		switch {
		case strings.HasPrefix(arg, "host="):
			k.Host = arg[5:]
		case arg[0] == '/':
			k.App = app.ID(arg)
		default:
			k.Tasks = append(k.Tasks, w.taskNamed(arg))
		}
	}
	return k
}

// update reads an app; what a story leaves out is short.
func (w *world) update(id, text string) *app.Update {
	w.t.Helper()
	doc, err := app.Parse([]byte(text), app.JSON)
	w.must(err)
	u, err := doc.App()
	w.must(err)
	if id != "" {
		u = u.At(app.ID(id))
	}
	return u
}

func (w *world) groupUpdate(text string) *app.GroupUpdate {
	w.t.Helper()
	doc, err := app.Parse([]byte(text), app.JSON)
	w.must(err)
	u, err := doc.Group()
	w.must(err)
	return u
}

func (w *world) event(verb string, args []string) Input {
	w.t.Helper()
	switch verb {
	case "subscribe":
		in := Subscribed{FrameworkID: mesos.FrameworkID{Value: "F"}, Master: "master:5050"}
		in.Heeds, args = take(args, "heeds")
		in.Region, _ = valued(args, "region")
		return in
	case "refuse":
		c, ok := w.called[args[0]]
		if !ok {
			w.t.Fatalf("there was no %s", args[0])
		}
		return Refused{c, strings.ReplaceAll(args[1], "_", " ")}
	case "bar":
		in := Barred{map[string]string{}}
		for _, arg := range args {
			role, why, _ := strings.Cut(arg, "=")
			in.Roles[role] = strings.ReplaceAll(why, "_", " ")
		}
		return in
	case "disconnect":
		return Disconnected{}
	case "offer":
		return Offered{[]mesos.Offer{w.offer(args)}}
	case "rescind":
		return Rescinded{mesos.OfferID{Value: args[0]}}
	case "status":
		return w.status(args)
	case "alive", "dead":
		check := 0
		if len(args) > 1 {
			check, _ = strconv.Atoi(args[1])
		}
		p := Probed{TaskID: w.taskNamed(args[0]), Check: check, Alive: verb == "alive"}
		if !p.Alive {
			p.Cause = "it answered 500"
		}
		return p
	case "ready", "unready":
		return Readied{TaskID: w.taskNamed(args[0]), Ready: verb == "ready", Response: &app.ReadinessResponse{Status: 200}}
	case "told":
		return Told{TaskID: w.taskNamed(args[0]), Stderr: args[1]}
	}
	w.t.Fatalf("a story cannot %s", verb)
	return nil
}

// offer is OFFER AGENT RESOURCES [ATTRIBUTES]; an agent's host has its name.
func (w *world) offer(args []string) mesos.Offer {
	w.t.Helper()
	role, args := valued(args, "role")
	place, args := valued(args, "at")
	resources, err := mesos.ParseResources(args[2])
	w.must(err)
	if role == "" {
		role = "*"
	}
	for i := range resources {
		resources[i].AllocationInfo = &mesos.ResourceAllocationInfo{Role: &role}
	}
	o := mesos.Offer{
		ID: mesos.OfferID{Value: args[0]}, AgentID: mesos.AgentID{Value: args[1]}, Hostname: args[1], Resources: resources,
		AllocationInfo: &mesos.ResourceAllocationInfo{Role: &role},
	}
	region, zone, _ := strings.Cut(place, "/")
	o.Domain = domain(region, zone)
	if len(args) > 3 {
		attributes, err := mesos.ParseAttributes(args[3])
		w.must(err)
		o.Attributes = attributes
	}
	return o
}

func status(task string, state mesos.TaskState) mesos.TaskStatus {
	return mesos.TaskStatus{
		TaskID: mesos.TaskID{Value: task}, State: state, UUID: []byte("0123456789abcdef"), AgentID: &mesos.AgentID{Value: "a1"},
		ContainerStatus: &mesos.ContainerStatus{ContainerID: &mesos.ContainerID{Value: "c-" + task}},
	}
}

func (w *world) status(args []string) Input {
	w.t.Helper()
	var state taskState
	w.must(state.UnmarshalText([]byte("TASK_" + args[1])))
	st := status(w.taskNamed(args[0]), mesos.TaskState(state))
	for _, arg := range args[2:] {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "healthy":
			st.Healthy = new(value == "true")
		case "reason":
			n, ok := mesos.TaskStatusReason(0).Names().Find("REASON_" + value)
			if !ok {
				w.t.Fatalf("there is no reason %s", value)
			}
			st.Reason = new(mesos.TaskStatusReason(n))
		case "container": // none: it has not reached an executor
			st.ContainerStatus = nil
		case "message":
			st.Message = new(strings.ReplaceAll(value, "_", " "))
		default:
			w.t.Fatalf("a status has no %s", key)
		}
	}
	return Updated{st}
}
