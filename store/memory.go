package store

import (
	"context"
	"sync"
)

// Memory keeps records for as long as the process lives: for tests. The zero value is empty.
type Memory struct {
	mu      sync.Mutex
	records map[string][]byte
}

// Load returns all records.
func (m *Memory) Load(ctx context.Context) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make(map[string][]byte, len(m.records))
	for key, value := range m.records {
		all[key] = append([]byte{}, value...)
	}
	return all, ctx.Err()
}

// Commit makes the changes; nil removes a record.
func (m *Memory) Commit(ctx context.Context, changes map[string][]byte) error {
	if err := checkKeys(changes); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.records == nil {
		m.records = map[string][]byte{}
	}
	for key, value := range changes {
		if value == nil {
			delete(m.records, key)
		} else {
			m.records[key] = append([]byte{}, value...)
		}
	}
	return nil
}
