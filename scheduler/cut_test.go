package scheduler_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"testing"
	"testing/synctest"

	pipe "github.com/ormosproject/ormos/internal/memory"
	"github.com/ormosproject/ormos/internal/recordings"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/scheduler"
)

// A scissors is a master that says what a real one has said, record by record, and loses the connection after each byte of each record: what was not
// told whole it tells again at the next subscription, cut a byte later. What wants to be acknowledged and was not, it tells again too.
type scissors struct {
	records [][]byte // as on the wire
	wanted  []bool   // which want to be acknowledged
	record  int      // that is told now
	cut     int      // after this many bytes of it
	step    int      // from cut to cut

	acknowledged int // of this record
	again        int // how often it was told again
	total        int
}

func readRecording(t *testing.T, file string, media scheduler.Media) *scissors {
	s := &scissors{step: 1}
	for r := wire.NewReader(bytes.NewReader(recordings.Read(t, file)), 0); ; {
		record, err := r.Next()
		if err == io.EOF {
			return s
		}
		var e scheduler.Event
		if err == nil {
			err = wire.MediaType(media).Decode(record, &e, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		s.records = append(s.records, wire.AppendRecord(nil, record))
		u, o := e.Update, e.UpdateOperationStatus
		s.wanted = append(s.wanted, u != nil && len(u.Status.UUID) > 0 || o != nil && o.Status.UUID != nil)
	}
}

// answer is the master's hook.
func (s *scissors) answer(w http.ResponseWriter, _ *http.Request, call *scheduler.Call) bool {
	if call.GetType() != scheduler.CallTypeSubscribe {
		s.acknowledged++
		s.total++
		w.WriteHeader(http.StatusAccepted)
		return true
	}
	if s.cut > len(s.records[s.record]) {
		if !s.wanted[s.record] || s.acknowledged > 0 || s.again == 10 {
			s.record++
			s.cut, s.acknowledged, s.again = 0, 0, 0
		} else {
			s.cut = len(s.records[s.record])
			s.again++
		}
	}
	if s.record == len(s.records) {
		wire.Fail(w, http.StatusForbidden, "that was all")
		return true
	}
	w.Header().Set(wire.StreamID, "recorded")
	if s.record > 0 {
		_, _ = w.Write(s.records[0])
	}
	text := s.records[s.record]
	_, _ = w.Write(text[:s.cut])
	_ = http.NewResponseController(w).Flush()
	if s.cut < len(text) {
		s.cut = min(s.cut+s.step, len(text))
	} else {
		s.cut++
	}
	panic(http.ErrAbortHandler)
}

// A conversation with a real master goes through a session whose connection is lost after each byte (after each seventh, unless EVERY_BYTE is set, since that takes long): every record is told, in order, once; every
// update that wants it is acknowledged.
func TestRecordingsCutAnywhere(t *testing.T) {
	for file, media := range map[string]scheduler.Media{"scheduler.pb.recordio": scheduler.Protobuf, "scheduler.json.recordio": scheduler.JSON} {
		t.Run(file, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := readRecording(t, file, media)
				if os.Getenv("EVERY_BYTE") == "" {
					s.step = 7
				}
				s.through(t, media)
			})
		})
	}
}

func (s *scissors) through(t *testing.T, media scheduler.Media) {
	network := pipe.New()
	listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := newMaster()
	m.answer = s.answer
	server := &http.Server{Handler: m}
	done := make(chan error)
	go func() { done <- server.Serve(listener) }()
	defer func() {
		server.Close()
		<-done
	}()
	m.url = "http://" + listener.Addr().String()
	o := m.options()
	o.Media, o.Dial = media, network.Dial
	told := make([]int, len(s.records))
	var end error
	for event, err := range scheduler.New(o).Events(t.Context()) {
		if err != nil {
			end = err
			break
		}
		switch event.(type) {
		case *scheduler.EventDisconnected:
		case *scheduler.EventSubscribed:
			told[0]++
		default:
			told[s.record]++
		}
	}
	wanted := 0
	for i, n := range told[1 : len(told)-1] {
		if n != 1 {
			t.Errorf("record %d is told %d times: %.80q", i+1, n, s.records[i+1])
		}
	}
	for _, w := range s.wanted {
		if w {
			wanted++
		}
	}
	if s.total != wanted || s.record != len(s.records)-1 || told[0] == 0 {
		t.Errorf("%d acknowledgements of %d, ended at record %d of %d: %v", s.total, wanted, s.record, len(s.records), end)
	}
}
