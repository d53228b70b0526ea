package operator_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/ormosproject/ormos/internal/codec"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/operator"
	"github.com/ormosproject/ormos/security"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs one end of the wire.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func newMaster(t *testing.T, o operator.Options) *operator.Master {
	t.Helper()
	m, err := operator.NewMaster(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func newAgent(t *testing.T, o operator.Options) *operator.Agent {
	t.Helper()
	a, err := operator.NewAgent(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// calls are all methods of a client that are named after a call, made with zero arguments.
func calls(t *testing.T, client any) map[string]error {
	t.Helper()
	made := map[string]error{}
	v := reflect.ValueOf(client)
	for method, f := range v.Methods() {
		kind := f.Type()
		if kind.NumIn() == 0 || kind.In(0) != reflect.TypeFor[context.Context]() || kind.Out(kind.NumOut()-1) != reflect.TypeFor[error]() || streams[method.Name] {
			continue
		}
		in := []reflect.Value{reflect.ValueOf(t.Context())}
		for i := 1; i < kind.NumIn() && !(kind.IsVariadic() && i == kind.NumIn()-1); i++ {
			in = append(in, reflect.Zero(kind.In(i)))
		}
		out := f.Call(in)
		err, _ := out[len(out)-1].Interface().(error)
		made[method.Name] = err
	}
	return made
}

// streams are methods that make no call of their own name, or have no single answer.
var streams = map[string]bool{
	"Call": true, "Subscribe": true, "Sandbox": true, "LaunchNestedContainerSession": true, "AttachContainerInput": true, "AttachContainerOutput": true,
}

// camel is a call's type as the name of a method.
func camel(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		b.WriteString(part[:1] + strings.ToLower(part[1:]))
	}
	return b.String()
}

// Each call has a method, which makes that call with the member it needs, and does with an answer that says nothing.
func TestEveryCallHasAMethod(t *testing.T) {
	var mu sync.Mutex
	got := map[string]bool{}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var name, text string
		if r.URL.Path == "/agent/api/v1" {
			call := new(operator.AgentCall)
			if _, ok := wire.ReadCall(w, r, 0, call); !ok {
				return
			}
			name, text = call.GetType().String(), call.String()
		} else {
			call := new(operator.MasterCall)
			if _, ok := wire.ReadCall(w, r, 0, call); !ok {
				return
			}
			name, text = call.GetType().String(), call.String()
		}
		mu.Lock()
		defer mu.Unlock()
		got[r.URL.Path+camel(name)] = true
		if member := `"` + strings.ToLower(name) + `"`; !strings.HasPrefix(name, "GET_") && !strings.Contains(text, member) {
			t.Errorf("%s has no member", name)
		}
	})
	for path, client := range map[string]any{
		"/api/v1":       newMaster(t, operator.Options{Address: s.URL}),
		"/agent/api/v1": newAgent(t, operator.Options{Address: s.URL + "/agent"}),
	} {
		for name, err := range calls(t, client) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !got[path+name] {
				t.Errorf("%s%s makes another call", path, name)
			}
		}
	}
	for i := operator.MasterCallType(1); i <= operator.MasterCallTypeReactivateAgent; i++ {
		if name := camel(i.String()); !got["/api/v1"+name] && !streams[name] {
			t.Errorf("the master's %s has no method", name)
		}
	}
	for i := operator.AgentCallType(1); i <= operator.AgentCallTypeMarkResourceProviderGone; i++ {
		if name := camel(i.String()); !got["/agent/api/v1"+name] && !streams[name] {
			t.Errorf("the agent's %s has no method", name)
		}
	}
}

func answer(t *testing.T, w http.ResponseWriter, m codec.Message) {
	t.Helper()
	body, err := m.AppendBinary(nil)
	if err != nil {
		t.Error(err)
	}
	_, _ = w.Write(body)
}

func health() *operator.MasterResponse {
	return &operator.MasterResponse{
		Type: new(operator.MasterResponseTypeGetHealth), GetHealth: &operator.MasterResponseGetHealth{Healthy: true},
	}
}

// A master that does not lead redirects, one that recovers is asked again; credentials go along.
func TestFindsTheLeader(t *testing.T) {
	attempts := 0
	leader := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if principal, secret, _ := r.BasicAuth(); principal != "ops" || secret != "s3cret" {
			t.Errorf("Authorization: %q", r.Header.Get("Authorization"))
		}
		if attempts++; attempts == 1 {
			wire.Fail(w, http.StatusServiceUnavailable, "Master has not finished recovery")
			return
		}
		answer(t, w, health())
	})
	redirects := 0
	standby := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		redirects++
		w.Header().Set("Location", strings.TrimPrefix(leader.URL, "http:")+"/master/api/v1")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	m := newMaster(t, operator.Options{Address: standby.URL, Security: security.Options{Principal: "ops", Secret: "s3cret"}})
	for range 2 {
		if ok, err := m.GetHealth(t.Context()); !ok || err != nil {
			t.Errorf("got %t, %v", ok, err)
		}
	}
	if redirects != 2 || attempts != 3 { // after the 503 the configured master is asked again
		t.Errorf("%d redirects, %d attempts", redirects, attempts)
	}
	leader.Close() // the next leader is found through the standby
	if _, err := m.GetHealth(t.Context()); err == nil || redirects != 3 {
		t.Errorf("%d redirects, %v", redirects, err)
	}
}

func TestErrors(t *testing.T) {
	status := http.StatusForbidden
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { wire.Fail(w, status, "not yours") })
	m := newMaster(t, operator.Options{Address: s.URL})
	for _, status = range []int{400, 401, 403, 404, 409, 501} {
		_, err := m.GetState(t.Context())
		refusal, ok := errors.AsType[*operator.Error](err)
		if !ok || refusal.Status != status || refusal.Call != "GET_STATE" || refusal.URL != s.URL || refusal.Message != "not yours" || refusal.Hint == "" {
			t.Errorf("%d: %v", status, err)
		}
	}
	status = 503
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.GetState(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	if _, err := m.GetState(t.Context()); err == nil || !strings.Contains(err.Error(), "GET_STATE") {
		t.Errorf("got %v", err)
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	for _, o := range []operator.Options{
		{},
		{Address: "ftp://x"},
		{Address: "zk://x"},
		{Address: "http://ops:s3cret@x"},
		{Address: "x", Security: security.Options{SecretFile: "/none"}},
	} {
		if _, err := operator.NewMaster(o); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v: %v", o, err)
		}
	}
	if _, err := operator.NewAgent(operator.Options{}); err == nil {
		t.Error("an agent without an address")
	}
}
