package trial_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ormosproject/ormos/local/trial"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// keeper is a framework over a bare session that keeps a number of tasks running, with what each must remember in the store.
type keeper struct {
	trial.Environment
	session *scheduler.Session
	wanted  int
	tasks   map[string]string // agent, by task
	unsure  map[string]bool   // of which nothing was heard in this subscription
	serial  int
	flaw    string // what it does wrong, if anything
}

const taskPrefix = "task/"

// keep runs a keeper of n tasks.
func keep(n int, flaw string) func(ctx context.Context, e trial.Environment) error {
	return func(ctx context.Context, e trial.Environment) error {
		k := &keeper{Environment: e, wanted: n, tasks: map[string]string{}, flaw: flaw}
		records, err := e.Store.Load(ctx)
		if err != nil {
			return err
		}
		for key, value := range records {
			if id, ok := strings.CutPrefix(key, taskPrefix); ok {
				k.tasks[id], _, _ = strings.Cut(string(value), " ")
			}
		}
		k.session = scheduler.New(scheduler.Options{
			Master: e.Master, Dial: e.Dial, FrameworkID: keptID{k},
			Framework: mesos.FrameworkInfo{
				Name: "keeper", FailoverTimeout: new(7 * 24 * 3600.0), Checkpoint: new(true),
				Capabilities: []mesos.FrameworkInfoCapability{{Type: new(mesos.FrameworkInfoCapabilityTypePartitionAware)}},
			},
		})
		for event, err := range k.session.Events(ctx) {
			if err == nil {
				err = k.handle(ctx, event)
			}
			if err != nil && ctx.Err() == nil && !errors.Is(err, scheduler.ErrDisconnected) {
				return err
			}
		}
		return nil
	}
}

// keptID keeps the framework's id in the store.
type keptID struct{ *keeper }

func (k keptID) Load() (string, error) {
	records, err := k.Store.Load(context.Background())
	return string(records["framework-id"]), err
}

func (k keptID) Save(id string) error {
	if k.flaw == "loses its id" {
		return nil
	}
	return k.commit("framework-id", []byte(id))
}

func (k *keeper) commit(key string, value []byte) error {
	return k.Store.Commit(context.Background(), map[string][]byte{key: value})
}

func (k *keeper) handle(ctx context.Context, event scheduler.TypedEvent) (err error) {
	switch e := event.(type) {
	case *scheduler.EventSubscribed:
		k.unsure = map[string]bool{}
		for id := range k.tasks {
			k.unsure[id] = true
		}
		return k.quieten(ctx) // the suppression of before was made for what was known then
	case *scheduler.EventHeartbeat: // right after SUBSCRIBED, and every 15 s
		for id := range k.unsure {
			task := scheduler.CallReconcileTask{TaskID: mesos.TaskID{Value: id}, AgentID: &mesos.AgentID{Value: k.tasks[id]}}
			err = cmp.Or(err, k.session.Reconcile(ctx, task))
		}
	case *scheduler.EventOffers:
		for i := range e.Offers {
			err = cmp.Or(err, k.offer(ctx, &e.Offers[i]))
		}
	case *scheduler.EventUpdate:
		return k.update(ctx, &e.Status)
	}
	return err
}

func (k *keeper) offer(ctx context.Context, o *mesos.Offer) error {
	if k.flaw == "keeps offers" && len(k.tasks) >= k.wanted {
		return nil
	}
	if len(k.tasks) >= k.wanted {
		refuse := time.Hour
		if k.flaw == "declines busily" {
			refuse = 0
		}
		err := k.session.Decline(ctx, scheduler.CallDecline{OfferIDs: []mesos.OfferID{o.ID}, Filters: scheduler.Refuse(refuse)})
		return cmp.Or(err, k.quieten(ctx))
	}
	k.serial++
	task := mesos.TaskInfo{
		Name: "kept", TaskID: mesos.TaskID{Value: fmt.Sprintf("kept-%d-%d", k.Life, k.serial)}, AgentID: o.AgentID,
		Resources: []mesos.Resource{mesos.CPUs(1), mesos.Mem(32)}, Command: &mesos.CommandInfo{Value: new("serve")},
	}
	if k.flaw == "uses an id twice" {
		task.TaskID.Value = "kept"
	}
	k.tasks[task.TaskID.Value] = o.AgentID.Value
	if k.flaw != "does not record" {
		if err := k.commit(taskPrefix+task.TaskID.Value, []byte(o.AgentID.Value)); err != nil {
			return err
		}
	}
	return k.session.Accept(ctx, scheduler.CallAccept{
		OfferIDs: []mesos.OfferID{o.ID}, Filters: scheduler.Refuse(0),
		Operations: []mesos.OfferOperation{{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: []mesos.TaskInfo{task}}}},
	})
}

// quieten asks for offers when there is something to launch, and for none when there is nothing.
func (k *keeper) quieten(ctx context.Context) error {
	if k.flaw == "declines busily" || k.flaw == "keeps offers" {
		return nil
	}
	if len(k.tasks) >= k.wanted {
		return k.session.Suppress(ctx)
	}
	return k.session.Revive(ctx)
}

func (k *keeper) update(ctx context.Context, s *mesos.TaskStatus) error {
	id := s.TaskID.Value
	over := s.State.Terminal() || s.State.MayReturn()
	delete(k.unsure, id)
	_, known := k.tasks[id]
	switch {
	case !over && !known: // it was given up while its agent was not to be seen
		if k.flaw == "lets strangers live" {
			return nil
		}
		return k.session.Kill(ctx, scheduler.CallKill{TaskID: s.TaskID, AgentID: s.AgentID})
	case over && known:
		delete(k.tasks, id)
		if err := k.commit(taskPrefix+id, nil); err != nil {
			return err
		}
		return k.quieten(ctx)
	case known && k.flaw != "does not save":
		return k.commit(taskPrefix+id, []byte(k.tasks[id]+" "+s.State.String()))
	}
	return nil
}
