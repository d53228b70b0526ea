package api

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ormosproject/ormos/app"
)

// crowd is an API with so many apps of one instance each, all running.
func crowd(b *testing.B, apps int) (*stage, *API) {
	b.Helper()
	s := newStage(b)
	a := newAPI(b, s, nil)
	var text strings.Builder
	for n := range apps {
		fmt.Fprintf(&text, `%c{"id":"/team-%d/service-%d","cmd":"exec serve --port $PORT0","cpus":0.1,"mem":32,"labels":{"team":"%d","tier":"front"},
			"env":{"DATABASE":"db.example.org","LEVEL":"info"},"healthChecks":[{"protocol":"MESOS_HTTP","path":"/health"}]}`, ",["[min(1, 1-min(1, n))], n%20, n, n%20)
	}
	text.WriteByte(']')
	if w := ask(a, "PUT", "/v2/apps", text.String()); w.Code != 200 {
		b.Fatal(w.Code, w.Body)
	}
	s.settle(true)
	return s, a
}

// nowhere counts what is written.
type nowhere struct {
	header http.Header
	size   int
}

func (n *nowhere) Header() http.Header { return n.header }
func (n *nowhere) WriteHeader(int)     {}
func (n *nowhere) Write(b []byte) (int, error) {
	n.size += len(b)
	return len(b), nil
}

// GET /v2/apps with 1,000 apps. Marathon's own figure is 122.7 a second, 86 MB/s; the goal is 3,700.
//
//	handler: without HTTP around it      http: over a connection on loopback, read by the same process      gzip: the same, compressed
//	changing: one app is another each time
func BenchmarkApps(b *testing.B) {
	s, a := crowd(b, 1000)
	b.Run("handler", func(b *testing.B) {
		r := httptest.NewRequest("GET", "/v2/apps", nil)
		size := 0
		for b.Loop() {
			w := &nowhere{header: http.Header{}}
			a.ServeHTTP(w, r)
			size = w.size
		}
		b.SetBytes(int64(size))
	})
	server := httptest.NewServer(a)
	defer server.Close()
	b.Run("http", func(b *testing.B) { get(b, server.Listener.Addr().String(), "") })
	b.Run("gzip", func(b *testing.B) { get(b, server.Listener.Addr().String(), "Accept-Encoding: gzip\r\n") })
	b.Run("changing", func(b *testing.B) {
		r := httptest.NewRequest("GET", "/v2/apps", nil)
		n := 0
		for b.Loop() {
			b.StopTimer()
			n++
			if w := ask(a, "PATCH", fmt.Sprintf("/v2/apps/team-%d/service-%d?force=true", n%20, n%1000), fmt.Sprintf(`{"labels":{"n":"%d"}}`, n)); w.Code != 200 {
				b.Fatal(w.Code, w.Body)
			}
			s.settle(true)
			b.StartTimer()
			a.ServeHTTP(&nowhere{header: http.Header{}}, r)
		}
	})
}

// get asks for all apps over one connection, and reads the answers with as little work as can be.
func get(b *testing.B, address, header string) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReaderSize(c, 1<<20)
	size := int64(0)
	cpu := processor()
	for b.Loop() {
		if _, err := io.WriteString(c, "GET /v2/apps HTTP/1.1\r\nHost: x\r\n"+header+"\r\n"); err != nil {
			b.Fatal(err)
		}
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			b.Fatal(err)
		}
		if size, err = io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != 200 {
			b.Fatal(answer.Status, err)
		}
	}
	b.SetBytes(size)
	b.ReportMetric(float64((processor()-cpu).Microseconds())/float64(b.N), "cpu-µs/op")
}

// processor is how long the processors have worked for this process, both ends of its connections and the kernel included: what it would take at least
// on a machine that has nothing else to do.
func processor() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // does not fail for oneself
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// Events to 1,000 readers over connections on loopback, all in this process. One op is one event that all have read.
func BenchmarkEvents(b *testing.B) {
	for _, readers := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) { benchEvents(b, readers) })
	}
}

func benchEvents(b *testing.B, readers int) {
	s := newStage(b)
	s.hub = NewHub(HubOptions{Outstanding: 1 << 16, Window: 1 << 16})
	server := httptest.NewServer(newAPI(b, s, nil))
	defer server.Close()
	defer s.hub.Close()
	const burst = 256
	var read sync.WaitGroup // of the readers, for a burst
	for range readers {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "GET /v2/events?event_type=status_update_event HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n"); err != nil {
			b.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReaderSize(c, 64<<10), nil)
		if err != nil {
			b.Fatal(err)
		}
		go func() {
			buffer := make([]byte, 64<<10)
			seen := 0
			for {
				n, err := answer.Body.Read(buffer)
				if err != nil {
					return
				}
				before := seen / (3 * burst) // an event has three lines
				seen += bytes.Count(buffer[:n], []byte("\n"))
				for range seen/(3*burst) - before {
					read.Done()
				}
			}
		}()
	}
	event := app.StatusUpdate{
		Stamp: app.Stamp{EventType: app.EventStatusUpdate, Timestamp: app.At(noon)}, AgentID: "20261126-120000-S0", TaskID: "shop_web.instance-1._app.1",
		TaskStatus: "TASK_RUNNING", AppID: "/shop/web", Host: "agent-1.example.org", Ports: []int{31000, 31001}, Version: app.At(noon),
	}
	cpu := processor()
	b.ResetTimer()
	events := 0
	for b.Loop() {
		read.Add(readers)
		for range burst {
			s.hub.Publish(event)
		}
		read.Wait()
		events += burst
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64((processor()-cpu).Nanoseconds())/float64(events*readers), "cpu-ns/delivery")
	b.ReportMetric(float64(events*readers)/b.Elapsed().Seconds(), "deliveries/s")
}
