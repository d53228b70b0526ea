package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/operator"
	"github.com/ormosproject/ormos/store"
)

// doctorCommand is `ormos doctor`: what may be wrong, and what to do.
func doctorCommand() *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what may be wrong, and say what to do",
		Long: `Look for what may be wrong between here and the tasks: the state directory and its disk, ports, the server and its clock and version, the Mesos master, its
agents and what they offer, apps that wait or fail, deployments that stand still. It changes nothing.

Exit status: 0 when nothing is wrong, also when there are warnings; 1 when something is.`,
		Example: `  ormos doctor
  ormos doctor --server http://ormos.example.com:8080 -o json`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&o.stateDir, "state", filepath.Join(stateDir(), "up"), "directory of the state of 'ormos up' on this machine")
	o.format.flag(cmd)
	o.mesosAccess.flags(cmd)
	o.connection.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		client, err := o.client(warnings(cmd))
		if err != nil {
			return err
		}
		d := &doctor{doctorOptions: &o, client: client, now: time.Now, p: &progress{screen: screenOf(cmd)}}
		return d.run(cmd.Context(), func(ctx context.Context) (*clusterOf, error) { return o.open(ctx, client, warnings(cmd)) })
	}
	return cmd
}

type doctorOptions struct {
	connection
	mesosAccess
	format   format
	stateDir string
}

// finding is what one check has found.
type finding struct {
	Check string `json:"check"`
	// Verdict is ok, warn or fail.
	Verdict string `json:"verdict"`
	Text    string `json:"text"`
	// Hint is what to do; empty when all is well.
	Hint string `json:"hint,omitempty"`
}

// doctor looks and collects.
type doctor struct {
	*doctorOptions
	client   *app.Client
	now      func() time.Time
	p        *progress
	findings []finding
}

func (d *doctor) ok(check, text string, args ...any) {
	d.findings = append(d.findings, finding{check, "ok", fmt.Sprintf(text, args...), ""})
}

func (d *doctor) warn(check, hint, text string, args ...any) {
	d.findings = append(d.findings, finding{check, "warn", fmt.Sprintf(text, args...), hint})
}

func (d *doctor) fail(check, hint, text string, args ...any) {
	d.findings = append(d.findings, finding{check, "fail", fmt.Sprintf(text, args...), hint})
}

// checkPatience bounds each part of the examination.
const checkPatience = 10 * time.Second

// run looks at everything that can be looked at, from here to the tasks.
func (d *doctor) run(ctx context.Context, open func(context.Context) (*clusterOf, error)) error {
	answers := d.part(ctx, "the server", d.server)
	d.part(ctx, "this machine", func(context.Context) bool { return d.machine(answers) })
	if answers && d.part(ctx, "apps", d.apps) {
		d.part(ctx, "the Mesos cluster", func(ctx context.Context) bool {
			cluster, err := open(ctx)
			if err != nil {
				d.fail("master", "name the master with --master", "cannot be asked: %v", err)
				return false
			}
			defer cluster.master.Close()
			return d.cluster(ctx, cluster)
		})
	}
	d.p.erase()
	return d.report()
}

func (d *doctor) part(ctx context.Context, what string, look func(context.Context) bool) bool {
	if d.p.live {
		d.p.show("looking at " + what)
	}
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	return look(ctx)
}

// report prints the findings, and fails when something is wrong.
func (d *doctor) report() error {
	wrong := 0
	for _, f := range d.findings {
		if f.Verdict == "fail" {
			wrong++
		}
	}
	if d.format.data() {
		if err := d.format.print(d.p.out, d.findings); err != nil {
			return err
		}
	} else {
		for _, f := range d.findings {
			c := map[string]color{"ok": green, "warn": yellow, "fail": red}[f.Verdict]
			fmt.Fprintf(d.p.out, "%s  %-12s %s\n", d.p.paint(c, fmt.Sprintf("%-4s", f.Verdict)), f.Check, d.column(f.Text, 19))
			if f.Hint != "" {
				fmt.Fprintf(d.p.out, "                   -> %s\n", d.column(f.Hint, 22))
			}
		}
	}
	if wrong > 0 {
		return &exitError{status: exitFailed, err: fmt.Errorf("%s failed", plural(wrong, "check"))}
	}
	return nil
}

