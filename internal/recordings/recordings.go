// Package recordings holds what a real Mesos master and agent have said, for tests. One scenario made every kind of event happen, once in
// JSON and once in protobuf, and nothing was changed in it.
//
//	stream := recordings.Read(t, "scheduler.pb.recordio")
//
// Where ORMOS_RECORDINGS names a directory, of another version of Mesos say, the tests read that one in place of ours. It has an index.json that
// lists its files as ours does, with ".pb" or ".json" in the name of each that is a message or, with ".recordio", a stream of them.
package recordings

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
)

//go:embed mesos-1.12
var ours embed.FS

// A Recording is the body of one answer.
type Recording struct {
	// Name is its path in the directory, such as master/GET_STATE.pb.
	Name string `json:"file"`
	// Message is the schema's name of what it holds, such as mesos.v1.master.Response; empty where that is no message.
	Message string `json:"message"`
	// Data is the body, without the chunks of HTTP.
	Data []byte `json:"-"`
}

// JSON tells whether messages are in JSON, and not in protobuf.
func (r Recording) JSON() bool { return strings.Contains(r.Name, ".json") }

// Stream tells whether it is many messages in RecordIO, and not one.
func (r Recording) Stream() bool { return strings.HasSuffix(r.Name, ".recordio") }

// Read gives the data of one recording.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(source(t), name)
	if err != nil {
		t.Fatal("cannot read a recording of Mesos:", err)
	}
	return data
}

// Messages gives all that hold messages.
func Messages(t testing.TB) []Recording {
	t.Helper()
	var index struct{ Files []Recording }
	if err := json.Unmarshal(Read(t, "index.json"), &index); err != nil {
		t.Fatal("cannot read the recordings' index.json:", err)
	}
	var all []Recording
	for _, r := range index.Files {
		if r.Message != "" {
			r.Data = Read(t, r.Name)
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		t.Fatal("the recordings' index.json lists no message")
	}
	return all
}

// source is where the recordings are.
func source(t testing.TB) fs.FS {
	t.Helper()
	if dir := os.Getenv("ORMOS_RECORDINGS"); dir != "" {
		return os.DirFS(dir)
	}
	files, err := fs.Sub(ours, "mesos-1.12")
	if err != nil {
		t.Fatal(fmt.Errorf("cannot find our own recordings: %w", err))
	}
	return files
}
