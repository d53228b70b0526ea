package engine

import (
	"encoding/json"
	"path"
	"strings"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// Every instance with an executor has one of its own: they share nothing, and end together.

// commandExecutor is Mesos' own, which runs commands.
const commandExecutor = "//cmd"

// ExecutorID is the one of an executor other than Mesos' own, which has the task's id.
func ExecutorID(taskID string) string { return "marathon-" + taskID }

// executorOf is the executor of an app without the command; nil for Mesos' own.
func (o *LaunchOptions) executorOf(a *app.App) *mesos.ExecutorInfo {
	if a.Serve == nil && o.path(a) == "" {
		return nil
	}
	info := &mesos.ExecutorInfo{Resources: mesos.Resources{mesos.CPUs(0.1), mesos.Mem(32)}}
	if r := a.ExecutorResources; r != nil {
		info.Resources = mesos.Resources{mesos.CPUs(r.CPUs), mesos.Mem(r.Mem), mesos.Disk(r.Disk)}.Add()
	}
	return info
}

// path is that of an app's executor on the agents; empty for Mesos' own, and where Ormos' own serves.
func (o *LaunchOptions) path(a *app.App) string {
	chosen := a.Executor
	if chosen == "" {
		chosen = o.Executor
	}
	if chosen == commandExecutor || a.Serve != nil {
		return ""
	}
	return chosen
}

// executorCommand is what starts the app's executor, without its environment: Ormos' own, or the program at the path with the
// app's command after it, as Marathon does.
func (o *LaunchOptions) executorCommand(a *app.App) *mesos.CommandInfo {
	c := &mesos.CommandInfo{User: a.User, URIs: fetched(a.Fetch)}
	if a.Serve != nil {
		return o.serveCommand(a, c)
	}
	program := quoted(o.path(a))
	words := strings.Join(a.Args, " ")
	if a.Cmd != nil {
		words = *a.Cmd
	}
	c.Value = new(strings.TrimRight("chmod ug+rx "+program+" && exec "+program+" "+words, " "))
	return c
}

// quoted is a word for the shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

func (o *LaunchOptions) serveCommand(a *app.App, c *mesos.CommandInfo) *mesos.CommandInfo {
	own := *o.Serve
	own.URIs = append(append([]mesos.CommandInfoURI{}, own.URIs...), c.URIs...)
	if from := a.Serve.Archive; from != "" {
		own.URIs = append(own.URIs, mesos.CommandInfoURI{Value: from, Extract: new(false), OutputFile: new(archiveFile(from))})
	}
	if a.User != nil {
		own.User = a.User
	}
	return &own
}

// Served is what Ormos' executor is to serve: it stands in the task's data, as JSON. One of Body, Directory and Archive is set.
type Served struct {
	// Port is the one to listen on, on all addresses.
	Port int `json:"port"`
	// Body is the answer to every request, of the type ContentType (text/plain; charset=utf-8 when empty).
	Body        *string `json:"body,omitempty"`
	ContentType string  `json:"contentType,omitempty"`
	// Directory is on the agent, absolute or below the sandbox.
	Directory string `json:"directory,omitempty"`
	// Archive is a file in the sandbox, which the agent has fetched as it is: a .tar, .tar.gz, .tgz or .zip, told by its
	// name. What is in it is to be unpacked beside it and served.
	Archive string `json:"archive,omitempty"`
}

// served is the data of a task that serves.
func served(a *app.App, ports []bound) []byte {
	s := Served{Body: a.Serve.Body, ContentType: a.Serve.ContentType, Directory: a.Serve.Directory}
	if len(ports) > 0 {
		s.Port = ports[0].task
	}
	if a.Serve.Archive != "" {
		s.Archive = archiveFile(a.Serve.Archive)
	}
	data, _ := json.Marshal(s) // texts and a number: it cannot fail
	return data
}

// archiveFile is the name that an archive gets in the sandbox: it keeps the suffix, which tells what it is.
func archiveFile(uri string) string {
	name, _, _ := strings.Cut(uri, "?")
	name = path.Base(name)
	for _, suffix := range []string{".tar.gz", ".tgz", ".tar", ".zip"} {
		if strings.HasSuffix(strings.ToLower(name), suffix) {
			return "served" + suffix
		}
	}
	return "served"
}
