package framework

import (
	"context"
	"fmt"

	"github.com/ormosproject/ormos/scheduler"
)

// idKey is the record of the framework's id, which is the session's and not the engine's.
const idKey = "framework-id"

// identity keeps the framework's id among the records. It is the session's goroutine's.
type identity struct {
	store scheduler.Store
	id    string
}

var _ scheduler.IDStore = (*identity)(nil)

// Load gives the id, empty when there is none.
func (i *identity) Load() (string, error) { return i.id, nil }

// Save keeps the id; an empty one is removed.
func (i *identity) Save(id string) error {
	var value []byte
	if id != "" {
		value = []byte(id)
	}
	if err := i.store.Commit(context.Background(), map[string][]byte{idKey: value}); err != nil {
		return fmt.Errorf("cannot save the framework's id: %w", err)
	}
	i.id = id
	return nil
}
