package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// facts are the wire's names and numbers as somebody else read them out of Mesos.
type facts struct {
	Messages map[string]struct {
		Fields   []factField
		MapEntry bool `json:"map_entry"`
	}
	Enums map[string]struct{ Values map[string]int32 }
}

type factField struct {
	Name, Type, Label, Kind, Oneof string
	Number                         int32
	Default                        *string
	Deprecated                     bool
}

// TestSchemaIsMesos compares the schema with the file that ORMOS_WIRE_FACTS names.
func TestSchemaIsMesos(t *testing.T) {
	path := os.Getenv("ORMOS_WIRE_FACTS")
	if path == "" {
		t.Skip("ORMOS_WIRE_FACTS names no file")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want facts
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	isV1 := func(name string) bool { return len(name) > 9 && name[:9] == "mesos.v1." }
	maps.DeleteFunc(want.Enums, func(name string, _ struct{ Values map[string]int32 }) bool { return !isV1(name) })

	got := make(map[string]map[string]int32)
	files, err := compile(t.Context(), "../../schema")
	if err != nil {
		t.Fatal(err)
	}
	messages, enums := collect(files)
	for _, e := range enums {
		values := make(map[string]int32)
		for i := range e.Values().Len() {
			values[string(e.Values().Get(i).Name())] = int32(e.Values().Get(i).Number())
		}
		got[string(e.FullName())] = values
	}
	for name, e := range want.Enums {
		if diff := cmp.Diff(e.Values, got[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if len(got) != len(want.Enums) {
		t.Errorf("%d enums, want %d", len(got), len(want.Enums))
	}
	have := 0
	for _, m := range messages {
		if name := string(m.FullName()); isV1(name) {
			have++
			if diff := cmp.Diff(want.Messages[name].Fields, fieldsOf(m)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
	for name, m := range want.Messages {
		if isV1(name) && !m.MapEntry {
			have--
		}
	}
	if have != 0 {
		t.Errorf("%+d messages too many", have)
	}
}

// fieldsOf describes a message's fields as the facts do.
func fieldsOf(m protoreflect.MessageDescriptor) []factField {
	all := []factField{}
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		have := factField{
			Name: string(f.Name()), Number: int32(f.Number()), Type: f.Kind().String(), Label: f.Cardinality().String(),
			Deprecated: isDeprecated(f),
		}
		switch {
		case f.Message() != nil:
			have.Type, have.Kind = string(f.Message().FullName()), "message"
		case f.Enum() != nil:
			have.Type, have.Kind = string(f.Enum().FullName()), "enum"
		}
		if o := f.ContainingOneof(); o != nil {
			have.Oneof = string(o.Name())
		}
		if f.HasDefault() {
			text := fmt.Sprint(f.Default().Interface())
			if v := f.DefaultEnumValue(); v != nil {
				text = string(v.Name())
			}
			have.Default = &text
		}
		all = append(all, have)
	}
	return all
}

// TestFresh fails when the generated files are not what the schema gives.
func TestFresh(t *testing.T) {
	if err := run("../..", true); err != nil {
		t.Error(err)
	}
}

// TestTables checks that the generated constructors are those of the schema.
func TestTables(t *testing.T) {
	names := slices.Collect(maps.Keys(descriptors()))
	for _, name := range names {
		if got := newMessage(t, string(name)).Schema().Name; got != string(name) {
			t.Errorf("%s has the table of %s", name, got)
		}
	}
	if len(names) != len(constructors) {
		t.Errorf("%d messages in the schema, %d constructors", len(names), len(constructors))
	}
}
