package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/ormosproject/ormos/internal/codec"
)

// recording is something that real Mesos sent: a message, or a stream of them in RecordIO.
type recording struct {
	name    string
	message string
	data    []byte
}

// recordings reads testdata and, when ORMOS_RECORDINGS names one, a directory of more.
func recordings(t *testing.T) []recording {
	t.Helper()
	var all []recording
	for _, dir := range []string{"testdata", os.Getenv("ORMOS_RECORDINGS")} {
		if dir == "" {
			continue
		}
		index, err := os.ReadFile(filepath.Join(dir, "index.json"))
		if err != nil {
			t.Fatal(err)
		}
		var list struct {
			Files []struct{ File, Message string }
		}
		if err := json.Unmarshal(index, &list); err != nil {
			t.Fatal(err)
		}
		for _, f := range list.Files {
			if f.Message == "" {
				continue
			}
			data, err := fs.ReadFile(os.DirFS(dir), f.File)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, recording{f.File, f.Message, data})
		}
	}
	if len(all) == 0 {
		t.Fatal("no recordings")
	}
	return all
}

// records are the messages of a recording.
func (r recording) records(t *testing.T) [][]byte {
	t.Helper()
	if !strings.HasSuffix(r.name, ".recordio") {
		return [][]byte{r.data}
	}
	var all [][]byte
	for b := r.data; len(b) > 0; {
		header, rest, _ := bytes.Cut(b, []byte("\n"))
		n, err := strconv.Atoi(string(header))
		if err != nil || n > len(rest) {
			t.Fatalf("%s: bad record header %q", r.name, header)
		}
		all = append(all, rest[:n])
		b = rest[n:]
	}
	return all
}

func TestRecordingsProtobuf(t *testing.T) {
	for _, rec := range recordings(t) {
		if !strings.Contains(rec.name, ".pb") {
			continue
		}
		for _, b := range rec.records(t) {
			m := newMessage(t, rec.message)
			if err := m.Decode(b, codec.NewArena()); err != nil {
				t.Fatalf("%s: %v", rec.name, err)
			}
			again, err := m.AppendBinary(nil)
			if err != nil {
				t.Fatalf("%s: %v", rec.name, err)
			}
			want, got := stock(t, rec.message), stock(t, rec.message)
			unmarshalStock(t, b, want)
			unmarshalStock(t, again, got)
			if !proto.Equal(want, got) {
				t.Errorf("%s: encoded again it is another message:\n%v", rec.name, m)
			}
		}
	}
}

func TestRecordingsJSON(t *testing.T) {
	for _, rec := range recordings(t) {
		if !strings.Contains(rec.name, ".json") {
			continue
		}
		for _, b := range rec.records(t) {
			m := newMessage(t, rec.message)
			if err := m.DecodeJSON(b, codec.NewArena()); err != nil {
				t.Fatalf("%s: %v", rec.name, err)
			}
			again, err := m.AppendJSON(nil)
			if err != nil {
				t.Fatalf("%s: %v", rec.name, err)
			}
			if diff := cmp.Diff(jsonValue(t, b), jsonValue(t, again)); diff != "" {
				t.Errorf("%s: encoded again it is another value (-Mesos +ours):\n%s", rec.name, diff)
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
