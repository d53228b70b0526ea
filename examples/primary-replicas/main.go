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
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

const (
	servers = 4 // the primary among them
	lead    = "REPLICAOF NO ONE"
)

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
	agent         mesos.AgentID
	address, does string // the command that it has carried out last; none before it works
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := schedule
	if len(os.Args) == 2 && os.Args[1] == "execute" {
		run = execute
	}
	if err := run(ctx); err != nil {
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
	r := &redis{artifact: artifact, servers: map[string]*server{}}
	r.session = scheduler.New(scheduler.Options{Master: *master, Framework: mesos.FrameworkInfo{Name: "primary-replicas"}})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return artifact.Run(ctx) })
	group.Go(func() error { return r.run(ctx) })
	return group.Wait()
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
		if err = errors.Join(err, r.order(ctx)); err != nil && ctx.Err() == nil && !errors.Is(err, scheduler.ErrDisconnected) {
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
		ports, _, free := rest.TakePorts(1)
		taken, left, fits := rest.Take(append(ports, mesos.CPUs(0.1), mesos.Mem(64))...)
		own, left, also := left.Take(mesos.CPUs(0.1), mesos.Mem(32))
		if !free || !fits || !also {
			break
		}
		r.launched++
		id, address := fmt.Sprintf("redis-%d", r.launched), net.JoinHostPort(offer.Hostname, fmt.Sprint(ports.Ports()[0].Begin))
		tasks = append(tasks, mesos.TaskInfo{
			Name: address, TaskID: mesos.TaskID{Value: id}, AgentID: offer.AgentID, Resources: taken, Data: []byte(r.wanted(id)),
			Executor: &mesos.ExecutorInfo{
				Type: new(mesos.ExecutorInfoTypeCustom), ExecutorID: mesos.ExecutorID{Value: id}, Resources: own, Command: r.artifact.Command("execute"),
			},
		})
		rest, r.servers[id] = left, &server{agent: offer.AgentID, address: address}
	}
	if len(tasks) == 0 {
		return r.session.Decline(ctx, scheduler.CallDecline{OfferIDs: []mesos.OfferID{offer.ID}, Filters: scheduler.Refuse(time.Hour)})
	}
	launch := mesos.OfferOperation{Type: new(mesos.OfferOperationTypeLaunch), Launch: &mesos.OfferOperationLaunch{TaskInfos: tasks}}
	return r.session.Accept(ctx, scheduler.CallAccept{
		OfferIDs: []mesos.OfferID{offer.ID}, Operations: []mesos.OfferOperation{launch}, Filters: scheduler.Refuse(0),
	})
}

// wanted is what a server should do.
func (r *redis) wanted(id string) string {
	if id == r.primary || r.primary == "" {
		return lead
	}
	host, port, _ := net.SplitHostPort(r.servers[r.primary].address)
	return "REPLICAOF " + host + " " + port
}

// update keeps what is said of a server, and asks for offers: more may be needed now.
func (r *redis) update(ctx context.Context, s *mesos.TaskStatus) error {
	known := r.servers[s.TaskID.Value]
	if known == nil {
		return nil
	}
	fmt.Printf("%s at %s: %v %s\n", s.TaskID.Value, known.address, s.State, s.GetMessage())
	if s.State.Terminal() {
		delete(r.servers, s.TaskID.Value)
	} else {
		known.does = s.GetMessage()
	}
	return r.session.Revive(ctx)
}

// order chooses a primary if there is none, and tells each server what to do until it says that it does it.
func (r *redis) order(ctx context.Context) (err error) {
	if r.servers[r.primary] == nil {
		r.primary = ""
		for id, s := range r.servers {
			if s.does != "" && (r.primary == "" || id < r.primary) {
				r.primary = id
			}
		}
	}
	for id, s := range r.servers {
		if want := r.wanted(id); r.primary != "" && s.does != "" && s.does != want {
			message := scheduler.CallMessage{AgentID: s.agent, ExecutorID: mesos.ExecutorID{Value: id}, Data: []byte(want)}
			err = errors.Join(err, r.session.Message(ctx, message))
		}
	}
	return err
}
