package framework

import (
	"context"
	"maps"
	"time"

	"github.com/ormosproject/ormos/internal/engine"
)

// A turn is what the loop takes at once: some Steps, whose effects are performed together. They are saved in one commit, so that those of the later
// ones may build on those of the earlier.
type turn struct {
	*loop
	inputs  int
	bytes   int
	effects engine.Effects
	replies map[uint64]chan engine.Result
	done    []chan<- struct{}
}

func (t *turn) deliver(d delivery) {
	for _, in := range d.inputs {
		t.step(in)
	}
	t.done = append(t.done, d.done)
}

func (t *turn) command(c command) {
	t.asked++
	t.replies[t.asked] = c.reply
	t.step(engine.Do{ID: t.asked, Command: c.what})
}

// step has the engine decide, and adds the effects to those of before.
func (t *turn) step(in engine.Input) {
	out := t.engine.Step(time.Now(), in)
	t.inputs++
	for _, value := range out.Records {
		t.bytes += len(value)
	}
	all := &t.effects
	maps.Copy(all.Records, out.Records)
	all.Calls = append(all.Calls, out.Calls...)
	all.Probes = append(all.Probes, out.Probes...)
	all.Tails = append(all.Tails, out.Tails...)
	all.Events = append(all.Events, out.Events...)
	all.Replies = append(all.Replies, out.Replies...)
	if out.Roles != nil {
		all.Roles = out.Roles
	}
	if out.Constraints != nil {
		all.Constraints = out.Constraints
	}
	t.due = out.WakeAt
}

// gather takes what else waits, up to what is good to save at once.
func (t *turn) gather() {
	for t.inputs < turnInputs && t.bytes < turnBytes {
		select {
		case d := <-t.deliveries:
			t.deliver(d)
		case c := <-t.commands:
			t.command(c)
		case in := <-t.answers:
			t.step(in)
		default:
			return
		}
	}
}

// perform saves, calls, publishes, replies, in this order.
func (t *turn) perform(ctx context.Context) error {
	if err := t.commit(ctx, t.effects.Records); err != nil {
		return err
	}
	if t.effects.Roles != nil || t.effects.Constraints != nil {
		t.world.describe(ctx, t.effects.Roles, t.effects.Constraints)
	}
	for i := range t.effects.Calls {
		t.world.call(ctx, &t.effects.Calls[i])
	}
	t.view.Store(t.engine.View())
	t.world.probe(t.effects.Probes)
	t.world.tail(t.effects.Tails)
	t.world.publish(t.effects.Events...)
	for _, reply := range t.effects.Replies {
		if asked := t.replies[reply.ID]; asked != nil {
			asked <- reply.Result
		}
	}
	for _, done := range t.done {
		done <- struct{}{}
	}
	return nil
}
