package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// A backup is lines of JSON: what it is, a line for each record in the order of keys, and the end with the SHA-256 of all lines before it, without
// which it is not complete.
const (
	backupName = "ormos-backup"
	// BackupVersion is that of the backups' form. What is newer is refused.
	BackupVersion = 1
	// maxBackupLine is the longest line, in bytes.
	maxBackupLine = 256 << 20
)

type backupHead struct {
	Name    string `json:"backup"`
	Version int    `json:"version"`
}

type backupRecord struct {
	Key   string `json:"key"`
	Value []byte `json:"value"`
}

type backupEnd struct {
	Records int    `json:"records"`
	Sum     string `json:"sha256"`
}

// WriteBackup writes records, as [File.Load] gives them, for ReadBackup.
func WriteBackup(w io.Writer, records map[string][]byte) error {
	out := &backupWriter{w: bufio.NewWriter(w), sum: sha256.New()}
	out.line(backupHead{backupName, BackupVersion})
	for _, key := range slices.Sorted(maps.Keys(records)) {
		out.line(backupRecord{key, records[key]})
	}
	out.line(backupEnd{len(records), hex.EncodeToString(out.sum.Sum(nil))})
	if err := errors.Join(out.err, out.w.Flush()); err != nil {
		return fmt.Errorf("cannot write the backup: %w", err)
	}
	return nil
}

// KeepBackup writes records to a file that only this user can read: dir/name.backup, or name-2.backup and so on where that is there already. It is whole
// and on the disk, or not there at all.
func KeepBackup(dir, name string, records map[string][]byte) (path string, err error) {
	path, err = keepBackup(dir, name, records)
	if err != nil {
		return "", fmt.Errorf("cannot keep a backup in %s: %w", dir, err)
	}
	return path, nil
}

func keepBackup(dir, name string, records map[string][]byte) (string, error) {
	file, err := os.CreateTemp(dir, "."+name+".*")
	if err != nil {
		return "", err
	}
	defer os.Remove(file.Name())
	if err := errors.Join(WriteBackup(file, records), file.Sync(), file.Close()); err != nil {
		return "", err
	}
	path := filepath.Join(dir, name+".backup")
	for n := 2; ; n++ {
		err := os.Link(file.Name(), path)
		if err == nil {
			return path, syncDir(dir)
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		path = filepath.Join(dir, fmt.Sprintf("%s-%d.backup", name, n))
	}
}

// backupWriter writes lines until one fails.
type backupWriter struct {
	w   *bufio.Writer
	sum hash.Hash
	err error
}

func (b *backupWriter) line(v any) {
	if b.err != nil {
		return
	}
	text, err := json.Marshal(v)
	if err == nil {
		text = append(text, '\n')
		_, _ = b.sum.Write(text) // never fails
		_, err = b.w.Write(text)
	}
	b.err = err
}

// ReadBackup reads what WriteBackup has written. What is cut off or changed is an error that wraps [ErrDamaged].
func ReadBackup(r io.Reader) (map[string][]byte, error) {
	records, err := readBackup(r)
	if err != nil {
		return nil, fmt.Errorf("cannot read the backup: %w", err)
	}
	return records, nil
}

func readBackup(r io.Reader) (map[string][]byte, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxBackupLine)
	var head backupHead
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &head) != nil || head.Name != backupName {
		return nil, errors.Join(errors.New("it is no backup of Ormos"), lines.Err())
	}
	if head.Version < 1 || head.Version > BackupVersion {
		return nil, fmt.Errorf("%w: its version is %d, this program knows those up to %d; use the program that wrote it, or a later one", ErrNewer, head.Version, BackupVersion)
	}
	sum := sha256.New()
	add := func() {
		_, _ = sum.Write(lines.Bytes())
		_, _ = sum.Write([]byte("\n"))
	}
	add()
	records := map[string][]byte{}
	for lines.Scan() {
		if bytes.HasPrefix(lines.Bytes(), []byte(`{"records":`)) {
			var end backupEnd
			if json.Unmarshal(lines.Bytes(), &end) != nil || end.Records != len(records) || end.Sum != hex.EncodeToString(sum.Sum(nil)) {
				return nil, fmt.Errorf("%w: the sum at its end is of something else", ErrDamaged)
			}
			return records, nil
		}
		var one backupRecord
		if json.Unmarshal(lines.Bytes(), &one) != nil || one.Key == "" || len(one.Key) > maxKey || one.Value == nil {
			return nil, fmt.Errorf("%w: what should be record %d is none", ErrDamaged, len(records)+1)
		}
		records[one.Key] = one.Value
		add()
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w: its end is missing", ErrDamaged)
}
