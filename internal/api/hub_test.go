package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/app"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func fixed() time.Time { return noon }

// numbered is an event that says which one it is.
func numbered(n int) app.Event {
	return app.AppEvent{Stamp: app.Stamp{EventType: app.EventAppTerminated, Timestamp: app.At(noon)}, AppID: app.ID(fmt.Sprintf("/%d", n))}
}

func attach(t testing.TB, h *Hub, after string) (*reader, *app.StreamGap) {
	t.Helper()
	r := &reader{remote: "192.0.2.1"}
	gap, err := h.attach(r, after)
	if err != nil {
		t.Fatal(err)
	}
	return r, gap
}

// read gives what is new for a reader, until there is nothing more.
func read(t testing.TB, h *Hub, r *reader) (all []*frame) {
	t.Helper()
	for {
		frames, more, err := h.take(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if more != nil {
			return all
		}
		for _, f := range frames {
			if err := h.encode(f); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, frames...)
	}
}

func kinds(frames []*frame) (all []app.EventType) {
	for _, f := range frames {
		all = append(all, f.kind)
	}
	return all
}

func TestReaderGetsItsOwnAttachingFirst(t *testing.T) {
	h := NewHub(HubOptions{Now: fixed})
	h.Publish(numbered(1))
	r, _ := attach(t, h, "")
	h.Publish(numbered(2))
	got := read(t, h, r)
	if len(got) != 2 || got[0].kind != app.EventStreamAttached || got[1].kind != app.EventAppTerminated {
		t.Fatalf("read %v", kinds(got))
	}
	want := "event: app_terminated_event\ndata: {\"eventType\":\"app_terminated_event\",\"timestamp\":\"2026-11-26T12:00:00.000Z\",\"appId\":\"/2\"}\n\n"
	if text := string(got[1].text[got[1].rest:]); text != want {
		t.Errorf("the event is written as\n%q, want\n%q", text, want)
	}
	if text := string(got[1].text[:got[1].rest]); text != "id: "+h.id(3)+"\n" {
		t.Errorf("its id is written as %q", text)
	}
}

func TestReaderThatComesBackMissesNothing(t *testing.T) {
	h := NewHub(HubOptions{Now: fixed, Window: 10})
	h.Publish(numbered(1), numbered(2), numbered(3))
	r, gap := attach(t, h, h.id(1))
	if gap != nil {
		t.Fatalf("a gap %+v", gap)
	}
	got := read(t, h, r)
	if len(got) != 3 || got[0].number != 2 || got[1].number != 3 || got[2].kind != app.EventStreamAttached {
		t.Errorf("read %v", kinds(got))
	}
}

func TestGapIsTold(t *testing.T) {
	h := NewHub(HubOptions{Now: fixed, Window: 4, Outstanding: 2})
	for n := range 20 {
		h.Publish(numbered(n + 1))
	}
	for _, c := range []struct {
		name, after string
		missed      *uint64
	}{
		{"too old", h.id(3), new(uint64(13))},
		{"of another server", "zzzz-3", nil},
		{"of the future", h.id(100), nil},
		{"no id of ours", "what?", nil},
	} {
		r := &reader{}
		gap := h.resume(r, c.after)
		switch {
		case gap == nil:
			t.Errorf("%s: no gap", c.name)
		case gap.Next != h.id(17) || r.at.Load() != 17 || gap.After != c.after:
			t.Errorf("%s: gap %+v, goes on at %d", c.name, gap, r.at.Load())
		case (gap.Missed == nil) != (c.missed == nil) || gap.Missed != nil && *gap.Missed != *c.missed:
			t.Errorf("%s: missed %v", c.name, gap.Missed)
		}
	}
	if gap := h.resume(&reader{}, h.id(16)); gap != nil {
		t.Errorf("the oldest that is there is behind a gap %+v", gap)
	}
}

func TestSlowReaderIsClosedAndCounted(t *testing.T) {
	h := NewHub(HubOptions{Now: fixed, Outstanding: 3, Window: 10})
	interrupted := 0
	r := &reader{stop: func() { interrupted++ }}
	if _, err := h.attach(r, ""); err != nil {
		t.Fatal(err)
	}
	h.Publish(numbered(1), numbered(2)) // with its attaching: three that wait
	if interrupted > 0 {
		t.Fatal("interrupted although it is not behind by more than it may")
	}
	h.Publish(numbered(3))
	if interrupted == 0 {
		t.Error("a reader that waits for its client is not interrupted")
	}
	_, _, err := h.take(r, nil)
	if !errors.Is(err, errSlow) {
		t.Fatalf("take: %v", err)
	}
	h.detach(r, err)
	if h.slow.Load() != 1 || h.closed.Load() != 1 || h.Readers() != 0 {
		t.Errorf("slow %d, closed %d, reading %d", h.slow.Load(), h.closed.Load(), h.Readers())
	}
}

func TestWhatIsToldAgainIsNotSlow(t *testing.T) {
	h := NewHub(HubOptions{Now: fixed, Outstanding: 2, Window: 50})
	for n := range 50 {
		h.Publish(numbered(n))
	}
	r, gap := attach(t, h, h.id(1))
	if gap != nil {
		t.Fatalf("a gap %+v", gap)
	}
	if got := read(t, h, r); len(got) != 50 {
		t.Errorf("read %d events, want 49 and its attaching", len(got))
	}
}

func TestEndOfHubEndsReaders(t *testing.T) {
	h := NewHub(HubOptions{Now: fixed})
	r, _ := attach(t, h, "")
	read(t, h, r)
	_, more, err := h.take(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.Close()
	<-more
	if _, _, err := h.take(r, nil); !errors.Is(err, errEnded) {
		t.Errorf("take after Close: %v", err)
	}
	if _, err := h.attach(&reader{}, ""); !errors.Is(err, errEnded) {
		t.Errorf("attach after Close: %v", err)
	}
	h.Publish(numbered(1)) // is dropped
}

// Whatever readers do, each gets a run of numbers without a hole from where it came in, or is told that it is too slow.
func TestReadersGetEverythingInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := NewHub(HubOptions{Now: fixed, Outstanding: rapid.IntRange(1, 20).Draw(t, "outstanding"), Window: rapid.IntRange(1, 20).Draw(t, "window")})
		var readers []*reader
		last := map[*reader]uint64{}
		t.Repeat(map[string]func(*rapid.T){
			"publish": func(t *rapid.T) {
				for n := range rapid.IntRange(1, 10).Draw(t, "n") {
					h.Publish(numbered(n))
				}
			},
			"attach": func(t *rapid.T) {
				r := &reader{}
				after := ""
				if rapid.Bool().Draw(t, "again") {
					after = h.id(rapid.Uint64Range(0, h.next).Draw(t, "after"))
				}
				if _, err := h.attach(r, after); err != nil {
					t.Fatal(err)
				}
				readers = append(readers, r)
				last[r] = r.at.Load() - 1
			},
			"take": func(t *rapid.T) {
				if len(readers) == 0 {
					t.Skip("nobody reads")
				}
				i := rapid.IntRange(0, len(readers)-1).Draw(t, "reader")
				r := readers[i]
				frames, _, err := h.take(r, nil)
				if err != nil {
					h.detach(r, err)
					readers = append(readers[:i], readers[i+1:]...)
					return
				}
				for _, f := range frames {
					if f.number != last[r]+1 {
						t.Fatalf("event %d after %d", f.number, last[r])
					}
					last[r] = f.number
				}
			},
		})
		if h.Readers() != len(readers) {
			t.Fatalf("%d readers are counted, there are %d", h.Readers(), len(readers))
		}
	})
}

func TestFramesAreOneLineOfJSON(t *testing.T) {
	h := NewHub(HubOptions{Now: fixed})
	f := &frame{number: 7, kind: app.EventStatusUpdate, event: app.StatusUpdate{Stamp: app.Stamp{EventType: app.EventStatusUpdate}, Message: "a\nb <&> \r\n\ndata: x"}}
	if err := h.encode(f); err != nil {
		t.Fatal(err)
	}
	var e subscription
	if err := e.read(string(f.text)); err != nil {
		t.Fatalf("%v in %q", err, f.text)
	}
	var back app.StatusUpdate
	if err := json.Unmarshal(e.data, &back); err != nil || back.Message != "a\nb <&> \r\n\ndata: x" {
		t.Errorf("read back %q, %v", back.Message, err)
	}
}
