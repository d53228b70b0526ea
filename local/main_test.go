package local_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/mesos"
)

// The test's own program is also the executor and the cluster that tests run as processes of their own.
const (
	roleExecutor = "be-executor"
	roleCluster  = "be-cluster"
	roleKeeper   = "be-keeper"
)

func TestMain(m *testing.M) {
	role := ""
	if len(os.Args) > 1 {
		role = os.Args[1]
	}
	switch role {
	case roleExecutor:
		exit(beExecutor())
	case roleCluster:
		exit(beCluster(os.Args[2]))
	case roleKeeper:
		exit(local.Keep())
	}
	goleak.VerifyTestMain(m)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// beExecutor runs its tasks by doing nothing, until they are killed.
func beExecutor() error {
	driver, err := executor.New(executor.Options{})
	if err != nil {
		return err
	}
	task := mesos.TaskID{}
	for event, err := range driver.Events(context.Background()) {
		if err != nil {
			return err
		}
		switch e := event.(type) {
		case *executor.EventLaunch:
			task = e.Task.TaskID
			err = driver.Update(mesos.TaskStatus{TaskID: task, State: mesos.TaskRunning})
		case *executor.EventKill, *executor.EventShutdown:
			err = driver.Update(mesos.TaskStatus{TaskID: task, State: mesos.TaskKilled})
			driver.Stop()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// beCluster runs a cluster until its standard input ends, as it does when the test dies. It prints the addresses.
func beCluster(text string) error {
	var o local.Options
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	o.Logger = logger(os.Stderr)
	cluster, err := local.Start(context.Background(), o)
	if err != nil {
		return err
	}
	fmt.Println(cluster.Master())
	os.Stdin.Read(make([]byte, 1))
	return cluster.Stop()
}
