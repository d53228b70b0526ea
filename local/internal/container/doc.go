// Package container runs commands as containers that are nothing but processes: what Mesos calls the posix launcher
// without isolation, together with its fetcher.
//
// A container is the process of its command, in a session of its own, and everything that descends from it. The
// caller's duties:
//
//  1. Make one Processes per agent with NewProcesses and Close it at the end. Close leaves containers running: whoever
//     wants them gone calls Destroy on each first.
//  2. Give Launch a sandbox that exists. Launch blocks while URIs are fetched; its context is about the launch only,
//     and cancelling it afterwards does not touch the container.
//  3. Wait for Done, then read Exit. A container ends with its command's own process; what that left behind is
//     killed before Done is closed.
//  4. With Spec.Checkpoint set, call Recover for each checkpointed container after a restart of the agent, also for
//     those that may have ended in the meantime.
//
// # What survives the agent
//
// Containers are not tied to the agent's life: after kill -9 of the agent they run on, and Recover adopts them. A
// process is found again by its pid together with its start time and the machine's boot id, so that another process
// with the same pid is never taken for it. An agent that was killed between starting the process and writing that
// down finds it by the variable ORMOS_CONTAINER, which Launch puts into every container's environment (Linux).
//
// An adopted process that is not our child cannot be waited for. Linux 6.15 and newer tell its exit status all the
// same to whoever holds a pidfd of it. For a container that ends while no agent runs a Keeper does: one process for all, which
// gets a copy of each pidfd, sleeps as long as there is an agent, and writes the statuses down when there is none. Elsewhere, and without
// a Keeper, Exit.Status is -1. A shell as a wrapper around each command was rejected for that: it costs a process and a
// millisecond a task, and says 143 both for a command that exited with 143 and for one that SIGTERM killed. So was a parent of
// all commands beside the agent: each launch would have to wait for its answer.
package container
