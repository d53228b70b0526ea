package framework

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ormosproject/ormos/internal/engine"
	"github.com/ormosproject/ormos/scheduler"
	"github.com/ormosproject/ormos/store"
)

// upgrader brings the records of an older version of the program up to date: in one commit, after they were written to a backup. Killed at any moment it
// leaves what was there before or all that is to be.
type upgrader struct {
	store scheduler.Store
	// dir is where the backup is kept; empty keeps none.
	dir     string
	upgrade func(records map[string][]byte) (changes map[string][]byte, from int, err error)
	log     *slog.Logger
}

// load loads the records as the present version of the program has them.
func (u *upgrader) load(ctx context.Context) (map[string][]byte, error) {
	records, err := u.store.Load(ctx)
	if err != nil {
		return nil, err
	}
	changes, from, err := u.upgrade(records)
	if err != nil || changes == nil {
		return records, err
	}
	if u.dir != "" {
		path, err := store.KeepBackup(u.dir, fmt.Sprintf("before-upgrade-of-format-%d", from), records)
		if err != nil {
			return nil, fmt.Errorf("cannot upgrade the records: %w", err)
		}
		u.log.Warn("the records are of an older version and are upgraded; what was there is in a backup", "format", from, "backup", path)
	}
	if err := u.store.Commit(ctx, changes); err != nil {
		return nil, fmt.Errorf("cannot upgrade the records: %w", err)
	}
	return u.store.Load(ctx)
}

// CheckRecords tells whether Run would go on from records, such as those of a backup: nil, or an error that names what is wrong and wraps what
// [IsNewer] knows.
func CheckRecords(records map[string][]byte) error {
	now := make(map[string][]byte, len(records))
	for key, value := range records {
		now[key] = value
	}
	changes, _, err := engine.Upgrade(records)
	if err != nil {
		return err
	}
	for key, value := range changes {
		if now[key] = value; value == nil {
			delete(now, key)
		}
	}
	_, err = engine.New(now, engine.Options{Seed: 1})
	return err
}

// IsNewer tells whether an error says that a newer version of the program has written the records.
func IsNewer(err error) bool {
	return errors.Is(err, engine.ErrNewer) || errors.Is(err, store.ErrNewer)
}
