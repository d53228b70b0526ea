package files

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Chunk is how many bytes one read gives at most, 16 pages as in Mesos.
const Chunk = 16 * 4096

// Error says why a path could not be served, with the HTTP status for it.
type Error struct {
	Status int
	Text   string
}

func (e *Error) Error() string { return e.Text }

func refuse(status int, format string, args ...any) error {
	return &Error{status, fmt.Sprintf(format, args...)}
}

// Files is a set of attached directories. The zero value has none.
type Files struct {
	mu       sync.RWMutex
	attached map[string]string
}

// Attach makes the directory visible under a virtual path, in place of what was there.
func (f *Files) Attach(virtual, directory string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.attached == nil {
		f.attached = map[string]string{}
	}
	f.attached[normal(virtual)] = directory
}

// Detach takes a virtual path back. It does nothing when there is none of that name.
func (f *Files) Detach(virtual string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.attached, normal(virtual))
}

// DetachFrom takes a virtual path back if it still leads to that directory.
func (f *Files) DetachFrom(virtual, directory string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if virtual = normal(virtual); f.attached[virtual] == directory {
		delete(f.attached, virtual)
	}
}

// Attached gives every virtual path with its directory.
func (f *Files) Attached() map[string]string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return maps.Clone(f.attached)
}

// normal has one slash in front of every segment and none at the end.
func normal(path string) string { return "/" + strings.Join(segments(path), "/") }

func segments(path string) []string {
	return slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" })
}

// find splits a path into the directory of its longest attached part and the rest. The rest is cleaned.
func (f *Files) find(path string) (directory, rest string, err error) {
	if path == "" {
		return "", "", refuse(http.StatusBadRequest, "Expecting 'path=value' in query")
	}
	if strings.ContainsRune(path, 0) {
		return "", "", refuse(http.StatusBadRequest, "A path cannot have a zero byte")
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	parts := segments(path)
	for i := len(parts); i >= 0; i-- {
		if directory, ok := f.attached["/"+strings.Join(parts[:i], "/")]; ok {
			return directory, filepath.Clean(strings.Join(parts[i:], "/")), nil
		}
	}
	return "", "", refuse(http.StatusNotFound, "Nothing is attached at '%s'", path)
}

// place is a file inside of an attached directory, with all symbolic links followed.
type place struct {
	root *os.Root
	name string
}

// open resolves a virtual path. The caller closes the root.
func (f *Files) open(path string) (place, error) {
	directory, rest, err := f.find(path)
	if err != nil {
		return place{}, err
	}
	real, err := filepath.EvalSymlinks(directory)
	if err != nil {
		return place{}, told(path, err)
	}
	name, err := inside(real, rest)
	if err != nil {
		return place{}, told(path, err)
	}
	root, err := os.OpenRoot(real)
	if err != nil {
		return place{}, told(path, err)
	}
	return place{root, name}, nil
}

// errOutside is for paths that lead out of their directory.
var errOutside = errors.New("outside of the attached directory")

// inside follows the links of rest under the real directory and gives the way from there. os.Root alone would refuse
// absolute links that lead inside; it still guards against links that change after this.
func inside(real, rest string) (string, error) {
	if !filepath.IsLocal(rest) {
		return "", errOutside
	}
	full, err := filepath.EvalSymlinks(filepath.Join(real, rest))
	if err != nil {
		return "", err
	}
	name, err := filepath.Rel(real, full)
	if err != nil || !filepath.IsLocal(name) {
		return "", errOutside
	}
	return name, nil
}

// told makes an Error of what the file system said.
func told(path string, err error) error {
	var known *Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG):
		return refuse(http.StatusNotFound, "There is no '%s'", path)
	case errors.Is(err, fs.ErrPermission):
		return refuse(http.StatusForbidden, "'%s' cannot be read", path)
	}
	return refuse(http.StatusBadRequest, "'%s' cannot be read: %v", path, err)
}

// Open opens a regular file for reading; the caller closes it. Errors are of type *Error.
func (f *Files) Open(path string) (*os.File, fs.FileInfo, error) {
	p, err := f.open(path)
	if err != nil {
		return nil, nil, err
	}
	defer p.root.Close()
	// Without O_NONBLOCK a pipe without a writer would hold the request for ever.
	file, err := p.root.OpenFile(p.name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, told(path, err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = refuse(http.StatusBadRequest, "'%s' is not a file", path)
	}
	if err != nil {
		file.Close()
		return nil, nil, told(path, err)
	}
	return file, info, nil
}

// Read gives up to length bytes of a file from offset, Chunk at most (length < 0: as many as there are), and the file's
// size. Beyond the end there are none. Errors are of type *Error: 400 for a directory, 404 for an unknown path.
func (f *Files) Read(path string, offset, length int64) (data []byte, size int64, err error) {
	file, info, err := f.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	if length < 0 || length > Chunk {
		length = Chunk
	}
	data = make([]byte, max(min(length, info.Size()-offset), 0))
	n, err := file.ReadAt(data, offset)
	if err != nil && err != io.EOF {
		return nil, 0, told(path, err)
	}
	return data[:n], info.Size(), nil
}

// Entry is a file in a directory.
type Entry struct {
	Path     string // the directory's path as it was asked for, and the name
	Mode     uint32 // st_mode
	Links    uint64
	UID, GID string // names where the machine knows them
	Size     int64
	Modified int64 // seconds since 1970
}

// List gives the entries of a directory by name; none for a file. A symbolic link shows the figures of its target, or its
// own when it leads outside. Errors are of type *Error.
func (f *Files) List(path string) ([]Entry, error) {
	p, err := f.open(path)
	if err != nil {
		return nil, err
	}
	defer p.root.Close()
	info, err := p.root.Stat(p.name)
	if err != nil || !info.IsDir() {
		return nil, listed(path, err)
	}
	directory, err := p.root.Open(p.name)
	if err != nil {
		return nil, told(path, err)
	}
	defer directory.Close()
	names, err := directory.Readdirnames(-1)
	if err != nil {
		return nil, told(path, err)
	}
	return p.entries(strings.TrimRight(path, "/"), names), nil
}

func listed(path string, err error) error {
	if err == nil {
		return nil
	}
	return told(path, err)
}

// entries looks at each name; what vanished meanwhile is left out.
func (p place) entries(path string, names []string) []Entry {
	owners, all := owners{}, make([]Entry, 0, len(names))
	for _, name := range names {
		if info, err := p.stat(name); err == nil {
			e := owners.entry(info)
			e.Path = path + "/" + name
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Compare(a.Path, b.Path) })
	return all
}

func (p place) stat(name string) (fs.FileInfo, error) {
	name = filepath.Join(p.name, name)
	if target, err := inside(p.root.Name(), name); err == nil {
		if info, err := p.root.Stat(target); err == nil {
			return info, nil
		}
	}
	return p.root.Lstat(name)
}
