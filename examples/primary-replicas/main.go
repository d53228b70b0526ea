// Command primary-replicas runs a Redis server and three replicas of it. The primary is launched first, and the replicas once it
// works, with its address. When the primary is lost, a replica takes its place, the others follow that one, and a new replica is launched. It shows
// tasks that depend on each other, and an executor that is told by messages what to do.
//
//	go run ./cmd/ormos local                                              # in another terminal
//	go run ./examples/primary-replicas --master 127.0.0.1:5050
//
// The agents need redis-server.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

const servers = 4 // the primary among them

// redis keeps the servers.
type redis struct {
	session  *scheduler.Session
	artifact *scheduler.Artifact
	launched int
	servers  map[string]*server // by the id of the task, which is its executor's too
	primary  string             // its id, if there is one that works
}

// server is a task that has not ended.
type server struct {
	agent            mesos.AgentID
	address, primary string // as it has told; no address before it works
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := error(nil)
	if len(os.Args) == 2 && os.Args[1] == "execute" {
		err = execute(ctx)
	} else {
		err = schedule(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "primary-replicas:", err)
		os.Exit(1)
	}
}

func schedule(ctx context.Context) error {
	master := flag.String("master", "127.0.0.1:5050", "`address` of the master: host:port or zk://host:port,.../path")
	flag.Parse()
	artifact, err := scheduler.OpenArtifact(scheduler.ArtifactOptions{})
	if err != nil {
		return err
	}
	r := &redis{
		session:  scheduler.New(scheduler.Options{Master: *master, Framework: mesos.FrameworkInfo{Name: "primary-replicas"}}),
		artifact: artifact, servers: map[string]*server{},
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	var group errgroup.Group
	group.Go(func() error { return artifact.Run(serving) })
	err = r.run(ctx)
	stop()
	return errors.Join(err, group.Wait())
}

func (r *redis) run(ctx context.Context) error {
	for event, err := range r.session.Events(ctx) {
		switch e := event.(type) {
		case *scheduler.EventOffers:
			for _, offer := range e.Offers {
				err = errors.Join(err, r.use(ctx, &offer))
			}
		case *scheduler.EventUpdate:
			err = r.update(ctx, &e.Status)
		}
		if err = errors.Join(err, r.order(ctx)); err != nil && !errors.Is(err, scheduler.ErrDisconnected) {
			return err
		}
	}
	return nil
}

// use launches a primary if there is no server at all, and replicas once there is a primary.
func (r *redis) use(ctx context.Context, offer *mesos.Offer) error {
	rest := mesos.Resources(offer.Resources)
	var tasks []mesos.TaskInfo
	for len(r.servers) < servers && (len(r.servers) == 0 || r.primary != "") {
		ports, _, _ := rest.TakePorts(1)
		taken, left, fits := rest.Take(append(ports, mesos.CPUs(0.1), mesos.Mem(64))...)
		own, left, also := left.Take(mesos.CPUs(0.1), mesos.Mem(32))
		if !fits || !also || len(ports) == 0 {
			break
		}
		r.launched++
		id := fmt.Sprintf("redis-%d", r.launched)
		task := mesos.TaskInfo{Name: "redis", TaskID: mesos.TaskID{Value: id}, AgentID: offer.AgentID, Resources: taken, Executor: &mesos.ExecutorInfo{
			Type: new(mesos.ExecutorInfoTypeCustom), ExecutorID: mesos.ExecutorID{Value: id}, Resources: own,
			Command: r.artifact.Command("execute"),
		}}
		if r.primary != "" {
			task.Data = []byte(r.servers[r.primary].address)
		}
		rest, tasks, r.servers[id] = left, append(tasks, task), &server{agent: offer.AgentID}
	}
	if len(tasks) == 0 {
		return r.session.Decline(ctx, scheduler.CallDecline{OfferIDs: []mesos.OfferID{offer.ID}, Filters: scheduler.Refuse(time.Hour)})
	}
	launch := mesos.OfferOperation{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: tasks}}
	return r.session.Accept(ctx, scheduler.CallAccept{
		OfferIDs: []mesos.OfferID{offer.ID}, Operations: []mesos.OfferOperation{launch}, Filters: scheduler.Refuse(0),
	})
}

// update keeps what is said of a server.
func (r *redis) update(ctx context.Context, s *mesos.TaskStatus) error {
	id := s.TaskID.Value
	known := r.servers[id]
	if known == nil {
		return nil
	}
	if s.State.Terminal() {
		fmt.Printf("%s at %s is lost: %v %s\n", id, cmp.Or(known.address, "no address"), s.State, s.GetMessage())
		delete(r.servers, id)
		return r.session.Revive(ctx)
	}
	if s.Labels == nil || len(s.Labels.Labels) != 2 {
		return nil
	}
	known.address, known.primary = *s.Labels.Labels[0].Value, *s.Labels.Labels[1].Value
	fmt.Printf("%s at %s replicates %s\n", id, known.address, cmp.Or(known.primary, "nobody"))
	return r.session.Revive(ctx)
}

// order chooses a primary, and tells the servers whom to replicate until they say that they do.
func (r *redis) order(ctx context.Context) (err error) {
	if r.servers[r.primary] == nil {
		r.primary = ""
		for id, s := range r.servers {
			if s.address != "" && (r.primary == "" || id < r.primary) {
				r.primary = id
			}
		}
	}
	for id, s := range r.servers {
		whom := ""
		if id != r.primary && r.primary != "" {
			whom = r.servers[r.primary].address
		}
		if s.address != "" && s.primary != whom {
			err = errors.Join(err, r.session.Message(ctx, scheduler.CallMessage{AgentID: s.agent, ExecutorID: mesos.ExecutorID{Value: id}, Data: []byte(whom)}))
		}
	}
	return err
}
