package framework

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/engine"
	"github.com/ormosproject/ormos/internal/memory"
)

// heard is what a prober has told, each with the time since the test began.
type heard struct {
	began time.Time
	mu    sync.Mutex
	all   []string
}

func (h *heard) tell(_ context.Context, in engine.Input) {
	h.mu.Lock()
	defer h.mu.Unlock()
	text := ""
	switch in := in.(type) {
	case engine.Probed:
		text = fmt.Sprintf("%s/%d %v %s", in.TaskID, in.Check, in.Alive, in.Cause)
	case engine.Readied:
		text = fmt.Sprintf("%s/%d %v", in.TaskID, in.Check, in.Ready)
		if r := in.Response; r != nil {
			text += fmt.Sprintf(" %d %s %q", r.Status, r.ContentType, r.Body)
		}
	}
	h.all = append(h.all, fmt.Sprintf("%v %s", time.Since(h.began), strings.TrimSpace(text)))
}

// probing runs a test in virtual time with a prober whose tasks are on the network.
func probing(t *testing.T, test func(n *memory.Network, p *prober, h *heard)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h, n := &heard{began: time.Now()}, memory.New()
		p := newProber(h.tell, n.Dial)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := p.run(ctx); err != nil {
				t.Error(err)
			}
		})
		test(n, p, h)
		cancel()
		running.Wait()
	})
}

// serveOn has a handler answer at a port until the result is called.
func serveOn(t *testing.T, n *memory.Network, port int, handler http.HandlerFunc) (end func()) {
	t.Helper()
	l, err := n.Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l)
	}()
	return func() {
		_ = server.Close()
		<-ended
	}
}

func (h *heard) wants(t *testing.T, want ...string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if diff := cmp.Diff(want, h.all); diff != "" {
		t.Error(diff)
	}
	h.all = nil
}

func (h *heard) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.all)
}

func after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func healthOf(checks ...app.HealthCheck) *app.App { return &app.App{ID: "/web", HealthChecks: checks} }

const refused = "false dial tcp 127.0.0.1:80: connection refused"

// Before the first success failures do not count as long as the grace period lasts: then it is asked eagerly, so that it is soon known to be well.
func TestATaskThatStartsIsAskedEagerly(t *testing.T) {
	probing(t, func(n *memory.Network, p *prober, h *heard) {
		a := healthOf(app.HealthCheck{Protocol: app.HTTP, GracePeriodSeconds: 300, IntervalSeconds: 10, TimeoutSeconds: 20})
		p.order([]engine.Probe{{TaskID: "t", App: a, Host: "127.0.0.1", Ports: []int{80}, Since: time.Now()}})
		after(3 * time.Second)
		h.wants(t, "0s t/0 "+refused, "250ms t/0 "+refused, "750ms t/0 "+refused, "1.75s t/0 "+refused)
		defer serveOn(t, n, 80, func(http.ResponseWriter, *http.Request) {})()
		after(22 * time.Second)
		h.wants(t, "3.75s t/0 true", "13.75s t/0 true", "23.75s t/0 true")
		p.order([]engine.Probe{{TaskID: "t"}})
		after(time.Minute)
		h.wants(t)
	})
}

// Where every failure counts a task is asked as Marathon does: first after 5 s at most, then every interval.
func TestWhereFailuresCountItIsAskedAtMarathonsPace(t *testing.T) {
	for interval, want := range map[int][]string{60: {"5s", "1m5s", "2m5s"}, 2: {"2s", "4s", "6s"}, 0: {"250ms", "500ms", "750ms"}} {
		probing(t, func(n *memory.Network, p *prober, h *heard) {
			a := healthOf(app.HealthCheck{Protocol: app.TCP, IntervalSeconds: interval, TimeoutSeconds: 1})
			p.order([]engine.Probe{{TaskID: "t", App: a, Host: "127.0.0.1", Ports: []int{80}, Since: time.Now()}})
			for _, at := range want {
				when, err := time.ParseDuration(at)
				if err != nil {
					t.Fatal(err)
				}
				after(time.Until(h.began.Add(when)))
				h.wants(t, at+" t/0 "+refused)
			}
		})
	}
}

