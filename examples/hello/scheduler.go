package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// hello keeps web servers running.
type hello struct {
	framework *scheduler.Framework
	server    scheduler.Need // but for its name, hello-0 and so on
	instances int
	pauses    scheduler.Backoff
	stopping  bool
}

// keep keeps the web servers running until ctx ends, and then ends them.
func (h *hello) keep(ctx context.Context) error {
	for i := range h.instances {
		if err := h.want(fmt.Sprint("hello-", i), 0); err != nil {
			return err
		}
	}
	err := h.follow(ctx)
	if removed, ok := errors.AsType[*scheduler.Error](err); ok && removed.Reason == scheduler.ReasonRemoved {
		say("starting", "anew: %v", removed.Err)
		if err = h.framework.Forget(ctx); err == nil {
			return h.keep(ctx)
		}
	}
	if err != nil {
		return err
	}
	say("stopping", "the framework; tasks to end: %d", h.alive())
	h.stopping = true
	for id := range h.framework.Tasks() {
		h.framework.Kill(id, nil)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if err := h.follow(ctx); err != nil {
		return err
	}
	if left := h.alive(); left > 0 {
		return fmt.Errorf("gave up waiting for the end of the tasks: %d may run on; start hello again to take them back", left)
	}
	say("ended", "nothing is left running")
	return nil
}

// want asks for a web server, unless the one of this name is there.
func (h *hello) want(name string, pause time.Duration) error {
	h.server.Name, h.server.NotBefore = name, time.Now().Add(pause)
	return h.framework.Want(h.server)
}

// follow handles events until ctx ends, or until everything has been stopped.
func (h *hello) follow(ctx context.Context) error {
	for event, err := range h.framework.Events(ctx) {
		switch e := event.(type) {
		case *scheduler.EventSubscribed:
			say("registered", "with %s as framework %s", e.MasterInfo.GetPID(), e.FrameworkID.Value)
		case *scheduler.EventDisconnected:
			say("waiting", "%v", e)
		case *scheduler.EventTask:
			err = h.task(e)
		}
		if err == nil && h.stopping && h.alive() == 0 {
			err = h.framework.Teardown(ctx) // ends the loop
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, scheduler.ErrDisconnected) {
			return err
		}
	}
	return nil
}

// alive counts the tasks that are not over.
func (h *hello) alive() int {
	tasks := h.framework.Tasks()
	maps.DeleteFunc(tasks, func(_ string, t scheduler.Task) bool { return t.Over() })
	return len(tasks)
}

// task tells what has become of a task, and wants another one when it is over.
func (h *hello) task(e *scheduler.EventTask) error {
	switch state := e.Task.State(); {
	case e.Recorded && h.stopping:
		return nil // was told
	case !e.Task.Heard && !e.Task.Over():
		say("launching", "%s at %s with port %d", e.Task.ID, e.Task.Hostname, e.Task.Ports[0].Begin)
		return nil
	case state == mesos.TaskUnreachable && !e.Task.Over():
		h.framework.Kill(e.Task.ID, nil) // whenever it returns; for us it is over
	}
	say("update", "%v", e)
	switch {
	case e.Task.State() == mesos.TaskRunning:
		h.pauses.Reset()
		say("serving", "curl %s", e.Task.Status.GetMessage())
	case e.Task.Over() && !e.Dropped && !h.stopping:
		pause := h.pauses.Next()
		say("retrying", "in %v", pause.Round(time.Millisecond))
		return h.want(e.Task.Need, pause)
	}
	return nil
}
