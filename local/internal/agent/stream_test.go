package agent

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// silentAbout fails when the master has heard a message of that type.
func silentAbout[T link.Message](t *testing.T, m *fakeMaster) {
	t.Helper()
	if got := m.take(func(x link.Message) bool { _, ok := x.(T); return ok }); got != nil {
		t.Fatalf("unexpected: %v", got)
	}
}

func quickRetries(o *Options) {
	o.Flags.StatusUpdateRetryMin, o.Flags.StatusUpdateRetryMax = time.Millisecond, 4*time.Millisecond
}

func TestUpdateIsSentAgain(t *testing.T) {
	c := start(t, quickRetries)
	hear[link.Register](t, c.master)
	c.launch(testFramework(), commandTask("t"))
	first := c.status(mesos.TaskStarting)
	for range 4 {
		if diff := cmp.Diff(first.String(), new(c.status(mesos.TaskStarting)).String()); diff != "" {
			t.Errorf("sent again: %s", diff)
		}
	}
	wrong := first
	wrong.UUID = newUUID()
	c.acknowledge(wrong)
	c.status(mesos.TaskStarting)
	c.acknowledge(first)
	for {
		if u := hear[link.StatusUpdate](t, c.master); u.Status.State == mesos.TaskRunning {
			c.acknowledge(u.Status)
			break
		}
	}
	c.until("nothing waits", func(a *Agent) bool {
		s := a.streams[streamKey{frameworkID, "t"}]
		return s != nil && len(s.pending) == 0
	})
}

func TestUpdatesInOrder(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.launch(testFramework(), commandTask("t"))
	c.containers.next(t).end(0)
	c.until("three updates wait", func(a *Agent) bool {
		s := a.streams[streamKey{frameworkID, "t"}]
		return s != nil && len(s.pending) == 3
	})
	u := hear[link.StatusUpdate](t, c.master)
	silentAbout[link.StatusUpdate](t, c.master)
	if u.Status.State != mesos.TaskStarting {
		t.Errorf("first: %s", &u.Status)
	}
	c.acknowledge(u.Status)
	if u = hear[link.StatusUpdate](t, c.master); u.Status.State != mesos.TaskRunning || u.LatestState != mesos.TaskFinished {
		t.Errorf("second: %s, latest %s", &u.Status, u.LatestState)
	}
	c.acknowledge(u.Status)
	c.acknowledged(mesos.TaskFinished)
	c.completed()
}

// Pending updates wait for the connection, and come at once with it and when their framework subscribes again.
func TestUpdatesWaitForMaster(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	container := c.runs(testFramework(), commandTask("t"))
	c.master.mu.Lock()
	c.master.away = true
	gone := c.master.gone
	c.master.mu.Unlock()
	gone()
	c.until("the master is gone", func(a *Agent) bool { return !a.master.registered })
	container.end(0)
	c.until("an update waits", func(a *Agent) bool { return len(a.streams[streamKey{frameworkID, "t"}].pending) == 1 })
	silentAbout[link.StatusUpdate](t, c.master)
	c.master.mu.Lock()
	c.master.away = false
	c.master.mu.Unlock()
	m := hear[link.Reregister](t, c.master)
	if len(m.Tasks) != 1 || m.Tasks[0].State != mesos.TaskFinished || len(m.Executors) != 0 || len(m.Frameworks) != 1 || m.Agent.ID.Value != "m-S0" {
		t.Errorf("Reregister: %v", m)
	}
	c.status(mesos.TaskFinished)
	c.master.say(link.UpdateFramework{Framework: testFramework(func(f *mesos.FrameworkInfo) { f.Name = "renamed" })})
	c.acknowledged(mesos.TaskFinished)
	c.completed()
	if got := c.agent.completed[0].info.Name; got != "renamed" {
		t.Errorf("name: %s", got)
	}
}

