package agent

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"syscall"

	"github.com/ormosproject/ormos/local/internal/attach"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// containerCall is a call about one container: those about nested containers and their newer forms, which do the same.
type containerCall struct {
	name      string // of the member that holds it
	id        *mesos.ContainerID
	command   *mesos.CommandInfo
	container *mesos.ContainerInfo
	signal    *int32
}

// containerCallOf gives the call about a container; false when it is none. Its id is nil when its member is missing.
func containerCallOf(c *operator.AgentCall) (containerCall, bool) {
	call := containerCall{name: strings.ToLower(c.GetType().String())}
	switch c.GetType() {
	case operator.AgentCallTypeLaunchNestedContainer:
		if m := c.LaunchNestedContainer; m != nil {
			call.id, call.command, call.container = &m.ContainerID, m.Command, m.Container
		}
	case operator.AgentCallTypeLaunchContainer:
		if m := c.LaunchContainer; m != nil {
			call.id, call.command, call.container = &m.ContainerID, m.Command, m.Container
		}
	case operator.AgentCallTypeLaunchNestedContainerSession:
		if m := c.LaunchNestedContainerSession; m != nil {
			call.id, call.command, call.container = &m.ContainerID, m.Command, m.Container
		}
	case operator.AgentCallTypeWaitNestedContainer:
		if m := c.WaitNestedContainer; m != nil {
			call.id = &m.ContainerID
		}
	case operator.AgentCallTypeWaitContainer:
		if m := c.WaitContainer; m != nil {
			call.id = &m.ContainerID
		}
	case operator.AgentCallTypeKillNestedContainer:
		if m := c.KillNestedContainer; m != nil {
			call.id, call.signal = &m.ContainerID, m.Signal
		}
	case operator.AgentCallTypeKillContainer:
		if m := c.KillContainer; m != nil {
			call.id, call.signal = &m.ContainerID, m.Signal
		}
	case operator.AgentCallTypeRemoveNestedContainer:
		if m := c.RemoveNestedContainer; m != nil {
			call.id = &m.ContainerID
		}
	case operator.AgentCallTypeRemoveContainer:
		if m := c.RemoveContainer; m != nil {
			call.id = &m.ContainerID
		}
	case operator.AgentCallTypeAttachContainerOutput:
		if m := c.AttachContainerOutput; m != nil {
			call.id = &m.ContainerID
		}
	default:
		return call, false
	}
	return call, true
}

// maxContainerID leaves room in a path for what Mesos adds to the id.
const maxContainerID = 242

// invalid says what is wrong with the form of the call, "" if nothing is.
func (c *containerCall) invalid() string {
	if c.id == nil {
		return "Expecting '" + c.name + "' to be present"
	}
	if c.id.Parent == nil && strings.Contains(c.name, "nested") {
		return "Expecting '" + c.name + ".container_id.parent' to be present"
	}
	for id := c.id; id != nil; id = id.Parent {
		if !validContainerID(id.Value) {
			return "'" + c.name + ".container_id' is invalid: '" + id.Value + "'"
		}
	}
	return ""
}

func validContainerID(id string) bool {
	return id != "" && len(id) <= maxContainerID && !strings.ContainsFunc(id, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == '.' || r == '/' || r == '\\'
	})
}

// answerContainer answers a call about a container that is no stream.
func (a *Agent) answerContainer(r *http.Request, c *operator.AgentCall, call *containerCall) (*operator.AgentResponse, int, string) {
	switch c.GetType() {
	case operator.AgentCallTypeLaunchNestedContainer, operator.AgentCallTypeLaunchContainer:
		_, no := a.launchInside(call, nil)
		return no.answer()
	case operator.AgentCallTypeWaitNestedContainer, operator.AgentCallTypeWaitContainer:
		return a.waitContainer(r, c.GetType(), call)
	case operator.AgentCallTypeKillNestedContainer, operator.AgentCallTypeKillContainer:
		return a.decide(func() refusal { return a.killContainer(call) }).answer()
	default:
		return a.decide(func() refusal { return a.removeContainer(call) }).answer()
	}
}

// decide asks the goroutine that owns the state for an answer, which it gives whether the client waits for it or not.
func (a *Agent) decide(f func() refusal) refusal {
	var no refusal
	if !a.ask(context.Background(), func() { no = f() }) {
		return refusal{http.StatusServiceUnavailable, "Agent is ending"}
	}
	return no
}

func (no refusal) answer() (*operator.AgentResponse, int, string) { return nil, no.status, no.text }

