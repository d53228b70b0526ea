package agent

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/ormosproject/ormos/local/internal/attach"
	"github.com/ormosproject/ormos/local/internal/cgroup"
	"github.com/ormosproject/ormos/local/internal/container"
	"github.com/ormosproject/ormos/mesos"
)

// nest is the containers within one container, by the last part of their ids.
type nest map[string]*nested

// nested is a container within an executor's container or within another nested one: that of a task of a group, or one that an
// operator launched. It ends with the container around it at the latest, and is remembered until that is gone.
//
//	launching -> running -> ended
type nested struct {
	id        mesos.ContainerID
	e         *executor
	around    *nested // nil when it is directly in the executor's container
	within    nest
	directory string // sandbox; that of the container around it for a session
	runtime   string // where the containerizer writes what it needs to find the container again
	user      string
	env       []string
	cgroup    *cgroup.Group // of its own; nil if it is in that of the container around it
	session   bool          // launched to look around in the container around it

	container Container          // nil until launched
	cancel    context.CancelFunc // of a launch that goes on
	unwanted  bool               // to be destroyed as soon as it is launched
	launched  chan struct{}      // closed when it runs or cannot be launched
	failure   error              // why it could not be launched; to be read after launched
	ended     chan struct{}      // closed when it has ended
	status    int32              // raw wait status, -1 if unknown; to be read after ended
	exceeded  *termination       // why it was ended, if for its use of memory; the same
	terminal  *attach.Session    // what operators attach to; nil if they cannot

	onLaunch func(Container, error) // nil or called once
	onEnd    func(status int32)     // nil or called once, after a launch that succeeded
}

// sessionMark is a file in a session's checkpoint: what an earlier agent streamed is over.
const sessionMark = "session"

// newNested makes a container of that id, which is launched by launchNested, around being nil for the executor's own container.
func newNested(e *executor, around *nested, id string) *nested {
	n := &nested{e: e, around: around, within: nest{}, status: -1, launched: make(chan struct{}), ended: make(chan struct{})}
	n.id = mesos.ContainerID{Value: id, Parent: &mesos.ContainerID{Value: e.run}}
	n.runtime, n.directory, n.user = e.runtime, e.directory, e.user
	if around != nil {
		n.id.Parent = around.id.Clone()
		n.runtime, n.directory, n.user = around.runtime, around.directory, around.user
	}
	n.runtime = filepath.Join(n.runtime, "containers", id)
	n.directory = filepath.Join(n.directory, "containers", id)
	return n
}

// siblings is the nest that n is in.
func (n *nested) siblings() nest {
	if n.around != nil {
		return n.around.within
	}
	return n.e.within
}

// live tells whether its processes run, or are being started.
func (n *nested) live() bool { return (n.cancel != nil || n.container != nil) && !n.over() }

// over tells whether it has ended.
func (n *nested) over() bool {
	select {
	case <-n.ended:
		return true
	default:
		return false
	}
}

// spec is what the containerizer needs to know.
func (n *nested) spec(command *mesos.CommandInfo) container.Spec {
	s := container.Spec{ID: chain(&n.id), Sandbox: n.directory, User: n.user, Env: n.env, Checkpoint: n.runtime, Keep: n.e.meta != "" && !n.session, Group: n.group()}
	if command != nil {
		s.Command = *command.Clone()
	}
	if t := n.terminal; t != nil {
		s.Streams, s.Terminal = t.Files(), t.IsTerminal()
	}
	return s
}

// chain is an id with those of all containers around it.
func chain(id *mesos.ContainerID) string {
	if id.Parent == nil {
		return id.Value
	}
	return chain(id.Parent) + "." + id.Value
}

