package scheduler_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/ormosproject/ormos/internal/recordings"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/scheduler"
)

// A conversation recorded with a real master goes through the session: every event of a known type is told, every update that
// wants it is acknowledged.
func TestRecordings(t *testing.T) {
	for file, media := range map[string]scheduler.Media{"scheduler.pb.recordio": scheduler.Protobuf, "scheduler.json.recordio": scheduler.JSON} {
		t.Run(file, func(t *testing.T) {
			replay(t, recordings.Read(t, file), media)
		})
	}
}

func replay(t *testing.T, stream []byte, media scheduler.Media) {
	events, acknowledged := expected(t, stream, media)
	m := startMaster(t)
	served := false
	m.stream = "recorded"
	m.answer = func(w http.ResponseWriter, _ *http.Request, call *scheduler.Call) bool {
		if call.GetType() != scheduler.CallTypeSubscribe {
			return false
		}
		if served {
			wire.Fail(w, http.StatusForbidden, "that was all")
			return true
		}
		served = true
		w.Header().Set(wire.StreamID, m.current())
		for rest := stream; len(rest) > 0; rest = rest[min(len(rest), 7):] {
			_, _ = w.Write(rest[:min(len(rest), 7)])
			_ = http.NewResponseController(w).Flush()
		}
		return true
	}
	o := m.options()
	o.Media = media
	got := 0
	for event, err := range scheduler.New(o).Events(t.Context()) {
		if err != nil {
			break
		}
		if lost, ok := event.(*scheduler.EventDisconnected); ok {
			t.Log(lost)
			continue
		}
		got++
	}
	if got != events || len(m.calls) != acknowledged || events == 0 {
		t.Errorf("%d events of %d, %d acknowledgements of %d", got, events, len(m.calls), acknowledged)
	}
}

// expected counts what a recording holds.
func expected(t *testing.T, stream []byte, media scheduler.Media) (events, acknowledged int) {
	r := wire.NewReader(bytes.NewReader(stream), 0)
	for {
		record, err := r.Next()
		if err == io.EOF {
			return events, acknowledged
		}
		if err != nil {
			t.Fatal(err)
		}
		var e scheduler.Event
		if err := wire.MediaType(media).Decode(record, &e, nil); err != nil {
			t.Fatal(err)
		}
		switch e.GetType() {
		case scheduler.EventTypeError: // that ends the session
			continue
		}
		events++
		if u := e.Update; u != nil && len(u.Status.UUID) > 0 {
			acknowledged++
		}
		if o := e.UpdateOperationStatus; o != nil && o.Status.UUID != nil {
			acknowledged++
		}
	}
}