// Failures in the grace period become ones that count at its end.
func TestTheGracePeriodEnds(t *testing.T) {
	probing(t, func(_ *memory.Network, p *prober, h *heard) {
		a := healthOf(app.HealthCheck{Protocol: app.TCP, GracePeriodSeconds: 1, IntervalSeconds: 60, TimeoutSeconds: 1})
		p.order([]engine.Probe{{TaskID: "t", App: a, Host: "127.0.0.1", Ports: []int{80}, Since: time.Now()}})
		after(2 * time.Minute)
		h.wants(t, "0s t/0 "+refused, "250ms t/0 "+refused, "750ms t/0 "+refused, "1.75s t/0 "+refused, "1m1.75s t/0 "+refused)
	})
}

func TestWhatHealthChecksAsk(t *testing.T) {
	for _, c := range []struct {
		name  string
		check app.HealthCheck
		want  string // nothing for no answer
	}{
		{"at the path", app.HealthCheck{Protocol: app.HTTP, Path: "/health?deep=yes"}, "0s t/0 true"},
		{"the first port by itself", app.HealthCheck{Protocol: app.HTTP}, "0s t/0 true"},
		{"another port", app.HealthCheck{Protocol: app.HTTP, PortIndex: new(1)}, "0s t/0 false dial tcp 127.0.0.1:81: connection refused"},
		{"a number wins", app.HealthCheck{Protocol: app.HTTP, Port: new(80), PortIndex: new(1)}, "0s t/0 true"},
		{"no such port", app.HealthCheck{Protocol: app.TCP, PortIndex: new(2)}, "0s t/0 false the task has no such port"},
		{"a redirection is well", app.HealthCheck{Protocol: app.HTTP, Path: "/moved"}, "0s t/0 true"},
		{"an error is not", app.HealthCheck{Protocol: app.HTTP, Path: "broken"}, "0s t/0 false 503 Service Unavailable"},
		{"nor is what is not found", app.HealthCheck{Protocol: app.HTTP, Path: "/none"}, "0s t/0 false 404 Not Found"},
		{"too slow", app.HealthCheck{Protocol: app.HTTP, Path: "/silent", TimeoutSeconds: 20}, "20s t/0 false no answer within 20s"},
		{"interim", app.HealthCheck{Protocol: app.HTTP, Path: "/interim"}, "0s t/0 false 101 Switching Protocols"},
		{"interim ignored", app.HealthCheck{Protocol: app.HTTP, Path: "/interim", IgnoreHTTP1xx: new(true)}, ""},
		{"connects", app.HealthCheck{Protocol: app.TCP}, "0s t/0 true"},
		{"no https there", app.HealthCheck{Protocol: app.HTTPS}, "0s t/0 false http: server gave HTTP response to HTTPS client"},
		{"the agent's", app.HealthCheck{Protocol: app.MesosHTTP}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			probing(t, func(n *memory.Network, p *prober, h *heard) {
				defer serveOn(t, n, 80, func(w http.ResponseWriter, r *http.Request) {
					switch r.URL.Path {
					case "/health":
						if r.URL.Query().Get("deep") != "yes" || r.Header.Get("User-Agent") != "ormos" {
							w.WriteHeader(http.StatusBadRequest)
						}
					case "/moved":
						http.Redirect(w, r, "/none", http.StatusFound)
					case "/broken":
						w.WriteHeader(http.StatusServiceUnavailable)
					case "/none":
						http.NotFound(w, r)
					case "/interim":
						w.WriteHeader(http.StatusSwitchingProtocols)
					case "/silent":
						<-r.Context().Done()
					}
				})()
				c.check.IntervalSeconds = 3600
				c.check.GracePeriodSeconds = 0
				if c.check.TimeoutSeconds == 0 {
					c.check.TimeoutSeconds = 5
				}
				// Since a while, so that it is asked within 5 s; what is wanted is told from then on.
				after(5 * time.Second)
				since := h.began
				h.began = time.Now()
				p.order([]engine.Probe{{TaskID: "t", App: healthOf(c.check), Host: "127.0.0.1", Ports: []int{80, 81}, Since: since}})
				after(30 * time.Second)
				if c.want == "" {
					h.wants(t)
				} else {
					h.wants(t, c.want)
				}
			})
		})
	}
}

