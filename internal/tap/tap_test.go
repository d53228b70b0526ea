package tap_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/internal/memory"
	"github.com/ormosproject/ormos/internal/tap"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A master takes whatever is said, and tells of tasks.
type master struct {
	mu    sync.Mutex
	calls []string
	next  chan *scheduler.Event
}

func (m *master) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := new(scheduler.Call)
	media, ok := wire.ReadCall(w, r, 0, call)
	if !ok {
		return
	}
	m.mu.Lock()
	m.calls = append(m.calls, call.GetType().String())
	m.mu.Unlock()
	if call.GetType() != scheduler.CallTypeSubscribe {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	stream := wire.NewEventStream(media)
	w.Header().Set(wire.StreamID, "one")
	stream.Send(&scheduler.Event{Type: new(scheduler.EventTypeSubscribed), Subscribed: &scheduler.EventSubscribed{
		FrameworkID: mesos.FrameworkID{Value: "f"}, HeartbeatIntervalSeconds: new(3600.0),
	}})
	for event := range m.next {
		stream.Send(event)
	}
	stream.Close()
	_ = stream.Serve(w, r)
}

// toTell has a master tell of tasks and then end the stream.
func toTell(tasks []string) *master {
	m := &master{next: make(chan *scheduler.Event, len(tasks))}
	for _, id := range tasks {
		m.next <- &scheduler.Event{Type: new(scheduler.EventTypeUpdate), Update: &scheduler.EventUpdate{Status: mesos.TaskStatus{
			TaskID: mesos.TaskID{Value: id}, State: mesos.TaskRunning, AgentID: &mesos.AgentID{Value: "a"}, UUID: []byte(id),
		}}}
	}
	close(m.next)
	return m
}

// through runs a session that goes through the tap, for one subscription, and gives what it was told.
func through(t *testing.T, hooks tap.Hooks, tasks ...string) (told []string, m *master) {
	synctest.Test(t, func(t *testing.T) {
		m = toTell(tasks)
		network := memory.New()
		listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:5050")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: m}
		var serving sync.WaitGroup
		serving.Go(func() { server.Serve(listener) })
		tapped := &tap.Tap{Upstream: network.Dial, Hooks: hooks}
		session := scheduler.New(scheduler.Options{Master: "127.0.0.1:5050", Framework: mesos.FrameworkInfo{User: "me"}, Dial: tapped.Dial})
		for event, err := range session.Events(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := event.(*scheduler.EventUpdate); ok {
				told = append(told, e.Status.TaskID.Value)
			}
			if _, lost := event.(*scheduler.EventDisconnected); lost {
				break
			}
		}
		server.Close()
		tapped.Close()
		serving.Wait()
	})
	return told, m
}

func TestEverythingPasses(t *testing.T) {
	var calls, records []string
	told, m := through(t, tap.Hooks{
		Call: func(_ context.Context, x *tap.Exchange) error {
			calls = append(calls, fmt.Sprintf("%d %s %s %s %t", x.Connection, x.Method, x.Path, x.Media(), len(x.Call) > 0))
			return nil
		},
		Record: func(_ context.Context, x *tap.Exchange, record []byte) ([]byte, error) {
			var event scheduler.Event
			if err := x.Events().Decode(record, &event, nil); err != nil {
				t.Error(err)
			}
			records = append(records, event.GetType().String())
			return wire.AppendRecord(nil, record), nil
		},
	}, "a", "b")
	want := "[1 POST /api/v1/scheduler application/x-protobuf true 2 POST /api/v1/scheduler application/x-protobuf true 2 POST /api/v1/scheduler application/x-protobuf true]"
	if got := fmt.Sprint(calls); got != want {
		t.Errorf("calls: %s", got)
	}
	if got := fmt.Sprint(told, m.calls, records); got != "[a b] [SUBSCRIBE ACKNOWLEDGE ACKNOWLEDGE] [SUBSCRIBED UPDATE UPDATE]" {
		t.Errorf("got %s", got)
	}
}

// What a hook writes in place of a record is what the framework gets, and its error is the connection's end.
func TestRecordHook(t *testing.T) {
	for want, hook := range map[string]func(n int, record []byte) ([]byte, error){
		"[a b c]": func(_ int, record []byte) ([]byte, error) { return wire.AppendRecord(nil, record), nil },
		"[a c]": func(n int, record []byte) ([]byte, error) {
			if n == 2 {
				return nil, nil
			}
			return wire.AppendRecord(nil, record), nil
		},
		"[a a b b c c]": func(n int, record []byte) ([]byte, error) {
			raw := wire.AppendRecord(nil, record)
			if n > 0 {
				raw = wire.AppendRecord(raw, record)
			}
			return raw, nil
		},
		"[a]": func(n int, record []byte) ([]byte, error) {
			raw := wire.AppendRecord(nil, record)
			if n == 2 {
				return raw[:len(raw)/2], errors.New("cut in half")
			}
			return raw, nil
		},
	} {
		n := -1
		told, _ := through(t, tap.Hooks{Record: func(_ context.Context, _ *tap.Exchange, record []byte) ([]byte, error) {
			n++
			return hook(n, record)
		}}, "a", "b", "c")
		if got := fmt.Sprint(told); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// A hook may answer a call, refuse a connection, or lose an answer.
func TestCallHooks(t *testing.T) {
	var lost []string
	_, m := through(t, tap.Hooks{Call: func(_ context.Context, x *tap.Exchange) error {
		x.Status, x.Answer, x.Body = http.StatusServiceUnavailable, http.Header{"X": {"y"}}, []byte("not now")
		return nil
	}})
	if len(m.calls) != 0 {
		t.Errorf("the master got %v", m.calls)
	}
	through(t, tap.Hooks{Dial: func(_ context.Context, address string) error { return fmt.Errorf("nobody at %s", address) }})
	_, m = through(t, tap.Hooks{Answer: func(_ context.Context, x *tap.Exchange) error {
		if x.Stream {
			return nil
		}
		lost = append(lost, fmt.Sprint(x.Status))
		return errors.New("the answer is lost")
	}}, "a")
	if fmt.Sprint(lost, m.calls) != "[202] [SUBSCRIBE ACKNOWLEDGE]" {
		t.Errorf("lost %v of %v", lost, m.calls)
	}
}

// What is no call of Mesos passes as it is, and a tap serves programs of their own over sockets.
func TestServe(t *testing.T) {
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
		http.NewResponseController(w).Flush()
		fmt.Fprint(w, r.Method, r.URL, r.Header.Get("X"))
	})}
	upstream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tapped := &tap.Tap{}
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(upstream) })
	serving.Go(func() { tapped.Serve(t.Context(), listener, upstream.Addr().String()) })
	transport := &http.Transport{}
	r, _ := http.NewRequest(http.MethodPut, "http://"+listener.Addr().String()+"/x?y", nil)
	r.Header.Set("X", "header")
	for range 2 {
		answer, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "PUT/x?yheader" {
			t.Errorf("got %q, %v", body, err)
		}
		answer.Body.Close()
	}
	transport.CloseIdleConnections()
	listener.Close()
	server.Close()
	tapped.Close()
	serving.Wait()
}

// A master that goes away takes idle connections with it.
func TestTheMasterGoesAway(t *testing.T) {
	up, master := memory.Pipe()
	tapped := &tap.Tap{Upstream: func(context.Context, string, string) (net.Conn, error) { return up, nil }}
	defer tapped.Close()
	conn, err := tapped.Dial(t.Context(), "tcp", "master:5050")
	if err != nil {
		t.Fatal(err)
	}
	master.Close()
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v", err)
	}
}