// prepareNested makes the sandbox and the checkpoint.
func prepareNested(n *nested) error {
	if err := os.MkdirAll(n.runtime, 0o755); err != nil {
		return err
	}
	if n.session {
		return touch(filepath.Join(n.runtime, sessionMark))
	}
	if err := os.MkdirAll(filepath.Dir(n.directory), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(n.directory, 0o750); err != nil {
		return err
	}
	return chown(n.directory, n.user)
}

// launchNested starts a container with what was prepared for it.
func (a *Agent) launchNested(n *nested, s container.Spec) {
	n.siblings()[n.id.Value] = n
	a.watchOwnGroup(n)
	ctx, cancel := context.WithCancel(a.running)
	n.cancel = cancel
	a.goDo(func() {
		c, err := a.o.Containerizer.Launch(ctx, s)
		cancel()
		if n.terminal != nil {
			n.terminal.Started()
		}
		a.post(func() { a.nestedLaunched(n, c, err) })
	})
}

// nestedLaunched is told when the container runs, or cannot be made to.
func (a *Agent) nestedLaunched(n *nested, c Container, err error) {
	n.container, n.failure = c, err
	close(n.launched)
	if err != nil {
		a.log.Warn("cannot launch a nested container", "framework", n.e.framework.id, "executor", n.e.id, "container", n.id.Value, "error", err)
		delete(n.siblings(), n.id.Value)
		a.closeTerminal(n)
		a.removeGroup(n.cgroup)
		close(n.ended)
	} else {
		a.watchNested(n)
	}
	if n.onLaunch != nil {
		n.onLaunch(c, err)
	}
	if n.unwanted && err == nil {
		a.goDo(c.Destroy)
	}
}

// watchNested reports the end of the container.
func (a *Agent) watchNested(n *nested) {
	c := n.container
	a.goDo(func() {
		select {
		case <-c.Done():
			excess, over := n.group().Excess()
			a.post(func() {
				switch {
				case over && n.cgroup != nil:
					n.exceeded = new(outOfMemory(excess))
				case over:
					a.usedUp(n.e, excess)
				}
				a.nestedEnded(n, c.Exit().Status)
			})
		case <-a.running.Done():
		}
	})
}

func (a *Agent) nestedEnded(n *nested, status int32) {
	a.destroyAll(n.within)
	a.closeTerminal(n)
	n.status = status
	close(n.ended)
	a.removeGroup(n.cgroup)
	if n.onEnd != nil {
		n.onEnd(status)
	}
}

// closeTerminal ends what operators are attached to once all output was read.
func (a *Agent) closeTerminal(n *nested) {
	if t := n.terminal; t != nil {
		a.goDo(func() {
			t.Drain(a.running)
			t.Close()
		})
	}
}

// endSessions ends what operators look at: it ends with the agent.
func (a *Agent) endSessions(e *executor) {
	e.within.every(func(n *nested) bool {
		if n.session && n.container != nil && n.live() {
			a.goDo(n.container.Destroy)
		}
		if n.terminal != nil {
			a.goDo(func() { n.terminal.Close() })
		}
		return true
	})
}

// destroyNested ends a container with all of its processes, and those within it.
func (a *Agent) destroyNested(n *nested) {
	if !n.live() {
		return
	}
	a.destroyAll(n.within)
	if n.container != nil {
		a.goDo(n.container.Destroy)
		return
	}
	n.unwanted = true
	n.cancel()
}

func (a *Agent) destroyAll(all nest) {
	for _, n := range all {
		a.destroyNested(n)
	}
}

// forget removes a container that has ended, with its sandbox.
func (a *Agent) forget(n *nested) error {
	delete(n.siblings(), n.id.Value)
	err := os.RemoveAll(n.runtime)
	if err == nil && !n.session {
		err = os.RemoveAll(n.directory)
	}
	return err
}

// every gives all containers of the nest, and those within them, by id.
func (all nest) every(yield func(*nested) bool) bool {
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if !yield(all[id]) || !all[id].within.every(yield) {
			return false
		}
	}
	return true
}

// findContainer finds a container by its id: the executor around it, and the nested container if it is one.
func (a *Agent) findContainer(id *mesos.ContainerID) (e *executor, n *nested, ok bool) {
	if id.Parent == nil {
		for _, e := range a.executors() {
			if e.run == id.Value && e.state != terminated {
				return e, nil, true
			}
		}
		return nil, nil, false
	}
	e, around, ok := a.findContainer(id.Parent)
	if !ok {
		return nil, nil, false
	}
	within := e.within
	if around != nil {
		within = around.within
	}
	n = within[id.Value]
	return e, n, n != nil
}

// recoverNested takes back the containers within one that an earlier agent has left, but for those of tasks. Sessions end, since
// whoever looked at them is gone.
func (a *Agent) recoverNested(e *executor, around *nested) {
	runtime, within := e.runtime, e.within
	if around != nil {
		runtime, within = around.runtime, around.within
	}
	for _, id := range names(filepath.Join(runtime, "containers")) {
		n := within[id]
		if n == nil {
			n = newNested(e, around, id)
			a.adoptNested(n)
		}
		if within[id] != nil {
			a.recoverNested(e, n)
		}
	}
}

// adoptNested finds a container again; false when nobody knows what became of it.
func (a *Agent) adoptNested(n *nested) bool {
	close(n.launched)
	n.cgroup = a.groups.Recover(chain(&n.id))
	c, err := a.o.Containerizer.Recover(n.spec(nil).ID, n.runtime)
	if err != nil {
		close(n.ended)
		return false
	}
	if exists(filepath.Join(n.runtime, sessionMark)) {
		close(n.ended)
		a.goDo(c.Destroy)
		return false
	}
	n.container = c
	n.siblings()[n.id.Value] = n
	a.watchNested(n)
	a.watchOwnGroup(n)
	return true
}
