package operator

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ormosproject/ormos/internal/recordings"
	"github.com/ormosproject/ormos/internal/wire"
)

// stream is what a real master has said to an operator.
const stream = "operator.pb.recordio"

// A replay is a master that answers each subscription with a recorded stream, or what the test makes of it, and refuses all other calls.
type replay struct {
	mu      sync.Mutex
	streams [][]byte // of the next subscriptions; the last one is repeated
	open    bool     // the connection stays open after the last byte
	wg      sync.WaitGroup
}

func (r *replay) next() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	stream := r.streams[0]
	if len(r.streams) > 1 {
		r.streams = r.streams[1:]
	}
	return stream
}

func (r *replay) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	r.wg.Go(func() {
		defer far.Close()
		request, err := http.ReadRequest(bufio.NewReader(far))
		if err != nil {
			return
		}
		var call MasterCall
		body, err := io.ReadAll(request.Body)
		if err != nil || call.UnmarshalBinary(body) != nil || call.GetType() != MasterCallTypeSubscribe {
			_, _ = fmt.Fprint(far, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
			return
		}
		_, _ = fmt.Fprint(far, "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n\r\n")
		_, _ = far.Write(r.next())
		if r.open {
			_, _ = far.Read(make([]byte, 1))
		}
	})
	return near, nil
}

// model follows the replay.
func (r *replay) model(t testing.TB) *Model {
	t.Helper()
	master, err := NewMaster(Options{Address: "master", Dial: r.dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close(); r.wg.Wait() })
	return NewModel(master)
}

// Real Mesos' stream, cut at each byte: the model has what came before, then takes up the next stream as if nothing had been lost.
func TestRecordedStreamCutAnywhere(t *testing.T) {
	data := recordings.Read(t, stream)
	r := &replay{streams: [][]byte{nil}}
	m := r.model(t)
	reader := wire.NewReader(bytes.NewReader(data), 0)
	whole := NewModel(nil)
	want, told, next := keysOf(whole.Cluster()), 0, 0
	following := recordEnds(t, data)
	for cut := range len(data) + 1 {
		if next < len(following) && cut == following[next] {
			record, err := reader.Next()
			if err != nil {
				t.Fatal(err)
			}
			event := new(MasterEvent)
			if err := event.UnmarshalBinary(record); err != nil {
				t.Fatal(err)
			}
			if err := whole.take(event, func(Change) bool { told++; return true }); err != nil {
				t.Fatal(err)
			}
			want, next = keysOf(whole.Cluster()), next+1
		}
		r.streams[0] = data[:cut]
		for change, err := range m.Changes(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if change.Kind == Disconnected {
				break
			}
		}
		if got := keysOf(m.Cluster()); !got.equal(want) {
			t.Fatalf("cut after %d bytes there is %+v, not %+v", cut, got, want)
		}
	}
	if told < 5 || len(want.agents) == 0 {
		t.Errorf("the recording holds %d changes and leads to %+v", told, want)
	}
}

// recordEnds are where the records of a stream end.
func recordEnds(t *testing.T, data []byte) (ends []int) {
	t.Helper()
	for at := 0; at < len(data); {
		var n int
		line := bytes.IndexByte(data[at:], '\n')
		if _, err := fmt.Sscanf(string(data[at:at+line]), "%d", &n); err != nil {
			t.Fatal(err)
		}
		at += line + 1 + n
		ends = append(ends, at)
	}
	return ends
}

// After a loss what has changed in between is told, and nothing else.
func TestResubscriptionTellsWhatWasMissed(t *testing.T) {
	data := recordings.Read(t, stream)
	first := data[:recordEnds(t, data)[0]]
	synctest.Test(t, func(t *testing.T) {
		r := &replay{streams: [][]byte{data, first, first}}
		m := r.model(t)
		subscriptions := 0
		var missed []Change
		for change, err := range m.Changes(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if change.Kind == Subscribed {
				if subscriptions++; subscriptions == 3 {
					break
				}
				continue
			}
			if subscriptions > 0 && change.Kind != Disconnected {
				missed = append(missed, change)
			}
		}
		was := keysOf(m.Cluster())
		event := new(MasterEvent)
		record, err := wire.NewReader(bytes.NewReader(first), 0).Next()
		if err == nil {
			err = event.UnmarshalBinary(record)
		}
		if err != nil {
			t.Fatal(err)
		}
		theirs := clusterOf(event.Subscribed.GetState)
		if want := keysOf(theirs); !was.equal(want) {
			t.Errorf("there is %+v, not %+v", was, want)
		}
		for _, c := range missed {
			theirs.apply(c)
		}
		if !maps.Equal(keysOf(theirs).tasks, was.tasks) {
			t.Errorf("the changes lead to %+v", keysOf(theirs))
		}
	})
}

// A master that says nothing more, not even a heartbeat, is left.
func TestSilence(t *testing.T) {
	data := recordings.Read(t, stream)
	synctest.Test(t, func(t *testing.T) {
		r := &replay{streams: [][]byte{data}, open: true}
		began := time.Now()
		for change, err := range r.model(t).Changes(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if change.Kind == Disconnected {
				if silent := time.Since(began); silent != 75*time.Second || !errors.Is(change.Err, errSilent) {
					t.Errorf("after %v: %v", silent, change.Err)
				}
				break
			}
		}
	})
}

func TestOneLoopAtATime(t *testing.T) {
	m := (&replay{streams: [][]byte{recordings.Read(t, stream)}}).model(t)
	for range m.Changes(t.Context()) {
		for _, err := range m.Changes(t.Context()) {
			if err == nil {
				t.Error("a second loop runs")
			}
		}
		break
	}
}

// Whatever a master sends, the loop ends at the stream's end or yields an error.
func FuzzStream(f *testing.F) {
	f.Add([]byte("3\n\x08\x01\x12"))
	f.Add(recordings.Read(f, stream))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &replay{streams: [][]byte{data}}
		m := r.model(t)
		for change, err := range m.Changes(t.Context()) {
			if err != nil || change.Kind == Disconnected {
				break
			}
		}
		for key, task := range m.Cluster().Tasks {
			if task.State.Terminal() || key != keyOf(task) {
				t.Errorf("%v: %v", key, task)
			}
		}
	})
}
