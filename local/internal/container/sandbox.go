package container

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// sandbox is what the fetcher may write to: everything goes through the root, which confines it, is given to the user,
// and counts against the limits.
type sandbox struct {
	ctx     context.Context // of the launch that fetches
	root    *os.Root
	who     *syscall.Credential
	bytes   int64 // that may yet be decompressed
	written int64 // bytes that may yet be written: the holes of sparse files take none of the former
	entries int   // that may yet be unpacked
}

var (
	errBytes   = errors.New("unpacks to more bytes than allowed")
	errEntries = errors.New("holds more entries than allowed")
)

// local tells whether a cleaned, slash-separated name stays below where it starts.
func local(name string) bool { return filepath.IsLocal(name) && len(name) < 4096 }

// save writes a download under a name of its own and renames it when it is whole. size is -1 when it is not known.
func (s *sandbox) save(name string, from io.Reader, size int64, mode os.FileMode) (err error) {
	dir := path.Dir(name)
	if err := s.mkdirAll(dir); err != nil {
		return err
	}
	temporary := path.Join(dir, ".fetch-"+rand.Text())
	file, err := s.root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = s.root.Remove(temporary)
		}
	}()
	err = copyWhole(s.ctx, file, from, size)
	if err == nil {
		err = file.Chmod(mode)
	}
	if err == nil && s.who != nil {
		err = file.Chown(int(s.who.Uid), int(s.who.Gid))
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return s.root.Rename(temporary, name)
}

// copyWhole copies until the end of from, and complains when that was not size.
func copyWhole(ctx context.Context, to *os.File, from io.Reader, size int64) error {
	var got int64
	for {
		n, err := io.CopyN(to, from, 4<<20)
		got += n
		if err == nil {
			err = ctx.Err()
		}
		switch {
		case err == nil:
			continue
		case size >= 0 && got != size && (err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF)):
			return fmt.Errorf("got %d of %d bytes", got, size)
		case err == io.EOF:
			return nil
		}
		return err
	}
}

func (s *sandbox) chown(name string) error {
	if s.who == nil {
		return nil
	}
	return s.root.Lchown(name, int(s.who.Uid), int(s.who.Gid))
}

// mkdirAll makes the directories of a name that are missing.
func (s *sandbox) mkdirAll(dir string) error {
	if dir == "." {
		return nil
	}
	for i := range len(dir) + 1 {
		if i < len(dir) && dir[i] != '/' {
			continue
		}
		err := s.root.Mkdir(dir[:i], 0o755)
		switch {
		case err == nil:
			if err := s.chown(dir[:i]); err != nil {
				return err
			}
		case !errors.Is(err, os.ErrExist):
			return err
		}
	}
	return nil
}

// entry checks the name of an archive's entry and makes place for it: its directory exists, nothing but a directory
// has its name, and the way to it leads over no symbolic link, so that what its own target means can be told by its text.
func (s *sandbox) entry(name string) (string, error) {
	if s.entries--; s.entries < 0 {
		return "", errEntries
	}
	clean := path.Clean(name)
	if path.IsAbs(name) || !local(clean) || strings.ContainsRune(name, 0) {
		return "", outside(name)
	}
	for i := range len(clean) {
		if clean[i] != '/' {
			continue
		}
		info, err := s.root.Lstat(clean[:i])
		if errors.Is(err, os.ErrNotExist) {
			break
		}
		if err != nil {
			return "", err
		}
		if info.Mode()&os.ModeSymlink != 0 {
			return "", fmt.Errorf("entry %q leads over the symbolic link %q", name, clean[:i])
		}
	}
	if err := s.mkdirAll(path.Dir(clean)); err != nil {
		return "", err
	}
	if info, err := s.root.Lstat(clean); err == nil && !info.IsDir() {
		return clean, s.root.Remove(clean)
	}
	return clean, nil
}

func outside(name string) error { return fmt.Errorf("entry %q leads outside the sandbox", name) }

func (s *sandbox) directory(name string) error {
	clean, err := s.entry(name)
	if err != nil {
		return err
	}
	return s.mkdirAll(clean)
}

func (s *sandbox) file(name string, mode os.FileMode, modified time.Time, from io.Reader) error {
	clean, err := s.entry(name)
	if err != nil {
		return err
	}
	to, err := s.root.OpenFile(clean, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode.Perm()|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, s.counted(from, &s.written))
	if err == nil && s.who != nil {
		err = to.Chown(int(s.who.Uid), int(s.who.Gid))
	}
	if err = errors.Join(err, to.Close()); err != nil || modified.IsZero() {
		return err
	}
	return s.root.Chtimes(clean, modified, modified)
}

// symlink makes a link whose target is inside. Once cleaned, a target has `..` at its beginning only; those are
// taken from a real directory, and every link on the way of the rest is such a link itself.
func (s *sandbox) symlink(name, target string) error {
	clean, err := s.entry(name)
	if err != nil {
		return err
	}
	to := path.Clean(target)
	if target == "" || path.IsAbs(target) || strings.ContainsRune(target, 0) || !local(path.Join(path.Dir(clean), to)) {
		return fmt.Errorf("entry %q is a link to %q, outside the sandbox", name, target)
	}
	if err := s.root.Symlink(to, clean); err != nil {
		return err
	}
	return s.chown(clean)
}

// hardlink makes another name of a file that the archive has brought.
func (s *sandbox) hardlink(name, target string) error {
	to := path.Clean(target)
	if path.IsAbs(target) || !local(to) {
		return fmt.Errorf("entry %q is a link to %q, outside the sandbox", name, target)
	}
	if to == path.Clean(name) {
		return nil
	}
	info, err := s.root.Lstat(to)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() { // a link to a symbolic link would mean something else in another directory
		return fmt.Errorf("entry %q is a link to %q, which is not a file", name, target)
	}
	clean, err := s.entry(name)
	if err != nil {
		return err
	}
	return s.root.Link(to, clean)
}

// counted reads unpacked bytes: it counts them against a limit and ends with the launch.
func (s *sandbox) counted(r io.Reader, left *int64) io.Reader { return countedReader{s.ctx, left, r} }

type countedReader struct {
	ctx  context.Context
	left *int64
	r    io.Reader
}

func (c countedReader) Read(data []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(data)
	if *c.left -= int64(n); *c.left < 0 {
		return 0, errBytes
	}
	return n, err
}
