package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/internal/codec"
	"github.com/ormosproject/ormos/scheduler"
)

// messageNames are all messages, sorted.
func messageNames() []string {
	names := make([]string, 0, len(constructors))
	for name := range constructors {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// TestEveryMessage has the stock runtime referee each message on a few random values.
func TestEveryMessage(t *testing.T) {
	for _, name := range messageNames() {
		h := fnv.New64a()
		h.Write([]byte(name))
		for i := range uint64(6) {
			referee(t, name, h.Sum64()+i)
		}
	}
}

// TestAnyMessage does the same on values that differ from run to run.
func TestAnyMessage(t *testing.T) {
	names := messageNames()
	rapid.Check(t, func(t *rapid.T) {
		referee(t, rapid.SampledFrom(names).Draw(t, "message"), rapid.Uint64().Draw(t, "seed"))
	})
}

// tester is what testing.T and rapid.T have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// referee checks that ours and the stock runtime understand each other.
func referee(t tester, name string, seed uint64) {
	t.Helper()
	d := descriptors()[protoreflect.FullName(name)]
	want := newRandom(seed, true).message(d, 0)
	wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(want)
	if err != nil {
		t.Fatalf("%s, seed %d: stock runtime: %v", name, seed, err)
	}
	m := constructors[name]()
	if err := m.Decode(wire, codec.NewArena()); err != nil {
		t.Fatalf("%s, seed %d: %v", name, seed, err)
	}
	agree(t, name, m, want)

	owned := constructors[name]()
	buffer := slices.Clone(wire)
	if err := owned.UnmarshalBinary(buffer); err != nil {
		t.Fatalf("%s, seed %d: %v", name, seed, err)
	}
	for i := range buffer {
		buffer[i] = 0xff
	}
	agree(t, name, owned, want)

	refereeJSON(t, name, seed)
}

// agree checks that our message is written as the stock runtime's.
func agree(t tester, name string, m codec.Message, want proto.Message) {
	t.Helper()
	b, err := m.AppendBinary([]byte("prefix"))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	got := want.ProtoReflect().New().Interface()
	if err := proto.Unmarshal(b[len("prefix"):], got); err != nil {
		t.Fatalf("%s: stock runtime: %v", name, err)
	}
	if !proto.Equal(want, got) {
		t.Fatalf("%s: the stock runtime reads another message\nwant %v\ngot  %v", name, want, got)
	}
}

// refereeJSON compares our JSON with that of a simple writer on the stock runtime's messages.
func refereeJSON(t tester, name string, seed uint64) {
	t.Helper()
	want := newRandom(seed, false).message(descriptors()[protoreflect.FullName(name)], 0)
	wire, err := proto.Marshal(want)
	if err != nil {
		t.Fatalf("%s: stock runtime: %v", name, err)
	}
	m := constructors[name]()
	if err := m.Decode(wire, nil); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	text, err := m.AppendJSON(nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var got any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%s: not JSON: %v\n%s", name, err, text)
	}
	if diff := cmp.Diff(mesosJSON(want), got); diff != "" {
		t.Fatalf("%s: JSON (-want +got):\n%s", name, diff)
	}
	back := constructors[name]()
	if err := back.DecodeJSON(text, codec.NewArena()); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, text)
	}
	again, err := back.AppendJSON(nil)
	if err != nil || string(again) != string(text) {
		t.Fatalf("%s: JSON is not stable: %v\nfirst  %s\nsecond %s", name, err, text, again)
	}
}

// mesosJSON is what encoding/json would make of a message as Mesos writes it.
func mesosJSON(m protoreflect.Message) any {
	object := make(map[string]any)
	for i := range m.Descriptor().Fields().Len() {
		f := m.Descriptor().Fields().Get(i)
		v, key := m.Get(f), string(f.Name())
		switch {
		case f.IsMap():
			entries := make(map[string]any)
			for k, v := range v.Map().Range {
				entries[k.String()] = mesosValue(f.MapValue(), v)
			}
			if len(entries) > 0 {
				object[key] = entries
			}
		case f.IsList():
			var list []any
			for i := range v.List().Len() {
				list = append(list, mesosValue(f, v.List().Get(i)))
			}
			if list != nil {
				object[key] = list
			}
		case m.Has(f) || f.HasDefault() && !isDeprecated(f):
			object[key] = mesosValue(f, v)
		}
	}
	return object
}

