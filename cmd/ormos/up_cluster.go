package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/local"
)

// brought is the cluster that `ormos up` brings along.
type brought struct {
	port, agents          int
	resources, attributes []string
}

func (c *brought) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&c.agents, "agents", 0, "number of agents of the cluster that is brought along (default 1; as long as there is one, as many as before)")
	flags.IntVar(&c.port, "port", 0, "port of its master, agents have the next ones (default: as before, at first 5050 or what is free)")
	flags.StringArrayVar(&c.resources, "resources", nil, "their resources as 'cpus:4;mem:2048', once for all or once for each (default: the machine's own)")
	flags.StringArrayVar(&c.attributes, "attributes", nil, "their attributes as 'rack:a;level:10', once for all or once for each")
}

// outlives is for how long executors wait for an agent to be started again: as long as Mesos lets the framework's tasks run.
const outlives = "1weeks"

// start starts the cluster that has its state below a directory. Tasks that run there are taken back.
func (c *brought) start(ctx context.Context, state string, log *slog.Logger) (*local.Cluster, error) {
	dir := filepath.Join(state, "cluster")
	was, err := c.remembered(dir)
	if err != nil {
		return nil, err
	}
	o := local.Options{
		WorkDir: dir, Port: was.Master, Agents: was.Agents, AgentPort: was.Agent, Resources: was.Resources, Attributes: was.Attributes,
		AgentFlags: map[string]string{"recovery_timeout": outlives}, Logger: log,
	}
	if self, err := os.Executable(); err == nil {
		o.Keeper = []string{self, "local", "keep"}
	}
	running, err := local.Start(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("cannot start the cluster: %w", err)
	}
	return running, nil
}

// layout is what of a cluster stays the same as long as something runs there: executors that have outlived an agent look for it where it was, and an
// agent whose resources are others is another one to Mesos.
type layout struct {
	Master     int      `json:"master"` // its port
	Agent      int      `json:"agent"`  // the port of the first one; agent K has this + K
	Agents     int      `json:"agents"`
	Resources  []string `json:"resources,omitempty"`
	Attributes []string `json:"attributes,omitempty"`
}

// remembered is the layout of the cluster in a directory, or a new one: Mesos' own ports, or the next ones that are free.
func (c *brought) remembered(dir string) (layout, error) {
	path := filepath.Join(dir, "layout.json")
	var was layout
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &was)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c.begin(path)
	case err != nil:
		return was, fmt.Errorf("cannot tell what cluster there was: %w; 'ormos up --fresh' begins with another one", err)
	case c.agents != 0 && c.agents != was.Agents, c.port != 0 && c.port != was.Master, len(c.resources) > 0 && !slices.Equal(c.resources, was.Resources),
		len(c.attributes) > 0 && !slices.Equal(c.attributes, was.Attributes):
		return was, &exitError{exitCalled, errors.New("the cluster that is there is another; leave out --port, --agents, --resources and --attributes to go on " +
			"with it, or begin anew with --fresh, which ends what runs")}
	}
	return was, nil
}

// begin decides on a layout, and keeps it in a file.
func (c *brought) begin(path string) (layout, error) {
	if c.agents < 0 {
		return layout{}, &exitError{exitCalled, fmt.Errorf("cannot run %d agents", c.agents)}
	}
	now := layout{Master: c.port, Agent: c.port + 1, Agents: max(c.agents, 1)}
	if c.port == 0 {
		var err error
		if now, err = freeLayout(now.Agents); err != nil {
			return now, err
		}
	}
	now.Resources, now.Attributes = c.resources, c.attributes
	text, err := json.Marshal(now)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = replaceFile(path, string(text)+"\n")
	}
	if err != nil {
		return now, fmt.Errorf("cannot keep the cluster's ports: %w", err)
	}
	return now, nil
}

// freeLayout finds ports in a row: the master's, then those of the agents.
func freeLayout(agents int) (layout, error) {
	const first, last = 5050, 30000
	for master := first; master+agents < last; master += agents + 1 {
		free := true
		for port := master; free && port <= master+agents; port++ {
			l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if free = err == nil; free {
				_ = l.Close()
			}
		}
		if free {
			return layout{Master: master, Agent: master + 1, Agents: agents}, nil
		}
	}
	return layout{}, errors.New("there are no free ports for the cluster")
}
