package store_test

import (
	"bytes"
	"errors"
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
