package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/ormosproject/ormos/internal/codec"
	"github.com/ormosproject/ormos/internal/recordings"
)

// records are the messages of a recording.
func records(t *testing.T, r recordings.Recording) [][]byte {
	t.Helper()
	if !r.Stream() {
		return [][]byte{r.Data}
	}
	var all [][]byte
	for b := r.Data; len(b) > 0; {
		header, rest, _ := bytes.Cut(b, []byte("\n"))
		n, err := strconv.Atoi(string(header))
		if err != nil || n > len(rest) {
			t.Fatalf("%s: bad record header %q", r.Name, header)
		}
		all = append(all, rest[:n])
		b = rest[n:]
	}
	return all
}

func TestRecordingsProtobuf(t *testing.T) {
	for _, rec := range recordings.Messages(t) {
		if rec.JSON() {
			continue
		}
		for _, b := range records(t, rec) {
			m := newMessage(t, rec.Message)
			if err := m.Decode(b, codec.NewArena()); err != nil {
				t.Fatalf("%s: %v", rec.Name, err)
			}
			again, err := m.AppendBinary(nil)
			if err != nil {
				t.Fatalf("%s: %v", rec.Name, err)
			}
			want, got := stock(t, rec.Message), stock(t, rec.Message)
			unmarshalStock(t, b, want)
			unmarshalStock(t, again, got)
			if !proto.Equal(want, got) {
				t.Errorf("%s: encoded again it is another message:\n%v", rec.Name, m)
			}
			if left := leftOver(t, want); len(left) > 0 {
				t.Errorf("%s: the schema has no place for %v", rec.Name, left)
			}
		}
	}
}

// leftOver lists the fields of a message that its schema does not have, but for AgentInfo's 7: there Mesos writes SlaveInfo's checkpoint, which v1
// does not have.
func leftOver(t *testing.T, m proto.Message) (left []string) {
	t.Helper()
	err := protorange.Range(m.ProtoReflect(), func(values protopath.Values) error {
		last := values.Index(-1)
		inner, ok := last.Value.Interface().(protoreflect.Message)
		if !ok {
			return nil
		}
		for b := []byte(inner.GetUnknown()); len(b) > 0; {
			number, kind, n := protowire.ConsumeTag(b)
			if inner.Descriptor().Name() != "AgentInfo" || number != 7 {
				left = append(left, fmt.Sprintf("field %d at %v", number, values.Path))
			}
			b = b[n+protowire.ConsumeFieldValue(number, kind, b[n:]):]
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func TestRecordingsJSON(t *testing.T) {
	for _, rec := range recordings.Messages(t) {
		if !rec.JSON() {
			continue
		}
		for _, b := range records(t, rec) {
			m := newMessage(t, rec.Message)
			if err := m.DecodeJSON(b, codec.NewArena()); err != nil {
				t.Fatalf("%s: %v", rec.Name, err)
			}
			again, err := m.AppendJSON(nil)
			if err != nil {
				t.Fatalf("%s: %v", rec.Name, err)
			}
			if diff := cmp.Diff(jsonValue(t, b), jsonValue(t, again)); diff != "" {
				t.Errorf("%s: encoded again it is another value (-Mesos +ours):\n%s", rec.Name, diff)
			}
		}
	}
}

// jsonValue is JSON text as Go values, without what Mesos shows beyond its schema and empty lists, which it writes in
// some answers only.
func jsonValue(t *testing.T, b []byte) any {
	t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return prune(v, "")
}

func prune(v any, key string) any {
	switch v := v.(type) {
	case map[string]any:
		if key == "agent_info" {
			delete(v, "checkpoint") // field 7 of SlaveInfo, which v1 does not have
		}
		for k, inner := range v {
			if list, ok := inner.([]any); ok && len(list) == 0 {
				delete(v, k)
				continue
			}
			v[k] = prune(inner, k)
		}
	case []any:
		for i := range v {
			v[i] = prune(v[i], key)
		}
	case json.Number:
		f, err := v.Float64()
		if err == nil && strings.ContainsAny(v.String(), ".eE") {
			return f
		}
	}
	return v
}

// shape lists the keys of a JSON value, sorted.
func shape(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var b strings.Builder
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b.WriteString(k + "{" + shape(v[k]) + "}")
		}
		return b.String()
	case []any:
		if len(v) > 0 {
			return shape(v[0])
		}
	}
	return ""
}
