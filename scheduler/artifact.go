package scheduler

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// ArtifactOptions say which file is served and where. The zero value serves the running program to agents on the same machine.
type ArtifactOptions struct {
	// File is what is served; empty means the running program, which can so be scheduler and executor in one. Where agents run on other machines,
	// it is best built with CGO_ENABLED=0, so that it needs nothing of theirs.
	File string
	// Listen is the address to listen on, host:port. Empty means 127.0.0.1 and any free port; or, with Advertise, all addresses and
	// Advertise's port.
	Listen string
	// Advertise is the host, or host:port, under which agents reach this process; empty means the address listened on. A host without a port
	// goes with the port listened on.
	Advertise string
	// Token is a further element of the path, such as rand.Text() gives, for those who do not want everybody in reach to have the file. With
	// the same token and port the URI stays valid through restarts of the scheduler.
	Token string
	// Logger is told of requests, and when a file that is advertised needs the machine's libraries; nil logs nothing.
	Logger *slog.Logger
}

// An Artifact is a file that agents fetch from the scheduler over HTTP, as it was when it was opened, and nothing beside it. Agents
// fetch it for each launch (unless they cache it), so it is served for as long as the framework launches tasks.
type Artifact struct {
	file     *os.File
	modified time.Time
	size     int64
	listener net.Listener
	url      url.URL
	log      *slog.Logger
}

// OpenArtifact opens the file and begins to listen, so that URI is known. The caller calls Run, which serves and closes.
func OpenArtifact(o ArtifactOptions) (*Artifact, error) {
	a, err := openArtifact(o)
	if err != nil {
		return nil, fmt.Errorf("cannot serve an artifact: %w", err)
	}
	return a, nil
}

func openArtifact(o ArtifactOptions) (*Artifact, error) {
	if strings.ContainsAny(o.Token, "/?#%") {
		return nil, errors.New("the token is not one element of a path")
	}
	name := o.File
	if name == "" {
		program, err := os.Executable()
		if err != nil {
			return nil, err
		}
		name = program
	}
	a := &Artifact{log: o.Logger}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if err := a.open(name); err != nil {
		return nil, err
	}
	listen, advertised, err := addresses(o.Listen, o.Advertise)
	if err == nil {
		a.listener, err = net.Listen("tcp", listen)
	}
	if err != nil {
		a.file.Close()
		return nil, err
	}
	if o.Advertise != "" && linksDynamically(a.file) {
		a.log.Warn("agents whose system is an older or another one cannot run this program, which needs the system's libraries: build it with CGO_ENABLED=0",
			"program", name)
	}
	a.url = url.URL{Scheme: "http", Host: a.host(advertised), Path: "/" + filepath.Base(name)}
	if o.Token != "" {
		a.url.Path = "/" + o.Token + a.url.Path
	}
	return a, nil
}

func (a *Artifact) open(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", name)
	}
	if err != nil {
		file.Close()
		return err
	}
	a.file, a.modified, a.size = file, info.ModTime(), info.Size()
	return nil
}

// linksDynamically tells whether a file is a Linux program that a loader has to complete with libraries of the machine where it runs.
func linksDynamically(file io.ReaderAt) bool {
	program, err := elf.NewFile(file)
	return err == nil && slices.ContainsFunc(program.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}

// addresses works out where to listen, and what to advertise: host and port, of which either may be empty.
func addresses(listen, advertise string) (string, [2]string, error) {
	host, port := strings.Trim(advertise, "[]"), ""
	if h, p, err := net.SplitHostPort(advertise); err == nil {
		host, port = h, p
	} else if _, err := netip.ParseAddr(host); err != nil && strings.Contains(host, ":") {
		return "", [2]string{}, fmt.Errorf("%q is neither host nor host:port", advertise)
	}
	switch {
	case listen != "":
	case advertise == "":
		listen = "127.0.0.1:0"
	default:
		listen = net.JoinHostPort("", port)
	}
	return listen, [2]string{host, port}, nil
}

// host completes what is advertised by what is listened on.
func (a *Artifact) host(advertised [2]string) string {
	host, port := advertised[0], advertised[1]
	bound, _ := a.listener.Addr().(*net.TCPAddr)
	if port == "" {
		port = fmt.Sprint(bound.Port)
	}
	if host == "" {
		host = bound.IP.String()
		if bound.IP.IsUnspecified() {
			host = "127.0.0.1"
		}
	}
	return net.JoinHostPort(host, port)
}

// URL is where the file is.
func (a *Artifact) URL() string { return a.url.String() }

// URI is for a CommandInfo: the agent fetches the file into the sandbox under its own name, executable, not unpacked.
func (a *Artifact) URI() mesos.CommandInfoURI {
	return mesos.CommandInfoURI{Value: a.URL(), Executable: new(true), Extract: new(false)}
}

// Command is for an ExecutorInfo or a TaskInfo: the agent fetches the file and runs it with these arguments, under its own name and without a shell.
func (a *Artifact) Command(arguments ...string) *mesos.CommandInfo {
	name := filepath.Base(a.file.Name())
	program := a.URI()
	program.OutputFile = &name
	return &mesos.CommandInfo{
		Shell: new(false), Value: new("./" + name), Arguments: append([]string{name}, arguments...), URIs: []mesos.CommandInfoURI{program},
	}
}

// Run serves the file until ctx ends; then it returns nil when the requests at hand have ended, or were cut after a second.
func (a *Artifact) Run(ctx context.Context) error {
	defer a.file.Close()
	server := &http.Server{Handler: a, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug)}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(a.listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("cannot serve an artifact: %w", err)
	case <-ctx.Done():
	}
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if server.Shutdown(short) != nil {
		_ = server.Close() // the listener is closed already
	}
	<-ended
	return nil
}

// While serves the file for as long as do runs, whose context ends when serving fails.
func (a *Artifact) While(ctx context.Context, do func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() {
		defer stop()
		served <- a.Run(ctx)
	}()
	err := do(ctx)
	stop()
	return errors.Join(err, <-served)
}

// ServeHTTP answers GET and HEAD of the artifact's path, also of ranges, and nothing else.
func (a *Artifact) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != a.url.Path {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "an artifact is read with GET", http.StatusMethodNotAllowed)
		return
	}
	a.log.Debug("an agent fetches the artifact", "from", r.RemoteAddr)
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", a.modified, io.NewSectionReader(a.file, 0, a.size))
}
