package agent

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
)

// Kinds of records in a task's updates.
const (
	recordUpdate          byte = 1 // a TaskStatus
	recordAcknowledgement byte = 2 // a uuid
)

// recordHeader is the length of a record's data, its checksum and its kind.
const recordHeader = 4 + 4 + 1

// errTorn is a record that was not written to its end, which an agent that is killed can leave behind as the last one.
var errTorn = errors.New("a record is incomplete or damaged")

// record is one entry of an append-only file.
type record struct {
	kind byte
	data []byte
}

func checksum(kind byte, data []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Update(0, table, []byte{kind}), table, data)
}

// appendRecord adds one record with a single write, so that a kill leaves a whole record or none. It is not synced: what must
// survive is the death of the agent; a machine that goes down takes all tasks with it.
func appendRecord(path string, kind byte, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		f, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	}
	if err != nil {
		return err
	}
	// What a full disk takes of a record must not stand between this and the next one.
	before, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	b := make([]byte, 0, recordHeader+len(data))
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	b = binary.BigEndian.AppendUint32(b, checksum(kind, data))
	if _, err = f.Write(append(append(b, kind), data...)); err != nil {
		err = errors.Join(err, f.Truncate(before.Size()))
	}
	return errors.Join(err, f.Close())
}

// readRecords gives all whole records of a file, and errTorn with them if there is something else behind. A file that does not
// exist has none.
func readRecords(path string) ([]record, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	records, rest := splitRecords(b)
	if rest > 0 {
		return records, fmt.Errorf("%s: %w: %d bytes", path, errTorn, rest)
	}
	return records, nil
}

// splitRecords gives the whole records at the beginning of b, and how many bytes are behind them.
func splitRecords(b []byte) (records []record, rest int) {
	for len(b) >= recordHeader {
		n := binary.BigEndian.Uint32(b)
		if uint64(n) > uint64(len(b)-recordHeader) {
			break
		}
		r := record{b[recordHeader-1], b[recordHeader : recordHeader+int(n)]}
		if checksum(r.kind, r.data) != binary.BigEndian.Uint32(b[4:]) {
			break
		}
		records = append(records, r)
		b = b[recordHeader+int(n):]
	}
	return records, len(b)
}

// message is what is kept in a file of its own.
type message interface {
	MarshalBinary() ([]byte, error)
}

// writeFile puts a message in the place of a file, so that readers find the old or the new one, whole. With sync it is there after
// the machine went down, too.
func writeFile(path string, m message, sync bool) error {
	data, err := m.MarshalBinary()
	if err != nil {
		return err
	}
	data = append(binary.BigEndian.AppendUint32(nil, checksum(0, data)), data...)
	if !sync {
		// Nothing has to be replaced most of the time, and a task should not wait for a rename: a kill leaves all of one write, or an empty file.
		err := create(path, os.O_EXCL, data, false)
		if errors.Is(err, fs.ErrNotExist) {
			if err = makeDirectory(filepath.Dir(path), 0o755); err == nil {
				err = create(path, os.O_EXCL, data, false)
			}
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
	} else if err := makeDirectory(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	next := path + ".next"
	if err := create(next, os.O_TRUNC, data, sync); err != nil {
		return err
	}
	return os.Rename(next, path)
}

// create writes a file, or leaves none.
func create(path string, flag int, data []byte, sync bool) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flag, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if sync && err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// errUnwritten is a file that is there and empty: its writer was killed before anybody relied on it, unless something else is there that did.
var errUnwritten = errors.New("is empty")

// readFile reads what writeFile wrote; what is damaged is an error.
func readFile(path string, m interface{ UnmarshalBinary(b []byte) error }) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if len(b) == 0 {
		return fmt.Errorf("%s %w", path, errUnwritten)
	}
	if len(b) < 4 || checksum(0, b[4:]) != binary.BigEndian.Uint32(b) {
		return fmt.Errorf("%s is damaged", path)
	}
	if err := m.UnmarshalBinary(b[4:]); err != nil {
		return fmt.Errorf("%s is damaged: %w", path, err)
	}
	return nil
}