// launchInside launches a container in the one that its id names, and waits until it runs. With a session it is launched as such:
// it looks around where its parent runs. The refusal's status is 200 when there is none.
func (a *Agent) launchInside(c *containerCall, session *attach.Session) (*nested, refusal) {
	var n *nested
	no := a.decide(func() (no refusal) {
		n, no = a.beginInside(c, session)
		return no
	})
	if no.status != http.StatusOK {
		if session != nil {
			session.Started()
			session.Close()
		}
		return nil, no
	}
	select {
	case <-n.launched:
	case <-a.ended:
		return nil, refusal{http.StatusServiceUnavailable, "Agent is ending"}
	}
	if n.failure != nil {
		return nil, refusal{http.StatusBadRequest, n.failure.Error()}
	}
	return n, no
}

func (a *Agent) beginInside(c *containerCall, session *attach.Session) (*nested, refusal) {
	if c.id.Parent == nil {
		return nil, refusal{http.StatusNotImplemented, "Standalone containers are not supported by the local cluster"}
	}
	e, around, ok := a.findContainer(c.id.Parent)
	if !ok || around != nil && !around.live() || e.state >= terminating {
		return nil, refusal{http.StatusBadRequest, "Parent container " + c.id.Parent.Value + " does not exist"}
	}
	if _, _, there := a.findContainer(c.id); there {
		return nil, refusal{http.StatusAccepted, ""}
	}
	n := newNested(e, around, c.id.Value)
	n.user = cmp.Or(allowed(c.command.GetUser()), n.user)
	n.env = nestedEnvironment(n).list
	if n.session = session != nil; n.session {
		n.directory, n.env = a.placeOf(e, around)
	}
	v := environOf(n.env)
	for name, value := range variables(c.command) {
		v.set(name, value)
	}
	n.env = v.list
	err := prepareNested(n)
	if err == nil {
		err = attachable(n, c, session)
	}
	if err != nil {
		return nil, refusal{http.StatusBadRequest, "Cannot make container " + c.id.Value + ": " + err.Error()}
	}
	a.launchNested(n, n.spec(c.command))
	return n, refusal{http.StatusOK, ""}
}

// placeOf is the sandbox and the environment of a container that runs.
func (a *Agent) placeOf(e *executor, n *nested) (directory string, env []string) {
	if n != nil {
		return n.directory, n.env
	}
	if e.command != nil {
		return e.directory, a.environment(e, e.command.task.Command)
	}
	return e.directory, a.environment(e, e.info.Command)
}

func (a *Agent) waitContainer(r *http.Request, call operator.AgentCallType, c *containerCall) (*operator.AgentResponse, int, string) {
	var n *nested
	if !a.ask(r.Context(), func() { _, n, _ = a.findContainer(c.id) }) {
		return nil, http.StatusServiceUnavailable, "Agent is ending"
	}
	if n == nil {
		return nil, http.StatusNotFound, "Container " + c.id.Value + " cannot be found"
	}
	select {
	case <-n.ended:
	case <-r.Context().Done():
		return nil, http.StatusServiceUnavailable, "The client is gone"
	case <-a.ended:
		return nil, http.StatusServiceUnavailable, "Agent is ending"
	}
	var status *int32
	if n.status >= 0 {
		status = new(n.status)
	}
	if call == operator.AgentCallTypeWaitContainer {
		return &operator.AgentResponse{
			Type: new(operator.AgentResponseTypeWaitContainer), WaitContainer: &operator.AgentResponseWaitContainer{ExitStatus: status},
		}, 0, ""
	}
	return &operator.AgentResponse{
		Type: new(operator.AgentResponseTypeWaitNestedContainer), WaitNestedContainer: n.exceeded.waited(status),
	}, 0, ""
}

// killContainer signals every process of a container, with SIGKILL unless another signal is asked for.
func (a *Agent) killContainer(c *containerCall) refusal {
	signal := syscall.SIGKILL
	if c.signal != nil {
		signal = syscall.Signal(*c.signal)
	}
	_, n, _ := a.findContainer(c.id)
	switch {
	case n == nil:
		return refusal{http.StatusNotFound, "Container " + c.id.Value + " cannot be found"}
	case n.container == nil || signal == syscall.SIGKILL:
		a.destroyNested(n)
	default:
		a.goDo(func() {
			if err := n.container.Signal(signal); err != nil {
				a.log.Warn("cannot signal a container", "container", n.id.Value, "error", err)
			}
		})
	}
	return refusal{http.StatusOK, ""}
}

// removeContainer forgets a container that has ended. One that nobody knows is no error.
func (a *Agent) removeContainer(c *containerCall) refusal {
	_, n, _ := a.findContainer(c.id)
	switch {
	case n != nil && n.live():
		return refusal{http.StatusInternalServerError, "Container " + c.id.Value + " has not ended"}
	case n != nil:
		if err := a.forget(n); err != nil {
			return refusal{http.StatusInternalServerError, "Cannot remove container " + c.id.Value + ": " + err.Error()}
		}
	}
	return refusal{http.StatusOK, ""}
}
