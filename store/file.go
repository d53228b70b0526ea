package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// bucket holds the records, each behind the checksum of its key and value. Its name ends with the version of the file's form.
const (
	bucketName = "ormos records "
	bucket     = bucketName + "1"
)

// lockPatience is how long the file may be locked by nobody: where a process was killed as it started another one, the copy of it that was to
// become that one has the lock until then.
const lockPatience = time.Second

// File keeps records in one file, which one process has open at a time. What Commit has returned from is on the disk.
type File struct {
	path string
	db   *bbolt.DB
}

// OpenFile opens the file, and makes one that only this user can read when there is none; directories that are missing are made. It reads
// all of it to see that it is sound: an error that wraps [ErrDamaged] says that it is not, one that wraps [ErrNewer] that a newer program has
// written it, and the file stays as it is. While another process has it open the error wraps [ErrInUse].
func OpenFile(path string) (*File, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open the records in %s: %w", path, err)
	}
	return f, nil
}

func openFile(path string) (*File, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = create(path)
	case err == nil && !info.Mode().IsRegular():
		err = errors.New("it is no file")
	case err == nil && info.Size() == 0: // bbolt would begin anew
		err = fmt.Errorf("%w: the file is empty", ErrDamaged)
	}
	if err != nil {
		return nil, err
	}
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	if err := f.verify(); err != nil {
		_ = f.db.Close()
		return nil, err
	}
	return f, nil
}

// create puts a complete and empty file in place, so that one that is empty or cut short is known to be damaged.
func create(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(dir, filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_ = temporary.Close()
	f, err := open(temporary.Name())
	if err != nil {
		return err
	}
	err = f.db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte(bucket))
		return err
	})
	if err = errors.Join(err, f.db.Close()); err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) { // somebody else may be quicker
		return err
	}
	return syncDir(dir)
}

// syncDir makes a new name in dir outlast a crash.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func open(path string) (f *File, err error) {
	var file *os.File
	options := &bbolt.Options{Timeout: lockPatience}
	options.OpenFile = func(name string, flag int, mode os.FileMode) (opened *os.File, err error) {
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	}
	var db *bbolt.DB
	err = guarded(func() (err error) {
		db, err = bbolt.Open(path, 0o600, options)
		return err
	})
	if err == nil {
		return &File{path: path, db: db}, nil
	}
	if file != nil {
		_ = file.Close() // bbolt does not, where it has panicked
	}
	if errors.Is(err, bbolterrors.ErrTimeout) {
		return nil, ErrInUse
	}
	if _, outside := errors.AsType[syscall.Errno](err); !outside && !errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil, err
}

// verify reads everything before anything is believed. bbolt's own check comes last: it would not survive a tree that leads nowhere.
func (f *File) verify() error {
	if _, err := f.read(); err != nil {
		return err
	}
	return f.view(func(tx *bbolt.Tx) error {
		var first error
		for err := range tx.Check() {
			if first == nil {
				first = fmt.Errorf("%w: %w", ErrDamaged, err)
			}
		}
		return first
	})
}

// Path is the file's.
func (f *File) Path() string { return f.path }

// Load returns all records.
func (f *File) Load(ctx context.Context) (map[string][]byte, error) {
	err := ctx.Err()
	var all map[string][]byte
	if err == nil {
		all, err = f.read()
	}
	if err != nil {
		return nil, fmt.Errorf("cannot load the records in %s: %w", f.path, err)
	}
	return all, nil
}

func (f *File) read() (map[string][]byte, error) {
	all := map[string][]byte{}
	err := f.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		if b == nil {
			return foreign(tx)
		}
		return b.ForEach(func(key, sealed []byte) error {
			value, err := unseal(key, sealed)
			all[string(key)] = value
			return err
		})
	})
	return all, err
}

// foreign tells what a file is that has no records of ours.
func foreign(tx *bbolt.Tx) error {
	var newer error
	err := tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
		if version, ok := strings.CutPrefix(string(name), bucketName); ok {
			newer = fmt.Errorf("%w: its version is %.20s, this program knows 1; use the program that wrote it, or a later one", ErrNewer, version)
		}
		return nil
	})
	return cmp.Or(newer, err, fmt.Errorf("%w: it is a file of something else", ErrDamaged))
}

// view runs what only reads, in a file that is at least as long as it says: beyond the end of a file nobody may look.
func (f *File) view(read func(*bbolt.Tx) error) error {
	return guarded(func() error {
		return f.db.View(func(tx *bbolt.Tx) error {
			info, err := os.Stat(f.path)
			if err != nil {
				return err
			}
			if info.Size() < tx.Size() {
				return fmt.Errorf("%w: the file has %d of its %d bytes", ErrDamaged, info.Size(), tx.Size())
			}
			return read(tx)
		})
	})
}

// Commit makes the changes, all or none; nil removes a record. They are on the disk when it returns nil.
func (f *File) Commit(ctx context.Context, changes map[string][]byte) error {
	if err := checkKeys(changes); err != nil {
		return err
	}
	err := ctx.Err()
	if err == nil {
		err = guarded(func() error {
			return f.db.Update(func(tx *bbolt.Tx) error { return apply(tx.Bucket([]byte(bucket)), changes) })
		})
	}
	if err != nil {
		return fmt.Errorf("cannot commit to %s: %w", f.path, err)
	}
	return nil
}

func apply(b *bbolt.Bucket, changes map[string][]byte) error {
	for key, value := range changes {
		var err error
		if value == nil {
			err = b.Delete([]byte(key))
		} else {
			err = b.Put([]byte(key), seal(key, value))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Close lets another process have the file.
func (f *File) Close() error { return f.db.Close() }

// guarded turns what a damaged file does to bbolt into an error: it panics, or reads where there is no memory.
func guarded(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	return do()
}

// seal puts a checksum before the value: bbolt has none for what it stores.
func seal(key string, value []byte) []byte {
	sealed := make([]byte, 4, 4+len(value))
	binary.BigEndian.PutUint32(sealed, checksum([]byte(key), value))
	return append(sealed, value...)
}

func unseal(key, sealed []byte) ([]byte, error) {
	if len(sealed) < 4 || binary.BigEndian.Uint32(sealed) != checksum(key, sealed[4:]) {
		return nil, fmt.Errorf("%w: the record %q is not what was written", ErrDamaged, key)
	}
	return append([]byte{}, sealed[4:]...), nil
}

func checksum(key, value []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(key, table), table, value)
}
