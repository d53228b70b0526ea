package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ormosproject/ormos/zk"
)

// ZooKeeper keeps records in ZooKeeper, where a scheduler that is started on another machine finds them. The one that has loaded them last writes
// them; an earlier one's commits fail with [ErrInUse]. A batch is one transaction of at most 1 MB, records included: what is larger is
// refused with [ErrTooLarge].
type ZooKeeper struct{ records *zk.Records }

// ZooKeeperOptions are how to talk to ZooKeeper. The zero value works.
type ZooKeeperOptions struct {
	// Logger hears of lost connections and the like; nil means that nobody does.
	Logger *slog.Logger
}

// OpenZooKeeper connects to ZooKeeper and waits for it until ctx ends. at is zk://user:password@host:port,.../path; the path is for these records alone,
// and made when it is missing. With a user nobody else can read or write what is made.
//
// The methods wait, too, for as long as connections are lost and until their ctx ends. A Commit whose connection breaks is found out to be made or is made
// again, never twice.
func OpenZooKeeper(ctx context.Context, at string, o ZooKeeperOptions) (*ZooKeeper, error) {
	url, err := zk.ParseURL(at)
	if err != nil {
		return nil, err
	}
	records, err := zk.OpenRecords(ctx, url, zk.Options{Logger: o.Logger})
	if err != nil {
		return nil, err
	}
	return &ZooKeeper{records}, nil
}

// Load returns all records, and makes this process the one that writes them.
func (z *ZooKeeper) Load(ctx context.Context) (map[string][]byte, error) { return z.records.Load(ctx) }

// Commit makes the changes, all or none; nil removes a record. A majority of the servers have them when it returns nil.
func (z *ZooKeeper) Commit(ctx context.Context, changes map[string][]byte) error {
	if err := checkKeys(changes); err != nil {
		return err
	}
	err := z.records.Commit(ctx, changes)
	switch {
	case errors.Is(err, zk.ErrTaken):
		return fmt.Errorf("%w: %w", ErrInUse, err)
	case errors.Is(err, zk.ErrTooLarge):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return err
}

// Close ends the session. What was committed stays.
func (z *ZooKeeper) Close() error {
	z.records.Close()
	return nil
}
