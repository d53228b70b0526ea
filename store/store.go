package store

import (
	"errors"
	"fmt"
)

var (
	// ErrInUse is wrapped by the errors that say that another process writes the records.
	ErrInUse = errors.New("another process uses the records")
	// ErrDamaged is wrapped by the errors that say that what is stored is not what was written. Nothing is repaired by itself.
	ErrDamaged = errors.New("the records are damaged")
	// ErrNewer is wrapped by the errors that say that a newer version of this package has written the file, in a form that this one does not know.
	ErrNewer = errors.New("the file is of a newer form")
	// ErrTooLarge is wrapped by the errors of a Commit that can never be made: nothing was written.
	ErrTooLarge = errors.New("too large")
)

// maxKey is what every store takes.
const maxKey = 512

// checkKeys finds what no store takes, so that what works with one does with the others.
func checkKeys(changes map[string][]byte) error {
	for key := range changes {
		if key == "" {
			return errors.New("cannot commit: a key is empty")
		}
		if len(key) > maxKey {
			return fmt.Errorf("cannot commit: the key %.40q... has %d bytes, more than %d: %w", key, len(key), maxKey, ErrTooLarge)
		}
	}
	return nil
}
