package operator_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ormosproject/ormos/internal/memory"
	"github.com/ormosproject/ormos/internal/recordings"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

func container(id string) mesos.ContainerID {
	return mesos.ContainerID{Value: id, Parent: &mesos.ContainerID{Value: "parent"}}
}

// shell is an agent's end of a session: it answers with a stream, and gives what comes as input to the test.
func shell(t *testing.T, output []byte, inputs chan<- *operator.AgentCallAttachContainerInput) *operator.Agent {
	t.Helper()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") == string(wire.RecordIO) {
			readInput(t, w, r, inputs)
			return
		}
		call := new(operator.AgentCall)
		if _, ok := wire.ReadCall(w, r, 0, call); !ok {
			return
		}
		if r.Header.Get("Accept") != string(wire.RecordIO) || r.Header.Get("Message-Accept") != string(wire.Protobuf) {
			wire.Fail(w, http.StatusNotAcceptable, "not acceptable")
			return
		}
		if call.AttachContainerOutput != nil && call.AttachContainerOutput.ContainerID.Value != "known" {
			wire.Fail(w, http.StatusNotFound, "Container cannot be found")
			return
		}
		w.Header().Set("Content-Type", string(wire.RecordIO))
		w.Header().Set("Message-Content-Type", string(wire.Protobuf))
		_, _ = w.Write(output)
	})
	return newAgent(t, operator.Options{Address: s.URL})
}

// readInput takes an input to its end. The first message names the container.
func readInput(t *testing.T, w http.ResponseWriter, r *http.Request, inputs chan<- *operator.AgentCallAttachContainerInput) {
	if r.Header.Get("Message-Content-Type") != string(wire.Protobuf) {
		wire.Fail(w, http.StatusUnsupportedMediaType, "unsupported")
		return
	}
	records := wire.NewReader(r.Body, 0)
	for {
		record, err := records.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		call := new(operator.AgentCall)
		if err == nil {
			err = call.UnmarshalBinary(record)
		}
		if err != nil {
			t.Error(err)
			return
		}
		if id := call.AttachContainerInput.ContainerID; id != nil && id.Value != "known" {
			wire.Fail(w, http.StatusNotFound, "Container cannot be found")
			return
		}
		inputs <- call.AttachContainerInput
	}
}

// The output of a real session: what goes to stdout and to stderr, in the media type that its header names.
func TestRecordedSession(t *testing.T) {
	output := recordings.Read(t, "agent/session.pb.recordio")
	record, err := wire.NewReader(bytes.NewReader(output), 0).Next()
	if err != nil {
		t.Fatal(err)
	}
	first := len(wire.AppendRecord(nil, record))
	for cut := range len(output) + 1 {
		a := shell(t, output[:cut], nil)
		o, err := a.LaunchNestedContainerSession(t.Context(), operator.AgentCallLaunchNestedContainerSession{ContainerID: container("known")})
		if err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		err = o.Copy(&stdout, &stderr)
		_ = o.Close()
		if cut == len(output) && (err != nil || stdout.String() != "hi\n" || stderr.String() != "e\n") {
			t.Errorf("got %q and %q, %v", stdout.String(), stderr.String(), err)
		}
		if half := err != nil; half != (cut != 0 && cut != first && cut != len(output)) {
			t.Errorf("cut after %d of %d bytes: %v", cut, len(output), err)
		}
	}
}

func TestInput(t *testing.T) {
	inputs := make(chan *operator.AgentCallAttachContainerInput, 10)
	in, err := shell(t, nil, inputs).AttachContainerInput(t.Context(), container("known"))
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 100_000)
	if n, err := io.WriteString(in, long); n != len(long) || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	if err := errors.Join(in.Resize(24, 80), in.CloseWrite(), in.Close()); err != nil {
		t.Error(err)
	}
	close(inputs)
	if first := <-inputs; first.ContainerID.Value != "known" || first.ContainerID.Parent.Value != "parent" {
		t.Errorf("begins with %v", first)
	}
	var text strings.Builder
	var size *mesos.TTYInfoWindowSize
	ended := false
	for one := range inputs {
		switch data := one.ProcessIO.Data; {
		case data == nil:
			size = one.ProcessIO.Control.TTYInfo.WindowSize
		case len(data.Data) == 0:
			ended = true
		default:
			text.Write(data.Data)
		}
	}
	if text.String() != long || size == nil || size.Rows != 24 || size.Columns != 80 || !ended {
		t.Errorf("%d bytes came, the size %v, the end %t", text.Len(), size, ended)
	}
}

// An agent that does not know the container answers before the input has ended.
func TestRefusedAttachments(t *testing.T) {
	a := shell(t, nil, nil)
	_, err := a.AttachContainerOutput(t.Context(), container("other"))
	if refusal, ok := errors.AsType[*operator.Error](err); !ok || refusal.Status != http.StatusNotFound {
		t.Errorf("got %v", err)
	}
	in, err := a.AttachContainerInput(t.Context(), container("other"))
	if err == nil {
		err = in.Close()
	}
	if refusal, ok := errors.AsType[*operator.Error](err); !ok || refusal.Status != http.StatusNotFound {
		t.Errorf("got %v", err)
	}
}

// An input that nobody types into shows that it lives.
func TestIdleInputBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memory.New()
		listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:5051")
		if err != nil {
			t.Fatal(err)
		}
		inputs := make(chan *operator.AgentCallAttachContainerInput, 10)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { readInput(t, w, r, inputs) })}
		served := make(chan error)
		go func() { served <- server.Serve(listener) }()
		a := newAgent(t, operator.Options{Address: listener.Addr().String(), Dial: network.Dial})
		in, err := a.AttachContainerInput(t.Context(), container("known"))
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute + time.Second)
		if err := in.Close(); err != nil {
			t.Error(err)
		}
		a.Close()
		_ = server.Close()
		<-served
		<-inputs // the container's id
		beats := 0
		for len(inputs) > 0 {
			if one := <-inputs; one.ProcessIO.Control.GetType() == operator.AgentProcessIOControlTypeHeartbeat {
				beats++
			}
		}
		if beats != 2 {
			t.Errorf("%d heartbeats in a minute", beats)
		}
	})
}

// The end of the context ends an input, however little the agent reads.
func TestInputEndsWithItsContext(t *testing.T) {
	reached, release := make(chan struct{}), make(chan struct{})
	s := serve(t, func(http.ResponseWriter, *http.Request) { close(reached); <-release })
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	in, err := newAgent(t, operator.Options{Address: s.URL}).AttachContainerInput(ctx, container("known"))
	if err != nil {
		t.Fatal(err)
	}
	<-reached
	cancel()
	if err := in.Close(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := in.Write([]byte("x")); err == nil {
		t.Error("can be written to")
	}
}

func FuzzOutput(f *testing.F) {
	f.Add(recordings.Read(f, "agent/session.pb.recordio"))
	f.Add([]byte("2\n\x08\x01"))
	f.Fuzz(func(t *testing.T, output []byte) {
		o, err := shell(t, output, nil).AttachContainerOutput(t.Context(), container("known"))
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		_ = o.Copy(io.Discard, io.Discard)
	})
}
