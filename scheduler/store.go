package scheduler

import (
	"context"
	"strings"
)

// A Store keeps records where they outlive the process, such as those of package store. It may be used from several goroutines.
type Store interface {
	// Load returns all records.
	Load(ctx context.Context) (map[string][]byte, error)
	// Commit makes the changes, all or none; nil removes a record. When it returns nil they outlive the process and the machine's crash. The
	// same Commit again does no harm.
	Commit(ctx context.Context, changes map[string][]byte) error
}

// The keys of a framework's records. All others in its store are its author's.
const (
	idKey           = "framework-id"
	taskPrefix      = "task/"
	operationPrefix = "operation/"
)

// ownKey tells whether a record is one of ours.
func ownKey(key string) bool {
	return key == idKey || strings.HasPrefix(key, taskPrefix) || strings.HasPrefix(key, operationPrefix)
}

// StoredID keeps the framework's id among the records of a store, for a [Session] alone; a [Framework] does so by itself.
func StoredID(s Store) IDStore { return storedID{s} }

type storedID struct{ store Store }

// Load returns the id, or "" if there is none.
func (s storedID) Load() (string, error) {
	all, err := s.store.Load(context.Background())
	return string(all[idKey]), err
}

// Save keeps the id; "" removes it, and with it what is known of the tasks and operations, which end with their framework.
func (s storedID) Save(id string) error {
	if id != "" {
		return s.store.Commit(context.Background(), map[string][]byte{idKey: []byte(id)})
	}
	all, err := s.store.Load(context.Background())
	if err != nil {
		return err
	}
	for key := range all {
		if !ownKey(key) {
			delete(all, key)
		} else {
			all[key] = nil
		}
	}
	return s.store.Commit(context.Background(), all)
}
