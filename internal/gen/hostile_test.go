package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/ormosproject/ormos/internal/codec"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// full is a message with nearly everything set, as bytes.
func full(t testing.TB, name string, seed uint64) []byte {
	t.Helper()
	wire, err := proto.Marshal(newRandom(seed, true).message(descriptors()[protoreflect.FullName(name)], 0))
	if err != nil {
		t.Fatal(err)
	}
	return wire
}

// bytesOf is field num with the given content.
func bytesOf(num protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), content)
}

func TestHostileProtobuf(t *testing.T) {
	nested := func(num protowire.Number, depth int) []byte {
		var b []byte
		for range depth {
			b = bytesOf(num, b)
		}
		return b
	}
	groups := bytes.Repeat(protowire.AppendTag(nil, 77, protowire.StartGroupType), 10_000)
	const id, status = "mesos.v1.TaskID", "mesos.v1.TaskStatus"
	for name, c := range map[string]struct {
		message string
		in      []byte
		want    string
	}{
		"empty":                    {id, nil, "mesos.v1.TaskID: value: required field is missing"},
		"nested 10,000 deep":       {"mesos.v1.ContainerID", nested(2, 10_000), "nested too deeply"},
		"groups 10,000 deep":       {id, groups, "malformed or truncated unknown field at byte 0"},
		"length beyond the buffer": {id, []byte{10, 200, 1, 'x'}, "value: malformed or truncated value at byte 0"},
		"length of 2^63":           {id, append([]byte{10}, protowire.AppendVarint(nil, 1<<63)...), "value: malformed"},
		"length of 2^64-1":         {id, append([]byte{10}, protowire.AppendVarint(nil, 1<<64-1)...), "value: malformed"},
		"varint of 11 bytes":       {status, append([]byte{16}, bytes.Repeat([]byte{0xff}, 11)...), "state: malformed"},
		"varint cut short":         {status, []byte{16, 0x80}, "state: malformed"},
		"field number 0":           {id, []byte{0, 0}, "malformed"},
		"wire type 7":              {id, []byte{10 | 7, 0}, "malformed"},
		"end of no group":          {id, []byte{10, 1, 'a', 12}, "malformed"},
		"group of another number":  {id, []byte{10, 1, 'a', 19, 28}, "malformed"},
		"tag of 5 GB":              {id, append(protowire.AppendVarint(nil, 1<<40), 0), "malformed tag at byte 0"},
		"not UTF-8":                {id, []byte{10, 2, 'a', 0xff}, "value: string is not UTF-8 at byte 0"},
		"not UTF-8, nested":        {status, []byte{10, 3, 10, 1, 0xff}, "task_id.value: string is not UTF-8 at byte 2"},
		"missing, nested":          {status, []byte{16, 1, 10, 0}, "task_id.value: required field is missing"},
		"missing":                  {status, []byte{16, 1}, "mesos.v1.TaskStatus: task_id: required field is missing"},
		"missing in a list":        {"mesos.v1.Labels", []byte{10, 3, 10, 1, 'a', 10, 0}, "labels[1].key: required"},
		"missing in a map":         {"mesos.v1.Task", []byte{154, 1, 0}, "required"},
	} {
		t.Run(name, func(t *testing.T) {
			err := newMessage(t, c.message).UnmarshalBinary(c.in)
			var typed *codec.Error
			if !errors.As(err, &typed) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// TestLenient reads what is not UTF-8, in both forms: only the ids of the protobuf form stay as they are, and are written so.
func TestLenient(t *testing.T) {
	e := scheduler.Event{Type: new(scheduler.EventTypeUpdate), Update: &scheduler.EventUpdate{Status: mesos.TaskStatus{
		TaskID: mesos.TaskID{Value: "id BAD"}, State: mesos.TaskFailed, Message: new("says BAD"), UUID: []byte("BADu"),
		Labels:          &mesos.Labels{Labels: []mesos.Label{{Key: "BAD", Value: new("good")}}},
		ContainerStatus: &mesos.ContainerStatus{NetworkInfos: []mesos.NetworkInfo{{Groups: []string{"a", "BAD"}}}},
	}}}
	for _, form := range []struct {
		name   string
		write  func([]byte) ([]byte, error)
		read   func([]byte, *codec.Arena) error
		id     string
		mended string
	}{
		{"protobuf", e.AppendBinary, e.Decode, "id \xff\xc0\x80", "\uFFFD"},
		{"JSON", e.AppendJSON, e.DecodeJSON, "id \uFFFD\uFFFD\uFFFD", "\uFFFD\uFFFD\uFFFD"},
	} {
		whole, err := form.write(nil)
		if err != nil {
			t.Fatal(err)
		}
		bad := bytes.ReplaceAll(whole, []byte("BAD"), []byte("\xff\xc0\x80"))
		if err := form.read(bad, codec.NewArena()); err == nil || !strings.Contains(err.Error(), "not UTF-8") {
			t.Errorf("%s: not lenient: %v", form.name, err)
		}
		a := &codec.Arena{Lenient: true}
		if err := form.read(bad, a); err != nil {
			t.Fatal(form.name, err)
		}
		s := &e.Update.Status
		got := []string{s.TaskID.Value, s.GetMessage(), s.Labels.Labels[0].Key, s.Labels.Labels[0].GetValue(), s.ContainerStatus.NetworkInfos[0].Groups[1]}
		want := []string{form.id, "says " + form.mended, form.mended, "good", form.mended}
		if !slices.Equal(got, want) || a.Mended == 0 {
			t.Errorf("%s: got %q, want %q, %d mended", form.name, got, want, a.Mended)
		}
		b, err := s.AppendBinary(nil)
		if err != nil || !bytes.Contains(b, []byte(form.id)) {
			t.Errorf("%s: the id goes back as %q, %v", form.name, b, err)
		}
		e.Update.Status.TaskID.Value, e.Update.Status.UUID = "id BAD", []byte("BADu")
		*s.Message, s.Labels.Labels[0].Key, s.ContainerStatus.NetworkInfos[0].Groups[1] = "says BAD", "BAD", "BAD"
	}
}

// TestTruncated decodes all beginnings of messages: never a panic, never more than the stock runtime takes.
func TestTruncated(t *testing.T) {
	for _, name := range []string{"mesos.v1.scheduler.Event", "mesos.v1.scheduler.Call", "mesos.v1.master.Response", "mesos.v1.TaskInfo"} {
		for seed := range uint64(3) {
			wire := full(t, name, seed)
			for n := range min(len(wire), 3000) {
				tables := newMessage(t, name).UnmarshalBinary(wire[:n])
				fast := newMessage(t, name).Decode(wire[:n:n], codec.NewArena())
				if want := proto.Unmarshal(wire[:n], stock(t, name)); (tables == nil) != (want == nil) {
					t.Fatalf("%s, seed %d, %d bytes: ours %v, stock runtime %v", name, seed, n, tables, want)
				}
				if fmt.Sprint(tables) != fmt.Sprint(fast) {
					t.Fatalf("%s, seed %d, %d bytes: tables %v, generated code %v", name, seed, n, tables, fast)
				}
			}
		}
	}
}

// TestMemory checks that no input makes the decoder take more than its limit for each byte.
func TestMemory(t *testing.T) {
	const size = 100_000
	repeated := func(b ...byte) []byte { return bytes.Repeat(b, size/len(b)) }
	random := make([]byte, size)
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	agents := bytesOf(2, bytesOf(1, repeated(10, 0)))
	for name, in := range map[string]struct {
		message string
		b       []byte
	}{
		"empty offers":          {"mesos.v1.scheduler.Event.Offers", repeated(10, 0)},
		"empty labels":          {"mesos.v1.Labels", repeated(10, 0)},
		"empty things required": {"mesos.v1.master.Response", agents},
		"nothing required":      {"mesos.v1.NetworkInfo", repeated(34, 0)},
		"many network infos":    {"mesos.v1.ContainerInfo", append([]byte{8, 1}, repeated(58, 0)...)},
		"turns":                 {"mesos.v1.NetworkInfo", repeated(34, 0, 42, 0)},
		"pieces":                {"mesos.v1.TaskStatus", repeated(106, 0)},
		"one field over again":  {"mesos.v1.TaskStatus", repeated(34, 0)},
		"unknown":               {"mesos.v1.TaskID", repeated(16, 0, 24, 0)},
		"random":                {"mesos.v1.scheduler.Event", random},
		"map entries":           {"mesos.v1.TaskInfo", repeated(130, 1, 0)},
		"packed":                {"mesos.v1.HealthCheck.HTTPCheckInfo", append([]byte{16, 1}, bytesOf(4, repeated(1))...)},
		"numbers":               {"mesos.v1.HealthCheck.HTTPCheckInfo", append([]byte{16, 1}, repeated(32, 1)...)},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMessage(t, in.message)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := m.Decode(in.b, codec.NewArena())
			runtime.ReadMemStats(&after)
			taken := int(after.TotalAlloc - before.TotalAlloc)
			t.Logf("%.1f bytes a byte; %v", float64(taken)/float64(len(in.b)), err)
			if limit := 80*len(in.b) + 256<<10; taken > limit {
				t.Errorf("takes %d bytes for %d, limit %d", taken, len(in.b), limit)
			}
		})
	}
}

// TestPieces checks that a nested message in pieces, which nobody writes but protobuf allows, is put together.
func TestPieces(t *testing.T) {
	whole := full(t, "mesos.v1.TaskInfo", 5)
	launch := descriptors()["mesos.v1.executor.Event"].Fields().ByName("launch").Number()
	for cut := range 300 {
		// a random split of the fields of a nested message: those of the whole message are in order of numbers
		first, second := splitFields(whole, cut)
		name := "mesos.v1.executor.Event"
		b := slices.Concat([]byte{8, 2}, bytesOf(launch, bytesOf(1, first)), bytesOf(launch, bytesOf(1, second)))
		want := stock(t, name)
		unmarshalStock(t, b, want)
		m := newMessage(t, name)
		if err := m.Decode(b, nil); err != nil {
			t.Fatal(err)
		}
		agree(t, name, m, want)
	}
}

// splitFields puts the fields of a message into two, by the bits of pick.
func splitFields(b []byte, pick int) (first, second []byte) {
	for len(b) > 0 {
		_, _, n := protowire.ConsumeField(b)
		if pick&1 == 0 {
			first = append(first, b[:n]...)
		} else {
			second = append(second, b[:n]...)
		}
		pick >>= 1
		b = b[n:]
	}
	return first, second
}

// seeds are inputs for fuzzing.
func seeds(f *testing.F, add func(index uint16, b []byte), json bool) {
	f.Helper()
	for i, name := range messageNames() {
		if i%9 != 0 && !slices.Contains([]string{"mesos.v1.scheduler.Event", "mesos.v1.scheduler.Call", "mesos.v1.Offer", "mesos.v1.TaskInfo"}, name) {
			continue
		}
		wire := full(f, name, uint64(i))
		if json {
			m := newMessage(f, name)
			if err := m.Decode(wire, nil); err != nil {
				f.Fatal(err)
			}
			wire = nil
			if text, err := m.AppendJSON(nil); err == nil {
				wire = text
			}
		}
		add(uint16(i), wire)
	}
}

// FuzzDecode has the stock runtime referee what is made of arbitrary bytes.
func FuzzDecode(f *testing.F) {
	names := messageNames()
	seeds(f, func(i uint16, b []byte) { f.Add(i, b) }, false)
	f.Fuzz(func(t *testing.T, index uint16, b []byte) {
		name := names[int(index)%len(names)]
		m := newMessage(t, name)
		got := m.Decode(b, codec.NewArena())
		want := stock(t, name)
		err := proto.Unmarshal(b, want)
		if got != nil {
			if err == nil && !stricter(got) {
				t.Fatalf("%s: %v, the stock runtime takes it", name, got)
			}
			lenient := newMessage(t, name).Decode(b, &codec.Arena{Lenient: true})
			if err == nil && lenient != nil && strings.Contains(lenient.Error(), "not UTF-8") {
				t.Fatalf("%s: %v, though lenient", name, lenient)
			}
			return
		}
		if err != nil {
			t.Fatalf("%s: the stock runtime says %v", name, err)
		}
		if openEnum(want.Descriptor(), b) {
			return // ours keeps the number as an unknown field, as proto2 demands and Go's runtime does not
		}
		agree(t, name, m, want)
		agree(t, name, clone(m), want)
	})
}

// stricter tells whether an error is about something that the stock runtime lets pass.
func stricter(err error) bool {
	for _, reason := range []string{"not UTF-8", "nested too deeply", "too much memory"} {
		if strings.Contains(err.Error(), reason) {
			return true
		}
	}
	return false
}

// FuzzJSON checks that what is read from arbitrary text can be written, and then reads as the same.
func FuzzJSON(f *testing.F) {
	names := messageNames()
	seeds(f, func(i uint16, b []byte) { f.Add(i, b) }, true)
	f.Fuzz(func(t *testing.T, index uint16, b []byte) {
		name := names[int(index)%len(names)]
		m := newMessage(t, name)
		if err := m.DecodeJSON(b, codec.NewArena()); err != nil {
			return
		}
		text, err := m.AppendJSON(nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again := newMessage(t, name)
		if err := again.UnmarshalJSON(text); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		if second, err := again.AppendJSON(nil); err != nil || !bytes.Equal(text, second) {
			t.Fatalf("%s: %v\nfirst  %s\nsecond %s", name, err, text, second)
		}
	})
}