// column breaks a text so that it fits behind the first characters of a line, where lines have to.
func (d *doctor) column(text string, from int) string {
	text = printable(text)
	if d.p.width == 0 {
		return text
	}
	return strings.ReplaceAll(fold(text, max(d.p.width-from, narrowest)), "\n", "\n"+strings.Repeat(" ", from))
}

// server looks whether the server answers, and who it is.
func (d *doctor) server(ctx context.Context) bool {
	from := "the default"
	switch {
	case d.connection.server != "":
		from = "--server"
	case os.Getenv("ORMOS_URL") != "":
		from = "ORMOS_URL"
	case writtenURL() != "":
		from = "what 'ormos up' has written"
	}
	begun := d.now()
	theirs, err := d.client.Ping(ctx)
	if _, answers := errors.AsType[*app.Error](err); answers {
		d.fail("server", "name the right address with --server or ORMOS_URL, or start one with 'ormos up --listen' on another port",
			"what answers at %s is neither Ormos nor Marathon (the address is from %s)", d.client.URL(), from)
		return false
	}
	if err != nil {
		d.fail("server", "start one with 'ormos up', or name another with --server or ORMOS_URL", "%v (the address is from %s)", err, from)
		return false
	}
	took := d.now().Sub(begun)
	d.ok("server", "%s answers within %s (the address is from %s)", d.client.URL(), took.Round(time.Millisecond), from)
	d.clock(theirs)
	info, err := d.client.Server(ctx)
	if err != nil {
		hint := "look into the server's log"
		if refused, ok := errors.AsType[*app.Error](err); ok && refused.Code == app.Forbidden {
			hint = "give credentials with --credentials FILE, a file of USER:PASSWORD"
		}
		d.fail("api", hint, "%v", err)
		return false
	}
	if ours := versionText(); info.Version != ours {
		d.warn("version", "use the same version on both sides when something is odd", "the server is %s, this program %s", cmp.Or(info.Version, "of an unknown version"), ours)
	} else {
		d.ok("version", "the server and this program are %s", ours)
	}
	if info.FrameworkID == "" {
		d.fail("framework", "see that a master runs and the server can reach it: its log says what it tries", "the server is not subscribed at a Mesos master")
	}
	return true
}

// clock compares the server's clock with ours.
func (d *doctor) clock(theirs time.Time) {
	if theirs.IsZero() {
		return
	}
	if off := d.now().Sub(theirs); off.Abs() > 5*time.Second {
		d.warn("clock", "set both clocks by NTP: ages and back-offs are shown wrong", "this machine's clock and the server's differ by %s", off.Abs().Round(time.Second))
		return
	}
	d.ok("clock", "this machine's clock and the server's agree")
}

// machine looks at what is on this machine of `ormos up`.
func (d *doctor) machine(answers bool) bool {
	info, err := os.Stat(d.stateDir)
	switch {
	case err != nil:
		d.ok("state", "%s is not there: no 'ormos up' has run here", d.stateDir)
		return true
	case !info.IsDir():
		d.fail("state", "move it away", "%s is no directory", d.stateDir)
		return false
	case info.Mode().Perm()&0o022 != 0:
		d.warn("state", "chmod go-w "+d.stateDir, "others can write into %s", d.stateDir)
	default:
		d.ok("state", "%s is there", d.stateDir)
	}
	if _, err := os.Stat(filepath.Join(d.stateDir, recordsFile)); err == nil && !answers {
		d.warn("leftovers", "'ormos up' goes on with it; 'ormos up --help' tells how to begin anew", "%s holds the state of a server that does not answer", d.stateDir)
		d.records()
		d.ports()
	}
	d.disk()
	return true
}

