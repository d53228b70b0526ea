package container

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"
)

// entry is one of an archive: link when that is not "", directory when the name ends so, else a file.
type entry struct {
	name, data, link string
	kind             byte
}

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o755, Size: int64(len(e.data)), Linkname: e.link, Typeflag: e.kind, Format: tar.FormatPAX}
		if e.link != "" && e.kind == 0 {
			h.Typeflag = tar.TypeSymlink
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(0o755)
		if e.link != "" {
			h.SetMode(0o777 | fs.ModeSymlink)
			e.data = e.link
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func xzed(t testing.TB, data []byte, dictionary int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := xz.WriterConfig{DictCap: dictionary}.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(data)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// bzipped is a tar.bz2 that holds a file `inner` with `in`, since the standard library cannot write one.
func bzipped(t testing.TB) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(tarBzip2)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const tarBzip2 = "QlpoOTFBWSZTWSUa1dUAAG5bgMmAQABdgAAIYiEeAAgIIABUQjTQBoGmgkijTRtBGgfZmOhBnUEIo0omRTjZAhgYhxOwi7oH3SiG" +
	"cCIFRqqTlVmaoiIB8XckU4UJAlGtXVA="

func TestExtractIsConfined(t *testing.T) {
	p := processes(t, Options{MaxExtractedBytes: 1 << 20, MaxExtractedEntries: 100})
	many := make([]entry, 101)
	for i := range many {
		many[i].name = fmt.Sprint(i)
	}
	outside := filepath.Join(t.TempDir(), "outside")
	for _, one := range []struct {
		name    string
		entries []entry
		want    string
	}{
		{"absolute", []entry{{name: outside, data: "x"}}, "leads outside"},
		{"parent", []entry{{name: "a/../../x", data: "x"}}, `entry "a/../../x" leads outside the sandbox`},
		{"absolute link", []entry{{name: "l", link: "/etc/passwd"}}, `entry "l" is a link to "/etc/passwd", outside`},
		{"parent link", []entry{{name: "a/l", link: "../../x"}}, `entry "a/l" is a link to "../../x", outside`},
		{"through a link", []entry{{name: "d/"}, {name: "l", link: "d"}, {name: "l/x", data: "x"}}, `entry "l/x" leads over the symbolic link "l"`},
		{"links in a row", []entry{{name: "a/b/s", link: "../.."}, {name: "a/b/s/t", link: "../../c"}}, "leads over the symbolic link"},
		{"too many entries", many, errEntries.Error()},
		{"too many bytes", []entry{{name: "x", data: strings.Repeat("\x00", 1<<20+1)}}, errBytes.Error()},
	} {
		tarGz, zipped := gzipped(t, tarOf(t, one.entries...)), zipOf(t, one.entries...)
		url, _ := served(t, map[string][]byte{"/x.tgz": tarGz, "/x.zip": zipped})
		for _, name := range []string{"/x.tgz", "/x.zip"} {
			t.Run(one.name+name, func(t *testing.T) {
				_, err := fetch(t, p, uri(url+name))
				if err == nil || !strings.Contains(err.Error(), one.want) {
					t.Errorf("error %v, want %q", err, one.want)
				}
			})
		}
	}
	for _, one := range []struct {
		entries []entry
		want    string
	}{
		{[]entry{{name: "h", link: "../x", kind: tar.TypeLink}}, `entry "h" is a link to "../x", outside`},
		{[]entry{{name: "h", link: "/etc/passwd", kind: tar.TypeLink}}, "outside"},
		{[]entry{{name: "a/b/l", link: "../../x"}, {name: "h", link: "a/b/l", kind: tar.TypeLink}}, "is not a file"},
		{[]entry{{name: "fifo", kind: tar.TypeFifo}}, `entry "fifo" is a device`},
	} {
		url, _ := served(t, map[string][]byte{"/x.tar": tarOf(t, one.entries...)})
		if _, err := fetch(t, p, uri(url+"/x.tar")); err == nil || !strings.Contains(err.Error(), one.want) {
			t.Errorf("error %v, want %q", err, one.want)
		}
	}
}

// A link's target goes over another link and back: cleaned, it does not.
func TestExtractCleansLinks(t *testing.T) {
	url, _ := served(t, map[string][]byte{"/x.tar": tarOf(t, entry{name: "a/s", link: ".."}, entry{name: "a/t", link: "s/../../c"})})
	sandbox, err := fetch(t, processes(t, Options{}), uri(url+"/x.tar"))
	if err != nil {
		t.Fatal(err)
	}
	if got := tree(t, sandbox)["a/t"]; got != "-> ../c" {
		t.Errorf("link %s", got)
	}
}
