package container

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/ulikunitz/xz"
)

// archiveFormat tells by the name what kind of archive a file is; "" for none.
func archiveFormat(name string) string {
	for _, known := range [][2]string{
		{".tar", "tar"},
		{".tgz", "tar.gz"},
		{".tar.gz", "tar.gz"},
		{".tbz2", "tar.bz2"},
		{".tar.bz2", "tar.bz2"},
		{".txz", "tar.xz"},
		{".tar.xz", "tar.xz"},
		{".zip", "zip"},
		{".gz", "gz"},
	} {
		if strings.HasSuffix(name, known[0]) {
			return known[1]
		}
	}
	return ""
}

// extract unpacks an archive into the sandbox; name says its kind.
func (s *sandbox) extract(file *os.File, name string) error {
	err := s.unpack(file, name, archiveFormat(name))
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = errors.New("it ends too early")
	}
	if err != nil {
		return fmt.Errorf("cannot extract %s: %w", name, err)
	}
	return nil
}

func (s *sandbox) unpack(file *os.File, name, format string) error {
	switch format {
	case "zip":
		return s.unzip(file)
	case "gz":
		r, err := gzip.NewReader(bufio.NewReader(file))
		if err != nil {
			return err
		}
		return s.file(strings.TrimSuffix(name, ".gz"), 0o644, time.Time{}, r)
	}
	stream, err := decompress(file, format)
	if err != nil {
		return err
	}
	return s.untar(s.counted(stream, &s.bytes))
}

// decompress is the tar stream in a file.
func decompress(file *os.File, format string) (io.Reader, error) {
	switch format {
	case "tar.gz":
		return gzip.NewReader(bufio.NewReader(file))
	case "tar.bz2":
		return bzip2.NewReader(bufio.NewReader(file)), nil
	case "tar.xz":
		if err := checkXZ(bufio.NewReader(file)); err != nil {
			return nil, err
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		return xz.NewReader(bufio.NewReader(file))
	}
	return bufio.NewReader(file), nil
}

func (s *sandbox) untar(stream io.Reader) error {
	archive := tar.NewReader(stream)
	for {
		h, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeGNUSparse:
			err = s.file(h.Name, os.FileMode(h.Mode), h.ModTime, archive)
		case tar.TypeDir:
			err = s.directory(h.Name)
		case tar.TypeSymlink:
			err = s.symlink(h.Name, h.Linkname)
		case tar.TypeLink:
			err = s.hardlink(h.Name, h.Linkname)
		case tar.TypeXGlobalHeader:
		default:
			err = fmt.Errorf("entry %q is a device or of another kind that is not extracted", h.Name)
		}
		if err != nil {
			return err
		}
	}
}

func (s *sandbox) unzip(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	archive, err := zip.NewReader(file, info.Size())
	if err != nil {
		return err
	}
	for _, f := range archive.File {
		if err := s.unzipOne(f); err != nil {
			return err
		}
	}
	return nil
}

func (s *sandbox) unzipOne(f *zip.File) error {
	mode := f.Mode()
	if mode.IsDir() {
		return s.directory(f.Name)
	}
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("entry %q: %w", f.Name, err)
	}
	defer r.Close()
	switch {
	case mode&os.ModeSymlink != 0:
		target, err := io.ReadAll(io.LimitReader(r, 4096))
		if err != nil {
			return fmt.Errorf("entry %q: %w", f.Name, err)
		}
		return s.symlink(f.Name, string(target))
	case mode.IsRegular():
		if mode.Perm() == 0 {
			mode = 0o644 // written by a system without modes
		}
		return s.file(f.Name, mode, f.Modified, r)
	}
	return fmt.Errorf("entry %q is a device or of another kind that is not extracted", f.Name)
}
