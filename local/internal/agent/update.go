package agent

import (
	"crypto/rand"
	"fmt"
	"time"

	api "github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// tell makes a status update of the agent's own. e is the executor of the task, nil if it never had one.
func (a *Agent) tell(frameworkID string, e *executor, s mesos.TaskStatus) {
	s.Source = new(mesos.SourceAgent)
	s.UUID = newUUID()
	if e != nil {
		s.ExecutorID = &mesos.ExecutorID{Value: e.id}
	}
	a.update(frameworkID, e, s)
}

// newUUID makes a random uuid (version 4).
func newUUID() []byte {
	id := make([]byte, 16)
	rand.Read(id) // never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

func uuidText(id []byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// update takes a status update that has a source and a uuid into the stream of its task. e is whose task it is, or who sent it.
func (a *Agent) update(frameworkID string, e *executor, s mesos.TaskStatus) {
	if f := a.frameworks[frameworkID]; f != nil && f.ending && !a.telling() {
		a.counters.invalidUpdates++
		return
	}
	a.counters.validUpdates++
	s.AgentID = &mesos.AgentID{Value: a.id}
	if s.Timestamp == nil {
		s.Timestamp = new(seconds(time.Now()))
	}
	stream := a.stream(frameworkID, s.TaskID.Value, e)
	if !stream.push(s) {
		return
	}
	if s.State.Terminal() {
		a.counters.ended[s.State]++
	}
	if e != nil {
		e.record(&s)
		if s.State.Terminal() {
			a.limitGroup(e)
		}
	}
	stream.latest = s.State
	if len(stream.pending) == 1 {
		a.resend(stream)
	}
}

// telling says that updates are still worth sending although executors are being shut down, since their frameworks go on.
func (a *Agent) telling() bool { return a.stopping && a.o.DestroyOnStop }

// seconds is a time as messages have it.
func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// fromExecutor takes an UPDATE of an executor, and tells it that the agent has it.
func (a *Agent) fromExecutor(e *executor, s mesos.TaskStatus) {
	s = *s.Clone()
	s.Source = new(mesos.SourceExecutor)
	s.ExecutorID = &mesos.ExecutorID{Value: e.id}
	a.fillContainerStatus(e, &s)
	owned := e.framework.owners[s.TaskID.Value] == e
	if s.State.Terminal() && owned {
		e.takeQueued(s.TaskID.Value)
	}
	a.update(e.framework.id, e, s)
	if owned {
		e.send(&api.Event{
			Type:         new(api.EventTypeAcknowledged),
			Acknowledged: &api.EventAcknowledged{TaskID: s.TaskID, UUID: s.UUID},
		})
	}
}

// takeQueued makes a queued task, with its whole group, one that has been launched: its end is known before.
func (e *executor) takeQueued(taskID string) {
	if b, ok := e.dequeue(taskID); ok {
		e.launch(b)
	}
}

// fillContainerStatus adds what the agent knows of a task's container.
func (a *Agent) fillContainerStatus(e *executor, s *mesos.TaskStatus) {
	c := s.ContainerStatus
	if c == nil {
		c = &mesos.ContainerStatus{}
		s.ContainerStatus = c
	}
	if c.ContainerID == nil {
		c.ContainerID = &mesos.ContainerID{Value: e.run}
	}
	if len(c.NetworkInfos) == 0 {
		c.NetworkInfos = []mesos.NetworkInfo{{}}
	}
	if n := &c.NetworkInfos[0]; len(n.IPAddresses) == 0 {
		n.IPAddresses = []mesos.NetworkInfoIPAddress{{Protocol: new(mesos.NetworkInfoProtocolIPv4), IPAddress: new(a.o.Address.IP)}}
	}
	if runs := e.containerOf(c.ContainerID); c.ExecutorPID == nil && runs != nil {
		c.ExecutorPID = new(uint32(runs.PID()))
	}
}

// containerOf is the container of that id, the executor's own or one of its tasks; nil if it does not run yet.
func (e *executor) containerOf(id *mesos.ContainerID) Container {
	if id.Value == e.run {
		return e.container
	}
	if n := e.within[id.Value]; n != nil {
		return n.container
	}
	return nil
}

// acknowledge is a scheduler's word that it has the update at the head of a stream.
func (a *Agent) acknowledge(m link.Acknowledge) {
	key := streamKey{m.FrameworkID.Value, m.TaskID.Value}
	s := a.streams[key]
	if s == nil {
		return
	}
	ended, ok := s.acknowledge(m.UUID)
	if !ok {
		a.log.Debug("an acknowledgement that nobody waits for", "framework", key.framework, "task", key.task)
		return
	}
	if !ended {
		a.resend(s)
		return
	}
	s.stop()
	delete(a.streams, key)
	if f := a.frameworks[key.framework]; f != nil {
		if e := f.owners[key.task]; e != nil {
			e.complete(key.task)
			if e.group != nil {
				e.group.complete(key.task)
			}
			a.removeIfDone(e)
		}
	}
}

// forward sends the head of a stream to the master, again and again until it is acknowledged.
func (a *Agent) forward(s *updateStream) {
	if s.timer != nil {
		s.timer.Stop()
	}
	if !a.master.registered || len(s.pending) == 0 {
		return
	}
	head := s.pending[0]
	a.forwarded(s.key, head)
	a.say(link.StatusUpdate{
		FrameworkID: mesos.FrameworkID{Value: s.key.framework}, Status: *head.Clone(), LatestState: s.latest,
	})
	s.timer = a.after(s.wait, func() {
		s.wait = min(2*s.wait, a.flags.StatusUpdateRetryMax)
		a.forward(s)
	})
}

// resend forwards at once, and waits for the acknowledgement from the shortest time on.
func (a *Agent) resend(s *updateStream) {
	s.wait = a.flags.StatusUpdateRetryMin
	a.forward(s)
}

// forwarded notes in the task what the master knows of it.
func (a *Agent) forwarded(key streamKey, s *mesos.TaskStatus) {
	f := a.frameworks[key.framework]
	if f == nil || f.owners[key.task] == nil {
		return
	}
	if t := f.owners[key.task].tasks[key.task]; t != nil {
		t.record.StatusUpdateState, t.record.StatusUpdateUUID = new(s.State), s.UUID
	}
}

// stream gives the stream of a task; it is checkpointed when its executor is.
func (a *Agent) stream(frameworkID, taskID string, e *executor) *updateStream {
	key := streamKey{frameworkID, taskID}
	s := a.streams[key]
	if s == nil {
		s = &updateStream{key: key, log: a.log}
		// Only a task that is put down itself has a checkpoint; executors may speak of others.
		if e != nil && e.meta != "" && e.framework.owners[taskID] == e {
			s.path = updatesPath(e.meta, taskID)
		}
		a.streams[key] = s
	}
	return s
}

// dropStreams ends the streams of a framework that has nothing here any more. What the framework has not acknowledged stays, unless
// it was removed and nobody will.
func (a *Agent) dropStreams(f *framework) {
	for key, s := range a.streams {
		if key.framework == f.id && (f.ending || len(s.pending) == 0) {
			s.stop()
			delete(a.streams, key)
		}
	}
}
