package scheduler

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// An IDStore keeps the framework's id from one start of the scheduler to the next: with it, a scheduler that was killed finds its
// tasks again instead of losing them. The session calls it from the goroutine of its events, and from the one that calls Teardown.
type IDStore interface {
	// Load returns the id, or "" if there is none.
	Load() (string, error)
	// Save keeps the id when it returns nil, also through a crash of the machine. "" removes it.
	Save(id string) error
}

// FileID keeps the framework's id in the file of this path, whose directories are made when they are missing.
type FileID string

var _ IDStore = FileID("")

// String gives the path.
func (f FileID) String() string { return string(f) }

// Load reads the file. One that is missing or empty has no id.
func (f FileID) Load() (string, error) {
	text, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot load the framework id: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// Save replaces the file in one step.
func (f FileID) Save(id string) error {
	change := func() error { return f.replace(id) }
	if id == "" {
		change = f.remove
	}
	if err := change(); err != nil {
		return fmt.Errorf("cannot save the framework id: %w", err)
	}
	return nil
}

func (f FileID) remove() error {
	if err := os.Remove(string(f)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (f FileID) replace(id string) error {
	dir := filepath.Dir(string(f))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(dir, filepath.Base(string(f))+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // fails once it has its own name
	_, err = temporary.WriteString(id + "\n")
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), string(f)); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a rename in dir outlast a crash.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
