package serve

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"github.com/ormosproject/ormos/internal/engine"
)

// unpacked is the directory in the sandbox that an archive is unpacked to.
const unpacked = "served.d"

// Pages answer requests. Close them when nobody asks any more.
type Pages struct {
	handler http.Handler
	root    *os.Root // nil for a body
}

// open prepares what is to be served. Paths are those of the process, whose working directory is the sandbox.
func open(what *engine.Served) (*Pages, error) {
	if what.Port < 1 || what.Port > 65535 {
		return nil, fmt.Errorf("cannot serve on port %d: the app needs a port", what.Port)
	}
	switch {
	case what.Body != nil:
		return &Pages{handler: body(*what.Body, what.ContentType)}, nil
	case what.Archive != "":
		if err := unpack(what.Archive, unpacked); err != nil {
			return nil, err
		}
		return directory(unpacked)
	case what.Directory != "":
		return directory(what.Directory)
	}
	return nil, errors.New("there is nothing to serve: neither a body nor a directory nor an archive")
}

func directory(name string) (*Pages, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("cannot serve the directory: %w", err)
	}
	return &Pages{handler: http.FileServerFS(visible{root.FS()}), root: root}, nil
}

// body answers every request with a text, and knows which of them the reader has already.
func body(text, contentType string) http.Handler {
	if contentType == "" {
		contentType = "text/plain; charset=utf-8"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	})
}

// ServeHTTP answers GET and HEAD.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD are answered here", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	p.handler.ServeHTTP(w, r)
}

// Close lets the directory go.
func (p *Pages) Close() error {
	if p.root == nil {
		return nil
	}
	return p.root.Close()
}

// visible is what of a directory is served: regular files without a dot before any of their names (but .well-known, RFC 8615), and directories that
// have an index.html. All else does not exist.
type visible struct{ fs.FS }

// Open opens a file or directory.
func (v visible) Open(name string) (fs.File, error) {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") && part != "." && part != ".well-known" {
			return nil, absent(name)
		}
	}
	file, err := v.open(name)
	if err == nil || errors.Is(err, fs.ErrPermission) {
		return file, err
	}
	return nil, absent(name) // also what a link leads out to
}

func (v visible) open(name string) (fs.File, error) {
	info, err := fs.Stat(v.FS, name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		if index, err := fs.Stat(v.FS, path.Join(name, "index.html")); err != nil || !index.Mode().IsRegular() {
			return nil, fs.ErrNotExist
		}
	case !info.Mode().IsRegular(): // a pipe would be waited for
		return nil, fs.ErrNotExist
	}
	file, err := v.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if _, ok := file.(io.Seeker); !ok {
		_ = file.Close()
		return nil, fs.ErrInvalid
	}
	return file, nil
}

func absent(name string) error { return &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist} }
