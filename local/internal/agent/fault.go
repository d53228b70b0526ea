package agent

import (
	"fmt"

	"github.com/ormosproject/ormos/local/internal/link"
)

// Kill ends Run as SIGKILL would end an agent's process: at once, and nobody is told. Executors run on.
func (a *Agent) Kill() { a.cancel(errKilled) }

// Terminate ends Run as SIGTERM would end an agent's process: executors of frameworks with checkpoint live on, whatever
// Options.DestroyOnStop says.
func (a *Agent) Terminate() {
	a.post(func() {
		a.o.DestroyOnStop = false
		a.stop(nil)
	})
}

// Unregister ends Run as SIGUSR1 would end an agent's process: the master is told that the agent leaves, and all executors are shut
// down. The next Run on the same WorkDir is a new agent.
func (a *Agent) Unregister() {
	a.post(func() {
		a.say(link.Unregister{})
		a.shutdownAgent("unregistered")
	})
}

// Freeze stops the agent as SIGSTOP would stop its process, until thaw is called or Kill: it hears and says nothing, and what its
// timers have to say waits. Requests that need to be answered from its state wait, too; the caller holds back the others.
func (a *Agent) Freeze() (thaw func()) {
	frozen, thawed := make(chan struct{}), make(chan struct{})
	if !a.mailbox.put(func() {
		close(frozen)
		select {
		case <-thawed:
		case <-a.running.Done():
		}
	}) {
		return func() {}
	}
	select {
	case <-frozen:
	case <-a.ended:
	}
	return func() { close(thawed) }
}

// DestroyLeftovers ends all containers that an agent which has ended left in this WorkDir. It is no part of a Run.
func DestroyLeftovers(workDir string, c Containerizer, flags Flags) error {
	work, err := realDirectory(workDir)
	if err != nil {
		return fmt.Errorf("cannot look for what an agent left: %w", err)
	}
	at := layout{work}
	groups, err := flags.openGroups()
	if err != nil {
		groups = nil // there were none
	}
	destroyUnder(at.meta(), c, groups)
	for _, id := range names(at.runtime()) {
		if err := sweep(id, at.runtimeOf(id), c, groups); err != nil {
			return err
		}
	}
	return nil
}
