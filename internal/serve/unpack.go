package serve

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// unpack puts the files of an archive below a directory, which is made. Of what it holds only files and directories count: a page is neither
// a link nor a device. A name that leads out is an error.
func unpack(archive, into string) error {
	if err := unpackInto(archive, into); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("it ends too early")
		}
		return fmt.Errorf("cannot unpack %s: %w", archive, err)
	}
	return nil
}

func unpackInto(archive, into string) (err error) {
	if err := os.MkdirAll(into, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(into)
	if err != nil {
		return err
	}
	defer root.Close()
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	switch name := strings.ToLower(archive); {
	case strings.HasSuffix(name, ".zip"):
		return unzip(file, root)
	case strings.HasSuffix(name, ".tar"):
		return untar(bufio.NewReader(file), root)
	case strings.HasSuffix(name, ".tar.gz"), strings.HasSuffix(name, ".tgz"):
		plain, err := gzip.NewReader(bufio.NewReader(file))
		if err != nil {
			return err
		}
		return untar(plain, root)
	}
	return errors.New("its name ends in none of .tar, .tar.gz, .tgz and .zip")
}

func untar(r io.Reader, root *os.Root) error {
	for archive := tar.NewReader(r); ; {
		entry, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch entry.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(path.Clean(entry.Name), 0o755)
		case tar.TypeReg:
			err = write(root, entry.Name, archive)
		}
		if err != nil {
			return err
		}
	}
}

func unzip(file *os.File, root *os.Root) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	archive, err := zip.NewReader(file, info.Size())
	if err != nil {
		return err
	}
	for _, entry := range archive.File {
		switch mode := entry.Mode(); {
		case mode.IsDir():
			err = root.MkdirAll(path.Clean(entry.Name), 0o755)
		case mode.IsRegular():
			err = unzipFile(entry, root)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func unzipFile(entry *zip.File, root *os.Root) error {
	from, err := entry.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	return write(root, entry.Name, from)
}

// write makes a file and the directories above it. One that is there is replaced.
func write(root *os.Root, name string, from io.Reader) error {
	name = path.Clean(name)
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	to, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}