// A readiness check is asked until it is answered well, once; what was answered is told.
func TestReadiness(t *testing.T) {
	probing(t, func(n *memory.Network, p *prober, h *heard) {
		a := &app.App{
			ID: "/web", PortDefinitions: []app.PortDefinition{{Name: "other"}, {Name: "http-api"}},
			ReadinessChecks: []app.ReadinessCheck{{
				Protocol: "HTTP", Path: "/ready", PortName: "http-api", IntervalSeconds: 1, TimeoutSeconds: 1, HTTPStatusCodesForReady: []int{200, 302},
			}},
		}
		var ready atomic.Bool
		defer serveOn(t, n, 81, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/x")
			if !ready.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			io.WriteString(w, strings.Repeat("x", 3)+r.URL.Path)
		})()
		order := engine.Probe{TaskID: "t", App: a, Host: "127.0.0.1", Ports: []int{80, 81}, Readiness: true, Since: time.Now()}
		p.order([]engine.Probe{order})
		after(2 * time.Second)
		no := ` t/0 false 503 text/x "xxx/ready"`
		h.wants(t, "0s"+no, "250ms"+no, "750ms"+no, "1.75s"+no)
		ready.Store(true)
		after(time.Minute)
		h.wants(t, `2.75s t/0 true 200 text/x "xxx/ready"`)

		order.Readiness = false
		p.order([]engine.Probe{order}) // nobody waits for it
		after(time.Minute)
		h.wants(t)

		mapped := *a
		mapped.Container = &app.Container{PortMappings: []app.PortMapping{{Name: "http-api"}}}
		order.App, order.Readiness, order.Ports = &mapped, true, []int{82}
		p.order([]engine.Probe{order})
		after(0)
		h.wants(t, "2m2s t/0 false")
	})
}

// What ran before this process began is known from before: it is not all asked at the same moment.
func TestAfterARestartTasksAreNotAskedAllAtOnce(t *testing.T) {
	probing(t, func(_ *memory.Network, p *prober, h *heard) {
		a := healthOf(app.HealthCheck{Protocol: app.TCP, GracePeriodSeconds: 300, IntervalSeconds: 60, TimeoutSeconds: 1})
		var orders []engine.Probe
		for i := range 1000 {
			orders = append(orders, engine.Probe{TaskID: fmt.Sprint(i), App: a, Host: "127.0.0.1", Ports: []int{80}, Since: h.began.Add(-time.Hour)})
		}
		p.order(orders)
		after(0)
		if n := h.count(); n > 100 {
			t.Errorf("%d are asked at once", n)
		}
		after(firstAfter)
		if n := h.count(); n != 1000 {
			t.Errorf("%d are asked within %v", n, firstAfter)
		}
	})
}

// However many there are to ask and however slow they are, not more than so many are asked at a time; in the end all are.
func TestHowManyAreAskedAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asking, most atomic.Int64
		h := &heard{began: time.Now()}
		p := newProber(h.tell, func(ctx context.Context, _, _ string) (net.Conn, error) {
			most.Store(max(most.Load(), asking.Add(1)))
			defer asking.Add(-1)
			<-ctx.Done()
			return nil, errors.New("slow")
		})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = p.run(ctx) })
		a := healthOf(app.HealthCheck{Protocol: app.TCP, IntervalSeconds: 600, TimeoutSeconds: 1})
		for i := range 10_000 {
			p.order([]engine.Probe{{TaskID: fmt.Sprint(i), App: a, Host: "h", Ports: []int{80}, Since: time.Now()}})
		}
		after(5*time.Second + 10_000/maxAsking*time.Second + time.Second)
		if n := most.Load(); n != maxAsking {
			t.Errorf("%d were asked at a time", n)
		}
		if h.count() != 10_000 {
			t.Errorf("%d were asked", h.count())
		}
		cancel()
		running.Wait()
	})
}

// Once its probe has ended nothing more is told of a task, also of what was asked before.
func TestNothingIsToldAfterTheEnd(t *testing.T) {
	probing(t, func(n *memory.Network, p *prober, h *heard) {
		asked := make(chan struct{})
		defer serveOn(t, n, 80, func(_ http.ResponseWriter, r *http.Request) {
			close(asked)
			<-r.Context().Done()
		})()
		a := healthOf(app.HealthCheck{Protocol: app.HTTP, GracePeriodSeconds: 10, IntervalSeconds: 10, TimeoutSeconds: 20})
		p.order([]engine.Probe{{TaskID: "t", App: a, Host: "127.0.0.1", Ports: []int{80}, Since: time.Now()}})
		<-asked
		p.order([]engine.Probe{{TaskID: "t"}})
		after(time.Hour)
		h.wants(t)
	})
}
