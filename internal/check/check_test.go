package check

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/mesos"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func commandCheck(delay, interval, timeout *float64) Check {
	return OfCheck(&mesos.CheckInfo{
		Type: new(mesos.CheckInfoTypeCommand), Command: &mesos.CheckInfoCommand{}, DelaySeconds: delay, IntervalSeconds: interval, TimeoutSeconds: timeout,
	})
}

// The first check comes after the delay, each further one an interval after the end of the one before; one that takes too long has no
// result.
func TestTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		begin := time.Now()
		takes := []time.Duration{time.Second, time.Hour, 0}
		var started []time.Duration
		var codes []bool
		c := commandCheck(nil, nil, nil)
		c.Run(ctx, begin, func(ctx context.Context, _ *mesos.CommandInfo) (int32, error) {
			started = append(started, time.Since(begin))
			select {
			case <-time.After(takes[len(started)-1]):
				return 0, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}, func(s mesos.CheckStatusInfo) {
			if codes = append(codes, Passed(&s)); len(codes) == 3 {
				cancel()
			}
		})
		for i, want := range []time.Duration{15, 15 + 1 + 10, 15 + 1 + 10 + 20 + 10} {
			if started[i] != want*time.Second {
				t.Errorf("check %d at %v, want %v", i, started[i], want*time.Second)
			}
		}
		if !codes[0] || codes[1] || !codes[2] {
			t.Errorf("passed: %v", codes)
		}
	})
}

// A task that runs for long, as after a restart of its agent, is checked at once. A result that comes after the end is not told.
func TestLateStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		begin := time.Now()
		c := commandCheck(new(60.0), nil, new(0.0))
		c.Run(ctx, begin.Add(-time.Hour), func(context.Context, *mesos.CommandInfo) (int32, error) {
			cancel()
			return 0, nil
		}, func(mesos.CheckStatusInfo) { t.Error("told") })
		if time.Since(begin) != 0 {
			t.Errorf("after %v", time.Since(begin))
		}
	})
}

func TestSeconds(t *testing.T) {
	for value, want := range map[float64]time.Duration{
		0: 0, 0.5: time.Second / 2, -1: 0, math.Inf(1): math.MaxInt64, 1e300: math.MaxInt64, 1e9: 1e9 * time.Second,
	} {
		if got := seconds(&value, 1); got != want {
			t.Errorf("%v: got %v, want %v", value, got, want)
		}
	}
	if got := seconds(new(math.NaN()), 1); got < 0 {
		t.Errorf("NaN: %v", got)
	}
}

// once performs a check of a port.
func once(t *testing.T, c Check) mesos.CheckStatusInfo {
	t.Helper()
	return c.once(t.Context(), func(context.Context, *mesos.CommandInfo) (int32, error) { return 0, errors.New("no command") })
}

func portOf(t *testing.T, address string) uint32 {
	t.Helper()
	_, text, err := net.SplitHostPort(strings.TrimPrefix(strings.TrimPrefix(address, "https://"), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(port)
}

func TestHTTP(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/ok", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	mux.Handle("/moved", http.RedirectHandler("/ok", http.StatusFound))
	mux.Handle("/lost", http.RedirectHandler("/gone", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	for scheme, server := range map[string]*httptest.Server{"http": httptest.NewServer(mux), "https": httptest.NewTLSServer(mux)} {
		defer server.Close()
		for path, want := range map[string]uint32{"/ok": 200, "/moved": 200, "/gone": 404, "/lost": 404, "/loop": 302} {
			c := OfHealthCheck(&mesos.HealthCheck{HTTP: &mesos.HealthCheckHTTPCheckInfo{Port: portOf(t, server.URL), Path: &path, Scheme: &scheme}})
			if s := once(t, c); s.HTTP.GetStatusCode() != want || s.GetType() != mesos.CheckInfoTypeHTTP || Passed(&s) != (want < 400) {
				t.Errorf("%s %s: %s", scheme, path, &s)
			}
		}
	}
	c := OfCheck(&mesos.CheckInfo{Type: new(mesos.CheckInfoTypeHTTP), HTTP: &mesos.CheckInfoHTTP{Port: closedPort(t)}})
	if s := once(t, c); s.HTTP == nil || s.HTTP.StatusCode != nil || Passed(&s) {
		t.Errorf("nobody listens: %s", &s)
	}
}

func closedPort(t *testing.T) uint32 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return portOf(t, l.Addr().String())
}

func TestTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for port, want := range map[uint32]bool{portOf(t, l.Addr().String()): true, closedPort(t): false} {
		check := OfCheck(&mesos.CheckInfo{Type: new(mesos.CheckInfoTypeTCP), TCP: &mesos.CheckInfoTCP{Port: port}})
		health := OfHealthCheck(&mesos.HealthCheck{TCP: &mesos.HealthCheckTCPCheckInfo{Port: port}})
		for _, c := range []Check{check, health} {
			if s := once(t, c); s.TCP.Succeeded == nil || s.TCP.GetSucceeded() != want || Passed(&s) != want {
				t.Errorf("port %d: %s", port, &s)
			}
		}
	}
}

func TestHealth(t *testing.T) {
	start := time.Unix(1000, 0)
	type step struct {
		after      time.Duration
		passed     bool
		tell, kill bool
		why        string
	}
	for name, steps := range map[string][]step{
		"grace": {
			{9 * time.Second, false, false, false, "in the grace period"},
			{10 * time.Second, false, true, false, "after it"},
			{11 * time.Second, false, true, false, ""},
			{12 * time.Second, false, true, true, "three in a row"},
		},
		"success ends the grace": {
			{time.Second, true, true, false, "first success"},
			{2 * time.Second, true, false, false, "the same again"},
			{3 * time.Second, false, true, false, "counts"},
			{4 * time.Second, true, true, false, "again healthy"},
			{5 * time.Second, false, true, false, "counts from one"},
			{6 * time.Second, false, true, false, ""},
			{7 * time.Second, false, true, true, ""},
		},
	} {
		h := NewHealth(&mesos.HealthCheck{}, start)
		for i, s := range steps {
			if tell, kill := h.Judge(start.Add(s.after), s.passed); tell != s.tell || kill != s.kill {
				t.Errorf("%s, step %d (%s): tell %v, kill %v", name, i, s.why, tell, kill)
			}
		}
	}
	h := NewHealth(&mesos.HealthCheck{ConsecutiveFailures: new(uint32(0)), GracePeriodSeconds: new(0.0)}, start)
	if _, kill := h.Judge(start, false); !kill {
		t.Error("0 failures are too many at the first")
	}
	h = NewHealth(&mesos.HealthCheck{}, start)
	h.Resume(true)
	if tell, _ := h.Judge(start, true); tell {
		t.Error("told again")
	}
}
