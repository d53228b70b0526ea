package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/engine"
	"github.com/ormosproject/ormos/security"
)

// The limits that [Options] does not say.
const (
	// DefaultMaxBody is how long a request's body may be, in bytes: a group of 10,000 apps has about 10 MB.
	DefaultMaxBody = 32 << 20
	// DefaultMaxRequests is how many requests are answered at the same time.
	DefaultMaxRequests = 512
	// DefaultMaxStreams is how many event streams there may be.
	DefaultMaxStreams = 10_000
)

// What requests may take together: all bodies so many times the longest one, all answers that are being sent so many bytes. Backups are few at a time:
// each has all records in memory.
const (
	maxBodies  = 8
	maxAnswers = 1 << 30
	maxBackups = 2
)

// Options say what the API tells of, and to whom.
type Options struct {
	// Framework is needed.
	Framework Framework
	// Hub is where events come from; nil is one that nobody else publishes to.
	Hub *Hub
	// Metrics are counted by the framework; nil is those of the API alone.
	Metrics *Metrics
	// Server is what /v2/info and /v2/leader tell.
	Server Server
	// Principal and Secret are asked of every request but /ping; both empty ask nobody.
	Principal string
	Secret    security.Secret
	// Names are those by which this server may be called beside localhost and addresses, when it asks nobody who they are; nil is any. Give
	// them, if only an empty slice, where it listens on this machine only: then a page in a browser cannot have a name of its own lead here.
	Names []string
	// MaxBody is in bytes, MaxRequests and MaxStreams are how many at the same time. 0 is the default of each.
	MaxBody                 int64
	MaxRequests, MaxStreams int
	// Backup writes all records as they are at one moment; nil has /v1/backup say that there is none.
	Backup func(ctx context.Context, w io.Writer) error
	// Abdicate has the process end, for its supervisor to start it again; nil has DELETE /v2/leader say that it cannot be.
	Abdicate func()
	// Level is what /logging shows and changes; nil is one that changes nothing.
	Level *slog.LevelVar
	// Log is for what goes wrong; nil drops it.
	Log *slog.Logger
	// Now is the time; nil is time.Now.
	Now func() time.Time
}

// API answers requests. It is made by [New], and may be used from many goroutines.
type API struct {
	framework Framework
	hub       *Hub
	metrics   *Metrics
	server    Server
	guard     *guard
	origins   *http.CrossOriginProtection
	names     []string
	maxBody   int64
	bodies    room
	answers   room
	requests  gate
	streams   gate
	backups   gate
	backup    func(context.Context, io.Writer) error
	abdicate  func()
	levels    *levels
	log       *slog.Logger
	now       func() time.Time
	router    *router
	apps      appCache
}

