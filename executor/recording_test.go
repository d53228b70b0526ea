package executor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/internal/recordings"
	"github.com/ormosproject/ormos/internal/wire"
)

// streams are what a real agent said to an executor.
var streams = map[string]wire.MediaType{"executor.pb.recordio": wire.Protobuf, "executor.json.recordio": wire.JSON}

// recording is a stream that is known record by record.
type recording struct {
	media  wire.MediaType
	stream []byte
	starts []int // of its records, and its end
	told   []string
	tasks  []int // how many tasks the events up to here have launched
}

func readRecording(t *testing.T, file string, media wire.MediaType) *recording {
	t.Helper()
	stream := recordings.Read(t, file)
	r := &recording{media: media, stream: stream, starts: []int{0}, tasks: []int{0}}
	records := wire.NewReader(bytes.NewReader(stream), 0)
	for {
		record, err := records.Next()
		if errors.Is(err, io.EOF) {
			return r
		}
		if err != nil {
			t.Fatal(err)
		}
		event := new(Event)
		if err := media.Decode(record, event, nil); err != nil {
			t.Fatal(err)
		}
		end := r.starts[len(r.starts)-1] + len(fmt.Sprintf("%d\n", len(record))) + len(record)
		r.starts, r.told = append(r.starts, end), append(r.told, event.GetType().String())
		launched := r.tasks[len(r.tasks)-1]
		if event.GetType() == EventTypeLaunch {
			launched++
		} else if event.LaunchGroup != nil {
			launched += len(event.LaunchGroup.TaskGroup.Tasks)
		}
		r.tasks = append(r.tasks, launched)
	}
}

// The driver tells all that a real agent has said, however the connection ends: after any byte. The agent then says again what has not
// arrived whole, with a pause somewhere.
func TestRecordings(t *testing.T) {
	for file, media := range streams {
		r := readRecording(t, file, media)
		if !slices.Contains(r.told, "LAUNCH_GROUP") || r.told[len(r.told)-1] != "SHUTDOWN" {
			t.Fatalf("%s holds %v", file, r.told)
		}
		for cut := range r.stream {
			whole := 0
			for r.starts[whole+1] <= cut {
				whole++
			}
			again := slices.Concat(r.stream[:r.starts[1]], r.stream[max(r.starts[whole], r.starts[1]):])
			told, known := replay(t, media, r.stream[:cut], slices.Insert(again, cut%len(again), pause...))
			want := slices.Insert(slices.Clone(r.told), whole, "SUBSCRIBED")
			if whole == 0 {
				want = r.told
			}
			if diff := cmp.Diff(want, told); diff != "" || known != r.tasks[whole] {
				t.Fatalf("%s, cut after %d bytes: %d tasks are known, want %d; %s", file, cut, known, r.tasks[whole], diff)
			}
		}
	}
}

// replay gives the events that the driver tells of these streams, one after the other, and how many tasks the last subscription names.
func replay(t *testing.T, media wire.MediaType, streams ...[]byte) (told []string, known int) {
	synctest.Test(t, func(t *testing.T) {
		a := start(t, false)
		a.recorded = make(chan []byte, len(streams))
		for _, stream := range streams {
			a.recorded <- stream
		}
		driver, err := New(Options{Environment: a.environment(), Dial: a.dial, Kill: func() { t.Error("killed") }})
		if err != nil {
			t.Fatal(err)
		}
		driver.media = media
		for event, err := range driver.Events(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			told = append(told, nameOf(event))
			if _, ok := event.(*EventShutdown); ok {
				break
			}
		}
		for range streams {
			known = len(receive(t, "a subscription", a.calls).Subscribe.UnacknowledgedTasks)
		}
	})
	return told, known
}

func nameOf(event TypedEvent) string {
	switch event.(type) {
	case *EventSubscribed:
		return "SUBSCRIBED"
	case *EventLaunch:
		return "LAUNCH"
	case *EventLaunchGroup:
		return "LAUNCH_GROUP"
	case *EventKill:
		return "KILL"
	case *EventMessage:
		return "MESSAGE"
	case *EventAcknowledged:
		return "ACKNOWLEDGED"
	case *EventShutdown:
		return "SHUTDOWN"
	}
	return fmt.Sprintf("%T", event)
}
