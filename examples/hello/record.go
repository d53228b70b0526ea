package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ormosproject/ormos/scheduler"
)

// record is what must survive kill -9 of the scheduler: who we are, and which tasks may be running. It is a file that is replaced
// in one step.
type record struct {
	path        string
	FrameworkID string              `json:"framework_id"`
	Tasks       map[string]launched `json:"tasks"`
}

// launched is a task that was launched.
type launched struct {
	Agent string `json:"agent"`
	URL   string `json:"url"`
}

var _ scheduler.IDStore = (*record)(nil)

// readRecord reads the file; a missing one is an empty record.
func readRecord(path string) (*record, error) {
	r := &record{path: path}
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, r)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read what ran before from %s (remove it to start anew): %w", path, err)
	}
	if r.Tasks == nil {
		r.Tasks = map[string]launched{}
	}
	return r, nil
}

// Load gives the framework's id.
func (r *record) Load() (string, error) { return r.FrameworkID, nil }

// Save keeps the framework's id. Without one no task is left either.
func (r *record) Save(id string) error {
	r.FrameworkID = id
	if id != "" {
		return r.save()
	}
	clear(r.Tasks)
	if err := os.Remove(r.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (r *record) add(task string, l launched) error {
	r.Tasks[task] = l
	return r.save()
}

func (r *record) remove(task string) error {
	delete(r.Tasks, task)
	return r.save()
}

func (r *record) save() error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(r.path), 0o755)
	}
	if err == nil {
		err = writeSynced(r.path+".new", append(text, '\n'))
	}
	if err == nil {
		err = os.Rename(r.path+".new", r.path)
	}
	if err != nil {
		return fmt.Errorf("cannot record the tasks: %w", err)
	}
	return nil
}

// writeSynced writes a file that a crash of the machine does not take back.
func writeSynced(path string, text []byte) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Sync(), file.Close())
}
