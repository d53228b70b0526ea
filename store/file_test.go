package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

func mustOpen(t testing.TB, path string) *File {
	t.Helper()
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestFile(t *testing.T) {
	empty := func(t testing.TB) (records, func() records) {
		path := filepath.Join(t.TempDir(), strconv.FormatUint(rand.Uint64(), 36))
		f := mustOpen(t, path)
		return f, func() records {
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			f = mustOpen(t, path)
			return f
		}
	}
	conforms(t, empty)
	isMap(t, empty)
}

func TestFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "directories", "records")
	mustOpen(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("the file's mode is %v", info.Mode())
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("there are files left over: %v", entries)
	}
}

func TestFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records")
	mustOpen(t, path)
	_, err := OpenFile(path)
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), path) {
		t.Errorf("opened twice: %v", err)
	}
}

func TestFileOfANewerProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records")
	db, err := bbolt.Open(path, 0o600, nil)
	if err == nil {
		err = db.Update(func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucket([]byte("ormos records 2"))
			return err
		})
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	_, err = OpenFile(path)
	if !errors.Is(err, ErrNewer) || errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "version is 2") {
		t.Errorf("a file of a newer form: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("it was changed: %v", err)
	}
}

func TestFileThatIsNone(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	db, err := bbolt.Open(other, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("all work and no play\n", 5000)), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"a directory": dir, "another program's": other, "a text": text, "below a file": filepath.Join(text, "x")} {
		if _, err := OpenFile(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := OpenFile(empty); !errors.Is(err, ErrDamaged) {
		t.Errorf("an empty file: %v", err)
	}
	if info, err := os.Stat(empty); err != nil || info.Size() != 0 {
		t.Errorf("the empty file was changed: %v, %v", info, err)
	}
}

// filled is a file with some pages of records.
func filled(t testing.TB) (path string, want map[string][]byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "records")
	f := mustOpen(t, path)
	want = map[string][]byte{}
	for i := range 300 {
		want[fmt.Sprintf("task/%04d", i)] = []byte(strings.Repeat("value ", i%20))
	}
	commit(t, f, want)
	commit(t, f, map[string][]byte{"task/0007": nil, "task/0008": nil})
	delete(want, "task/0007")
	delete(want, "task/0008")
	f.Close()
	return path, want
}

// A file whose bytes have changed, or that was cut, is never taken for another: it opens as it was, or not at all.
func TestFileDamaged(t *testing.T) {
	path, want := filled(t)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for range 300 {
		damaged := append([]byte{}, sound...)
		switch r.IntN(3) {
		case 0:
			damaged = damaged[:r.IntN(len(damaged))]
		case 1:
			damaged[r.IntN(len(damaged))] ^= byte(1 + r.IntN(255))
		case 2:
			at := r.IntN(len(damaged))
			for i := at; i < min(at+1+r.IntN(6000), len(damaged)); i++ {
				damaged[i] = byte(r.Uint32())
			}
		}
		if refuses(t, damaged, want) {
			refused++
		}
	}
	if refused < 100 {
		t.Errorf("only %d of 300 damages were found", refused)
	}
}

func refuses(t testing.TB, content []byte, want map[string][]byte) bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "damaged")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(path)
	if err != nil {
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Fatalf("a damaged file: %v", err)
		}
		after, err := os.ReadFile(path)
		if err != nil || string(after) != string(content) {
			t.Fatalf("the damaged file was changed: %v", err)
		}
		return true
	}
	defer f.Close()
	same(t, f, want)
	return false
}

func FuzzFile(f *testing.F) {
	path, _ := filled(f)
	sound, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(0, []byte{})
	f.Add(4096, []byte("page"))
	f.Add(len(sound), []byte("more"))
	f.Fuzz(func(t *testing.T, at int, patch []byte) {
		content := append([]byte{}, sound...)
		at = max(0, min(at, len(content)))
		content = append(content[:at], append(patch, content[min(at+len(patch), len(content)):]...)...)
		path := filepath.Join(t.TempDir(), "damaged")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if file, err := OpenFile(path); err == nil {
			_, _ = file.Load(t.Context())
			_ = file.Commit(t.Context(), map[string][]byte{"a": {1}})
			file.Close()
		}
	})
}

// A process that is killed at any moment leaves what it was told is kept, and no half of a batch.
func TestKillNine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records")
	last := 0
	for range 8 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "ORMOS_STORE_WRITER="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		told := last
		lines := bufio.NewScanner(out)
		for n := 1 + rand.IntN(25); n > 0 && lines.Scan(); n-- {
			if told, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatalf("the writer says %q", lines.Text())
			}
		}
		_ = cmd.Process.Kill()
		rest, _ := io.ReadAll(out)
		_ = cmd.Wait()
		f := mustOpen(t, path)
		last = checkWritten(t, f, told)
		f.Close()
		t.Logf("killed after %d, %d is kept, %d bytes were not read", told, last, len(rest))
	}
	if last == 0 {
		t.Error("nothing was ever written")
	}
}

// write commits numbered batches for ever and says each number when it is kept.
func write(path string) {
	f, err := OpenFile(path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	all, _ := f.Load(context.Background())
	n, _ := strconv.Atoi(string(all["n"]))
	for {
		n++
		if err := f.Commit(context.Background(), batch(n)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(n)
	}
}

// batch is what the n-th commit writes: it leaves three records that agree.
func batch(n int) map[string][]byte {
	number := fmt.Append(nil, n)
	return map[string][]byte{
		"n": number, fmt.Sprint("a/", n): number, fmt.Sprint("a/", n-1): nil, "large": []byte(strings.Repeat(fmt.Sprintln(n), 500)),
	}
}

func checkWritten(t *testing.T, s records, told int) int {
	t.Helper()
	all, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(string(all["n"]))
	if n < told {
		t.Fatalf("%d was committed and only %d is kept", told, n)
	}
	want := batch(n)
	delete(want, fmt.Sprint("a/", n-1))
	if diff := cmp.Diff(want, all); n > 0 && diff != "" {
		t.Fatalf("a part of a batch was kept (-want +got):\n%s", diff)
	}
	return n
}
