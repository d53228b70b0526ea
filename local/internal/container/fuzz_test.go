package container

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/mesos"
)

var formats = []string{"x.tar", "x.tar.gz", "x.tar.bz2", "x.tar.xz", "x.zip", "x.gz"}

// FuzzExtract unpacks anything: what comes of it lies in the sandbox, within the limits, and no link leads out.
func FuzzExtract(f *testing.F) {
	for _, entries := range [][]entry{
		{{name: "d/inner", data: "in"}, {name: "l", link: "d/inner"}, {name: "h", link: "d/inner", kind: tar.TypeLink}},
		{{name: "../x", data: "x"}},
		{{name: "a/s", link: ".."}, {name: "a/t", link: "s/../../c"}, {name: "a/t/x", data: "x"}},
		{{name: "d/"}, {name: "d", link: "/"}, {name: "d/x", data: "x"}},
	} {
		plain := tarOf(f, entries...)
		f.Add(byte(0), plain)
		f.Add(byte(1), gzipped(f, plain))
		f.Add(byte(3), xzed(f, plain, 1<<16))
		f.Add(byte(4), zipOf(f, entries...))
	}
	f.Add(byte(2), bzipped(f))
	f.Add(byte(5), gzipped(f, []byte("text")))
	const limit = 1 << 20
	f.Fuzz(func(t *testing.T, format byte, data []byte) {
		dir := t.TempDir()
		box := filepath.Join(dir, "box")
		name := formats[int(format)%len(formats)]
		if err := os.Mkdir(box, 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
		unpackOne(t, dir, box, name, limit)
		names, err := os.ReadDir(dir)
		if err != nil || len(names) != 2 {
			t.Fatalf("beside the sandbox: %v, %v", names, err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("the archive was written to (%v)", err)
		}
		checkConfined(t, box, limit)
	})
}

func unpackOne(t *testing.T, dir, box, name string, limit int64) {
	t.Helper()
	root, err := os.OpenRoot(box)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	file, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := &sandbox{ctx: t.Context(), root: root, bytes: limit, written: limit, entries: 50}
	_ = s.extract(file, name) // an error is fine, and the rule
}

func checkConfined(t *testing.T, box string, limit int64) {
	t.Helper()
	var total int64
	err := filepath.WalkDir(box, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			if filepath.IsAbs(to) {
				t.Errorf("%s leads to %s", path, to)
			}
			if real, err := filepath.EvalSymlinks(path); err == nil && real != box && !strings.HasPrefix(real, box+"/") {
				t.Errorf("%s leads to %s", path, real)
			}
		case d.Type().IsRegular():
			total += info.Size()
		case !d.IsDir():
			t.Errorf("%s is a %s", path, d.Type())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if total > limit*50 { // hard links count each time here
		t.Errorf("%d bytes", total)
	}
}

// FuzzTarget: a URI's file stays in the sandbox, and its password out of messages.
func FuzzTarget(f *testing.F) {
	f.Add("http://u:pass@h/x", "")
	f.Add(" file:///a/b", "c/d")
	f.Add("http://u:pa@ss@h", "../x")
	f.Fuzz(func(t *testing.T, value, output string) {
		if name, err := target(mesos.CommandInfoURI{Value: value, OutputFile: &output}); err == nil && !filepath.IsLocal(name) {
			t.Errorf("name %q", name)
		}
		const secret = "c0rrect-horse"
		if strings.Contains(value, "://") || strings.Contains(value, secret) || value == "" {
			return
		}
		host := strings.NewReplacer("/", "", "?", "", "#", "").Replace(value)
		if got := redact("http://me:" + secret + "@" + host + "/x"); strings.Contains(got, secret) {
			t.Errorf("redacted %q", got)
		}
	})
}

func FuzzIdentity(f *testing.F) {
	f.Add([]byte("10 20 boot\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.Mkdir(dir+"/pids", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, startFile), data, 0o644); err != nil {
			t.Fatal(err)
		}
		i, found, err := readIdentity(dir)
		if found && (err != nil || i.PID < 2) {
			t.Errorf("got %+v, %v", i, err)
		}
		if !found {
			return
		}
		if err := writeIdentity(dir, i); err != nil {
			t.Fatal(err)
		}
		if again, _, err := readIdentity(dir); err != nil || again != i {
			t.Errorf("got %+v, %v; want %+v", again, err, i)
		}
	})
}
