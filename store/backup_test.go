package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/store"
)

func TestBackupRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.MapOf(rapid.StringMatching(`[a-z/.]{1,20}`), rapid.SliceOf(rapid.Byte())).Draw(t, "records")
		var b bytes.Buffer
		if err := store.WriteBackup(&b, records); err != nil {
			t.Fatal(err)
		}
		got, err := store.ReadBackup(&b)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(records, got); d != "" {
			t.Error(d)
		}
	})
}

// What is cut off anywhere, or has another byte, is found out.
func TestBackupDamaged(t *testing.T) {
	var b bytes.Buffer
	if err := store.WriteBackup(&b, map[string][]byte{"app/web": []byte("one"), "app/api": []byte("two")}); err != nil {
		t.Fatal(err)
	}
	whole := b.String()
	for i := range len(whole) - 1 {
		if _, err := store.ReadBackup(strings.NewReader(whole[:i])); err == nil {
			t.Errorf("%d of %d bytes pass as a backup", i, len(whole))
		}
		changed := []byte(whole)
		changed[i] ^= 1
		if records, err := store.ReadBackup(bytes.NewReader(changed)); err == nil {
			t.Errorf("a backup whose byte %d was changed gives %v", i, records)
		}
	}
}

func TestBackupRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":       "",
		"another file":  "hello\n",
		"a newer one":   `{"backup":"ormos-backup","version":2}` + "\n",
		"without value": `{"backup":"ormos-backup","version":1}` + "\n" + `{"key":"a"}` + "\n",
	} {
		if _, err := store.ReadBackup(strings.NewReader(text)); err == nil {
			t.Errorf("%s passes as a backup", name)
		}
	}
}

func TestBackupThatCannotBeWritten(t *testing.T) {
	if err := store.WriteBackup(full{}, map[string][]byte{"a": []byte("b")}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func FuzzReadBackup(f *testing.F) {
	var b bytes.Buffer
	if err := store.WriteBackup(&b, map[string][]byte{"app/web": []byte("one")}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.String())
	f.Fuzz(func(t *testing.T, text string) {
		records, err := store.ReadBackup(strings.NewReader(text))
		if err != nil {
			return
		}
		for key, value := range records {
			if key == "" || value == nil {
				t.Errorf("the record %q is %v", key, value)
			}
		}
	})
}

func TestKeepBackup(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{"before.backup", "before-2.backup", "before-3.backup"} {
		records := map[string][]byte{"app/web": []byte(want)}
		path, err := store.KeepBackup(dir, "before", records)
		if err != nil || path != filepath.Join(dir, want) {
			t.Fatalf("%s, %v, want %s", path, err, want)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := store.ReadBackup(file)
		if file.Close(); err != nil || string(got["app/web"]) != want {
			t.Errorf("%s holds %v, %v", path, got, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 3 {
		t.Errorf("there is more than the backups: %v, %v", entries, err)
	}
	if _, err := store.KeepBackup(filepath.Join(dir, "absent"), "before", nil); err == nil {
		t.Error("kept where nothing is")
	}
}
