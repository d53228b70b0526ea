package agent

import (
	"net/http"
	"slices"
	"time"

	api "github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// executorAPI serves /api/v1/executor.
func (a *Agent) executorAPI(w http.ResponseWriter, r *http.Request) {
	if !a.serving.Load() {
		wire.Fail(w, http.StatusServiceUnavailable, "Agent has not finished recovery")
		return
	}
	var call api.Call
	if _, ok := wire.ReadCall(w, r, 0, &call); !ok {
		return
	}
	if text := invalid(&call); text != "" {
		wire.Fail(w, http.StatusBadRequest, "Failed to validate executor::Call: "+text)
		return
	}
	switch call.GetType() {
	case api.CallTypeSubscribe:
		a.serveSubscription(w, r, &call)
	case api.CallTypeHeartbeat:
		w.WriteHeader(http.StatusAccepted)
	default:
		a.serveCall(w, r, &call)
	}
}

// invalid says what is wrong with the form of a call, "" if nothing is.
func invalid(c *api.Call) string {
	switch {
	case c.Type == nil:
		return "Expecting 'type' to be present"
	case c.GetType() == api.CallTypeSubscribe && c.Subscribe == nil:
		return "Expecting 'subscribe' to be present"
	case c.GetType() == api.CallTypeMessage && c.Message == nil:
		return "Expecting 'message' to be present"
	case c.GetType() == api.CallTypeUpdate && c.Update == nil:
		return "Expecting 'update' to be present"
	case c.GetType() == api.CallTypeUpdate:
		return invalidStatus(c, &c.Update.Status)
	}
	return ""
}

func invalidStatus(c *api.Call, s *mesos.TaskStatus) string {
	switch {
	case len(s.UUID) == 0:
		return "Expecting 'uuid' to be present"
	case len(s.UUID) != 16:
		return "Expecting 'uuid' to be 16 bytes long"
	case s.ExecutorID != nil && s.ExecutorID.Value != c.ExecutorID.Value:
		return "ExecutorID in Call: " + c.ExecutorID.Value + " does not match ExecutorID in TaskStatus: " + s.ExecutorID.Value
	case s.GetSource() != mesos.SourceExecutor:
		return "Received Call from executor " + c.ExecutorID.Value + " with invalid source, expecting 'SOURCE_EXECUTOR'"
	case s.State == mesos.TaskStaging:
		return "Received TASK_STAGING from executor " + c.ExecutorID.Value + " which is not allowed"
	}
	return invalidCheck(s.CheckStatus)
}

func invalidCheck(c *mesos.CheckStatusInfo) string {
	if c == nil {
		return ""
	}
	ok := map[mesos.CheckInfoType]bool{
		mesos.CheckInfoTypeCommand: c.Command != nil, mesos.CheckInfoTypeHTTP: c.HTTP != nil, mesos.CheckInfoTypeTCP: c.TCP != nil,
	}
	if c.Type == nil || !ok[c.GetType()] {
		return "Expecting 'check_status' to have the member of its type"
	}
	return ""
}

// refusal is an answer other than 2xx.
type refusal struct {
	status int
	text   string
}

// answerTo runs f with the call's executor on the goroutine that owns the state, and answers with the refusal that it gives.
// False means that the request has been answered.
func (a *Agent) answerTo(w http.ResponseWriter, r *http.Request, call *api.Call, f func(*executor) *refusal) bool {
	var no *refusal
	if !a.ask(r.Context(), func() {
		e, unknown := a.find(call)
		switch no = unknown; {
		case no == nil && !speaksFor(r, e):
			no = &refusal{http.StatusForbidden, "The token is not of executor " + call.ExecutorID.Value + " of framework " + call.FrameworkID.Value}
		case no == nil:
			no = f(e)
		}
	}) {
		wire.Fail(w, http.StatusServiceUnavailable, "Agent is ending") // no may still be written
		return false
	}
	if no != nil {
		wire.Fail(w, no.status, no.text)
		return false
	}
	return true
}

func (a *Agent) find(call *api.Call) (*executor, *refusal) {
	if a.recovering && call.GetType() != api.CallTypeSubscribe {
		return nil, &refusal{http.StatusServiceUnavailable, "Agent has not finished recovery"}
	}
	f := a.frameworks[call.FrameworkID.Value]
	if f == nil {
		return nil, &refusal{http.StatusBadRequest, "Framework cannot be found"}
	}
	e := f.executors[call.ExecutorID.Value]
	if e == nil {
		return nil, &refusal{http.StatusBadRequest, "Executor cannot be found"}
	}
	return e, nil
}

// serveSubscription opens the executor's stream and serves it to its end.
func (a *Agent) serveSubscription(w http.ResponseWriter, r *http.Request, call *api.Call) {
	media, ok := wire.Accepted(r, wire.JSON, wire.Protobuf)
	if !ok {
		wire.Fail(w, http.StatusNotAcceptable, "Expecting 'Accept' to allow 'application/json' or 'application/x-protobuf'")
		return
	}
	stream := wire.NewEventStream(media)
	var subscribed *executor
	if !a.answerTo(w, r, call, func(e *executor) *refusal {
		subscribed = e
		a.subscribe(e, call.Subscribe, stream)
		return nil
	}) {
		return
	}
	if err := stream.Serve(w, r); err != nil {
		a.log.Debug("an executor's stream has ended", "executor", call.ExecutorID.Value, "error", err)
	}
	a.post(func() {
		if subscribed.stream == stream {
			subscribed.stream = nil
		}
	})
}

// subscribe makes the stream the executor's.
func (a *Agent) subscribe(e *executor, s *api.CallSubscribe, stream *wire.EventStream) {
	if e.framework.ending || e.state >= terminating || e.command != nil || e.group != nil {
		stream.Send(&api.Event{Type: new(api.EventTypeShutdown)})
		stream.Close()
		return
	}
	if e.stream != nil {
		e.stream.Close()
	}
	e.stream = stream
	if e.timer != nil {
		e.timer.Stop()
	}
	if e.state == registering {
		e.state = running
		a.checkpointSubscription(e)
	}
	if !e.everSent() && len(e.queued) == 0 {
		a.shutdown(e)
		a.backAgain()
		return
	}
	e.send(a.subscribed(e))
	a.catchUp(e, s)
	if !e.everSent() && len(e.queued) == 0 { // nobody else would end it
		a.shutdown(e)
	}
	a.deliver(e)
	a.backAgain()
}

func (a *Agent) subscribed(e *executor) *api.Event {
	return &api.Event{Type: new(api.EventTypeSubscribed), Subscribed: &api.EventSubscribed{
		ExecutorInfo: e.info, FrameworkInfo: e.framework.info, AgentInfo: a.info, ContainerID: &mesos.ContainerID{Value: e.run},
	}}
}

// catchUp takes what the executor says it has not been acknowledged. A launched task that it does not name and never told of
// has not reached it.
func (a *Agent) catchUp(e *executor, s *api.CallSubscribe) {
	for i := range s.UnacknowledgedUpdates {
		status := &s.UnacknowledgedUpdates[i].Status
		if len(status.UUID) == 16 {
			a.fromExecutor(e, *status)
		}
	}
	for _, t := range e.ordered() {
		named := slices.ContainsFunc(s.UnacknowledgedTasks, func(x mesos.TaskInfo) bool { return x.TaskID.Value == t.id() })
		if t.record.State == mesos.TaskStaging && !named {
			end := termination{e.framework.absent(mesos.TaskDropped), mesos.ReasonAgentRestarted, "Task dropped: the executor never got it", nil}
			a.tell(e.framework.id, e, end.status(t.record.TaskID))
		}
	}
}

// heartbeatInterval is how often executors are told that their stream lives; the first time after that long.
const heartbeatInterval = 30 * time.Minute

// beatLater tells all subscribed executors that their streams live, again and again.
func (a *Agent) beatLater() {
	a.heartbeat = a.after(heartbeatInterval, func() {
		a.beat()
		a.beatLater()
	})
}

func (a *Agent) beat() {
	for _, e := range a.executors() {
		e.send(&api.Event{Type: new(api.EventTypeHeartbeat)})
	}
}

// serveCall answers the calls of a subscribed executor.
func (a *Agent) serveCall(w http.ResponseWriter, r *http.Request, call *api.Call) {
	if a.answerTo(w, r, call, func(e *executor) *refusal { return a.callOf(e, call) }) {
		w.WriteHeader(http.StatusAccepted)
	}
}

func (a *Agent) callOf(e *executor, call *api.Call) *refusal {
	if e.state == registering {
		return &refusal{http.StatusForbidden, "Executor is not subscribed"}
	}
	switch call.GetType() {
	case api.CallTypeUpdate:
		a.fromExecutor(e, call.Update.Status)
	case api.CallTypeMessage:
		a.counters.validMessages++
		a.say(link.ExecutorMessage{
			FrameworkID: mesos.FrameworkID{Value: e.framework.id}, ExecutorID: mesos.ExecutorID{Value: e.id},
			Data: slices.Clone(call.Message.Data),
		})
	default:
		return &refusal{http.StatusNotImplemented, "The call is not known"}
	}
	return nil
}

// schedulerMessage hands a MESSAGE to an executor that can hear it.
func (a *Agent) schedulerMessage(m link.SchedulerMessage) {
	f := a.frameworks[m.FrameworkID.Value]
	if f == nil || f.executors[m.ExecutorID.Value] == nil || f.executors[m.ExecutorID.Value].state != running {
		a.counters.invalidMessages++
		return
	}
	a.counters.validMessages++
	f.executors[m.ExecutorID.Value].send(&api.Event{Type: new(api.EventTypeMessage), Message: &api.EventMessage{Data: m.Data}})
}