func mesosValue(f protoreflect.FieldDescriptor, v protoreflect.Value) any {
	switch v := v.Interface().(type) {
	case protoreflect.Message:
		return mesosJSON(v)
	case protoreflect.EnumNumber:
		return string(f.Enum().Values().ByNumber(v).Name())
	case []byte:
		b, _ := json.Marshal(v)
		return string(b[1 : len(b)-1])
	case float64:
		if math.IsInf(v, 0) {
			return "Infinity"
		}
		return v
	case int32:
		return float64(v)
	case int64:
		return float64(v)
	case uint32:
		return float64(v)
	case uint64:
		return float64(v)
	default:
		return v
	}
}

// TestClone checks that a clone is equal and shares nothing: the bytes it was read from are overwritten.
func TestClone(t *testing.T) {
	for _, name := range messageNames() {
		want := newRandom(7, true).message(descriptors()[protoreflect.FullName(name)], 0)
		wire, err := proto.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		m := constructors[name]()
		if err := m.Decode(wire, codec.NewArena()); err != nil {
			t.Fatal(err)
		}
		c := clone(m)
		for i := range wire {
			wire[i] = 0xff
		}
		agree(t, name, c, want)
		if s := fmt.Sprint(c); s == "" || s[0] != '{' {
			t.Errorf("%s: String gives %q", name, s)
		}
	}
}

// TestReset decodes a stream with an arena that uses its memory again: each message must be as if it were the first.
func TestReset(t *testing.T) {
	a := codec.NewArena()
	for round := range 40 {
		for _, name := range []string{"mesos.v1.scheduler.Event", "mesos.v1.Offer", "mesos.v1.TaskStatus", "mesos.v1.TaskInfo"} {
			want := newRandom(uint64(round), true).message(descriptors()[protoreflect.FullName(name)], 0)
			wire, err := proto.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			m := constructors[name]()
			for range 1 + round%7 { // fills slabs
				a.Reset()
				if err := m.Decode(wire, a); err != nil {
					t.Fatal(err)
				}
			}
			agree(t, name, m, want)
		}
	}
}

// TestArenaKeeps checks that an arena never touches what it has given away, unless told.
func TestArenaKeeps(t *testing.T) {
	a := codec.NewArena()
	var events []*scheduler.Event
	var texts []string
	for i, b := range updates(t, 3000).all() {
		e := new(scheduler.Event)
		if err := e.Decode(b, a); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
		if i < 100 {
			texts = append(texts, e.String())
		}
	}
	for i, text := range texts {
		if got := events[i].String(); got != text {
			t.Fatalf("event %d was\n%s\nnow is\n%s", i, text, got)
		}
	}
}

// TestResetKeepsBytes checks that the bytes out of a message in JSON are not used again, not even after Reset.
func TestResetKeepsBytes(t *testing.T) {
	a := codec.NewArena()
	var want, got [][]byte
	for _, b := range updates(t, 300).all() {
		var e, again scheduler.Event
		if err := e.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		text, err := e.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		a.Reset()
		if err := again.DecodeJSON(text, a); err != nil {
			t.Fatal(err)
		}
		want, got = append(want, e.Update.Status.UUID), append(got, again.Update.Status.UUID)
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("uuid %d is %x, want %x", i, got[i], want[i])
		}
		_ = append(got[i], "which must not reach the next"...)
	}
}

// TestArenaForgets checks that an arena does not keep what nobody uses: 200 events of 1 MB as structs.
func TestArenaForgets(t *testing.T) {
	var records [][]byte
	for _, r := range offers(t, 3).all() {
		records = append(records, r)
	}
	for _, reset := range []bool{false, true} {
		a := codec.NewArena()
		var e scheduler.Event
		for i := range 200 {
			if reset {
				a.Reset()
			}
			if err := e.Decode(slices.Clone(records[i%len(records)]), a); err != nil {
				t.Fatal(err)
			}
		}
		runtime.GC()
		var with, without runtime.MemStats
		runtime.ReadMemStats(&with)
		runtime.KeepAlive(a)
		a, e = nil, scheduler.Event{}
		runtime.GC()
		runtime.ReadMemStats(&without)
		if kept := int(with.HeapAlloc) - int(without.HeapAlloc); kept > 32<<20 {
			t.Errorf("reset %v: %d MB are kept", reset, kept>>20)
		}
	}
}