// records looks whether the records of a server that does not run are sound.
func (d *doctor) records() {
	path := filepath.Join(d.stateDir, recordsFile)
	file, err := store.OpenFile(path)
	var all map[string][]byte
	if err == nil {
		all, err = file.Load(context.Background())
		err = errors.Join(err, file.Close())
	}
	switch {
	case errors.Is(err, store.ErrInUse):
		d.fail("records", "a server uses them and does not answer here: name it with --server, or see its log", "%v", err)
	case err != nil:
		d.fail("records", "'ormos restore --force --state "+d.stateDir+" FILE' puts a backup in their place", "%v", err)
	default:
		d.ok("records", "%s in %s, all sound", plural(len(all), "record"), path)
	}
}

// ports looks whether somebody else has taken the ports that the cluster of `ormos up` had, where its executors look for their agents.
func (d *doctor) ports() {
	var was layout
	text, err := os.ReadFile(filepath.Join(d.stateDir, "cluster", "layout.json"))
	if err != nil || json.Unmarshal(text, &was) != nil {
		return // it was on another cluster
	}
	var taken []string
	for port := was.Master; port <= was.Master+was.Agents && port > 0; port++ {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			taken = append(taken, strconv.Itoa(port))
			continue
		}
		_ = l.Close()
	}
	if len(taken) > 0 {
		d.fail("ports", "end what listens there; 'ss -ltnp' tells", "the ports of the cluster in %s are taken: %s", d.stateDir, some(taken))
		return
	}
	d.ok("ports", "those of the cluster in %s are free", d.stateDir)
}

// disk looks whether there is room for state and sandboxes.
func (d *doctor) disk() {
	free, total, err := diskSpace(d.stateDir)
	const enough = 1 << 30
	switch {
	case err != nil:
		d.warn("disk", "look whether the disk is well", "cannot tell how much is free: %v", err)
	case free < enough/8:
		d.fail("disk", "free some: the server ends when it cannot write", "%d of %d MiB are free below %s", free>>20, total>>20, d.stateDir)
	case free < enough:
		d.warn("disk", "free some: sandboxes and the state need it", "%d of %d MiB are free below %s", free>>20, total>>20, d.stateDir)
	default:
		d.ok("disk", "%d MiB are free below %s", free>>20, d.stateDir)
	}
}

// cluster looks at the master and its agents.
func (d *doctor) cluster(ctx context.Context, cluster *clusterOf) bool {
	version, err := cluster.master.GetVersion(ctx)
	if err != nil {
		d.fail("master", "see that it runs, and what --master and the server say of its address", "%v", err)
		return false
	}
	d.ok("master", "%s answers, version %s", withoutUser(cluster.address), version.Version)
	agents, err := cluster.master.GetAgents(ctx)
	if err != nil {
		d.fail("agents", "give --mesos-principal and --mesos-secret-file where Mesos wants to know who asks", "%v", err)
		return false
	}
	d.agents(agents)
	d.reach(ctx, cluster, agents)
	frameworks, err := cluster.master.GetFrameworks(ctx)
	if err != nil {
		d.warn("framework", "give --mesos-principal and --mesos-secret-file where Mesos wants to know who asks", "%v", err)
		return false
	}
	d.framework(cluster.framework, frameworks)
	return true
}

func (d *doctor) framework(id string, all *operator.MasterResponseGetFrameworks) {
	for i := range all.Frameworks {
		f := &all.Frameworks[i]
		if f.FrameworkInfo.ID == nil || f.FrameworkInfo.ID.Value != id {
			continue
		}
		if !f.Connected || !f.Active {
			d.fail("framework", "see the server's log: it tries to subscribe again", "%s is not connected to the master", id)
			return
		}
		d.ok("framework", "%s is connected, with %s at hand", id, plural(len(f.Offers), "offer"))
		return
	}
	if id != "" {
		d.fail("framework", "see the server's log; a framework that was torn down needs a new state directory", "the master does not know %s", id)
	}
}