// What a framework has not acknowledged is kept for it, though nothing else of it is here.
func TestRefusalIsSentAgain(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.launch(testFramework(), commandTask("t", func(t *mesos.TaskInfo) { t.Container = &mesos.ContainerInfo{Type: mesos.ContainerInfoTypeDocker} }))
	first := c.status(mesos.TaskFailed)
	c.until("the framework is gone", func(a *Agent) bool { return len(a.frameworks) == 0 })
	c.master.say(link.UpdateFramework{Framework: testFramework()})
	if again := c.acknowledged(mesos.TaskFailed); string(again.UUID) != string(first.UUID) {
		t.Errorf("sent again: %s", &again)
	}
	c.completed()
}

func TestRegistrationIsSaidAgain(t *testing.T) {
	c := start(t, func(o *Options) {
		o.Flags.RegistrationBackoff = time.Millisecond
		o.Master.(*fakeMaster).mute = true
	})
	for range 3 {
		hear[link.Register](t, c.master)
	}
	c.master.say(link.Registered{AgentID: mesos.AgentID{Value: "m-S0"}})
	c.until("registered", func(a *Agent) bool { return a.master.registered })
	c.master.say(link.Ping{Connected: false})
	hear[link.Pong](t, c.master)
	hear[link.Reregister](t, c.master)
}

func TestPingsStop(t *testing.T) {
	c := start(t, func(o *Options) { o.Master.(*fakeMaster).mute = true })
	hear[link.Register](t, c.master)
	c.master.say(link.Registered{AgentID: mesos.AgentID{Value: "m-S0"}, PingTimeout: time.Millisecond})
	hear[link.Reregister](t, c.master)
}

func TestReconciliationOfUnknownTask(t *testing.T) {
	c := start(t)
	hear[link.Register](t, c.master)
	c.runs(testFramework(), commandTask("t"))
	id := mesos.FrameworkID{Value: frameworkID}
	c.master.say(link.Reregistered{AgentID: mesos.AgentID{Value: "m-S0"}, Reconcile: []link.ReconcileTask{
		{FrameworkID: id, TaskID: taskID("t")}, {FrameworkID: id, TaskID: taskID("lost")},
	}})
	s := c.acknowledged(mesos.TaskDropped)
	if s.TaskID.Value != "lost" || s.GetReason() != mesos.ReasonReconciliation || s.GetSource() != mesos.SourceAgent {
		t.Errorf("status: %s", &s)
	}
}

func TestRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "down", "records")
	if got, err := readRecords(path); err != nil || got != nil {
		t.Fatalf("no file: %v, %v", got, err)
	}
	want := []record{{recordUpdate, []byte("one")}, {recordAcknowledgement, []byte{}}, {recordUpdate, []byte("three")}}
	for _, r := range want {
		if err := appendRecord(path, r.kind, r.data); err != nil {
			t.Fatal(err)
		}
	}
	got, err := readRecords(path)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(record{})); diff != "" || err != nil {
		t.Errorf("%v, %s", err, diff)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) {
		records, rest := splitRecords(whole[:cut])
		if len(records) > 2 || rest == 0 && cut != 0 && cut != 12 && cut != 21 {
			t.Errorf("cut at %d: %d records, %d bytes behind", cut, len(records), rest)
		}
	}
	for i := range whole {
		whole[i] ^= 0x40
		if records, rest := splitRecords(whole); rest == 0 || len(records) == 3 {
			t.Errorf("damage at %d is not seen", i)
		}
		whole[i] ^= 0x40
	}
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 0, 1, 1})
	f.Add([]byte{255, 255, 255, 255, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		records, rest := splitRecords(b)
		size := rest
		for _, r := range records {
			size += recordHeader + len(r.data)
		}
		if size != len(b) {
			t.Errorf("%d of %d bytes are accounted for", size, len(b))
		}
	})
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x", "file")
	var got mesos.AgentID
	for i, want := range []string{"id", "a longer id", "i"} {
		for _, sync := range []bool{false, true} {
			if err := writeFile(path, &mesos.AgentID{Value: want}, sync); err != nil {
				t.Fatal(err)
			}
			if err := readFile(path, &got); err != nil || got.Value != want {
				t.Errorf("%d: %v, %v", i, got, err)
			}
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] ^= 1
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := readFile(path, &got); err == nil {
			t.Errorf("damage at %d is not seen", i)
		}
		b[i] ^= 1
	}
}