// New returns the handler of the whole API. Its error names the option that is wrong.
func New(o Options) (*API, error) {
	if o.Framework == nil {
		return nil, errors.New("the API needs a Framework")
	}
	if (o.Principal == "") != (o.Secret == "") {
		return nil, errors.New("the API needs both a principal and its secret, or neither")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Hub == nil {
		o.Hub = NewHub(HubOptions{Now: o.Now})
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics()
	}
	if o.Level == nil {
		o.Level = new(slog.LevelVar)
	}
	a := &API{
		framework: o.Framework, hub: o.Hub, metrics: o.Metrics, server: o.Server,
		guard: newGuard(o.Principal, o.Secret), origins: http.NewCrossOriginProtection(), names: o.Names, maxBody: first(o.MaxBody, DefaultMaxBody),
		answers: newRoom(maxAnswers), requests: newGate(first(o.MaxRequests, DefaultMaxRequests)), streams: newGate(first(o.MaxStreams, DefaultMaxStreams)),
		backups: newGate(maxBackups),
		backup:  o.Backup, abdicate: o.Abdicate, levels: newLevels(o.Level, o.Log), log: o.Log, now: o.Now,
		router: newRouter(routes()),
	}
	a.bodies = newRoom(maxBodies * a.maxBody)
	a.metrics.watch(a)
	return a, nil
}

func first[T int | int64](n, otherwise T) T {
	if n > 0 {
		return n
	}
	return otherwise
}

// Hub is where the event streams of this API come from.
func (a *API) Hub() *Hub { return a.hub }

// view is what there is now, or an error that says that there is nothing yet.
func (a *API) view() (*engine.View, error) {
	if v := a.framework.View(); v != nil {
		return v, nil
	}
	return nil, &app.Error{Code: app.Unready, Message: "The server is not ready yet", Hint: "try again in a moment"}
}

// do carries out a command.
func (a *API) do(r *request, c engine.Command) (engine.Result, error) {
	result, err := a.framework.Do(r.Context(), c)
	if err != nil {
		a.log.Warn("a command was not carried out", "method", r.Method, "path", r.URL.Path, "error", err)
		return result, &app.Error{Code: app.Unready, Message: "The server could not carry this out, or does not know whether it did: it ends, or its store fails"}
	}
	if result.Err != nil {
		return result, result.Err
	}
	return result, nil
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t := &tracked{ResponseWriter: w}
	done := a.metrics.begin(a.now())
	defer func() { done(a.now(), t.status, t.stream) }()
	defer a.recover(t, r)
	h := t.Header()
	a.server.mark(h)
	route, values, allowed := a.router.find(r.Method, r.URL.Path)
	if err := a.admit(t, r, route, allowed); err != nil {
		a.fail(t, r, err)
		return
	}
	request := &request{Request: r, values: values, query: r.URL.Query()}
	if route.stream != nil {
		t.stream = true
		patient(w)
		if err := route.stream(a, t, request); err != nil {
			a.fail(t, r, err)
		}
		return
	}
	answer, err := a.handle(t, request, route)
	if err == nil && !a.answers.take(int64(len(answer.body))) {
		err = &refusal{http.StatusServiceUnavailable, "Too many long answers at the same time"}
	}
	if err != nil {
		a.fail(t, r, err)
		return
	}
	defer a.answers.give(int64(len(answer.body)))
	answer.write(t, r)
}

// handle has a request answered, a bounded number of them at the same time: from when all of it is here until there is an answer.
func (a *API) handle(w http.ResponseWriter, r *request, route *route) (*answer, error) {
	if route.takes != nil {
		leave, err := a.receive(w, r)
		if err != nil {
			return nil, err
		}
		defer leave()
	}
	if !a.requests.enter() {
		return nil, &refusal{http.StatusServiceUnavailable, "Too many requests at the same time"}
	}
	defer a.requests.leave()
	return route.handle(a, r)
}

// patient lifts the limits on how long a request and its answer may take, for answers that are as long as they are. Where they cannot be lifted there are
// none.
func patient(w http.ResponseWriter) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Time{})
}

// fail answers with an error, unless an answer has begun: then the connection is cut, so that nobody takes half of it for all.
func (a *API) fail(t *tracked, r *http.Request, err error) {
	status, body, known := explain(err, own(r.URL.Path))
	if !known {
		a.log.Error("cannot answer a request", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	if t.status != 0 {
		panic(http.ErrAbortHandler)
	}
	text, err := encode(body)
	if err != nil {
		text = []byte(`{"message":"Internal error"}`)
	}
	(&answer{status: status, body: text}).write(t, r)
}

// tracked remembers the status that was sent.
type tracked struct {
	http.ResponseWriter
	status int
	stream bool
}

// Unwrap is for [http.ResponseController].
func (t *tracked) Unwrap() http.ResponseWriter { return t.ResponseWriter }

func (t *tracked) WriteHeader(status int) {
	if t.status == 0 {
		t.status = status
	}
	t.ResponseWriter.WriteHeader(status)
}

func (t *tracked) Write(b []byte) (int, error) {
	if t.status == 0 {
		t.status = http.StatusOK
	}
	return t.ResponseWriter.Write(b)
}
