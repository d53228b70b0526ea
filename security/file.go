package security

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
)

// maxFile is the size of the longest secret, in bytes; what is longer is another file, named by mistake.
const maxFile = 64 << 10

// readSecret reads the file of a secret: what is this. One newline at its end is not part of the secret, as with Mesos.
func readSecret(path, what string, log *slog.Logger) (Secret, error) {
	text, err := readFile(path, log)
	if err != nil {
		return "", fmt.Errorf("cannot read the %s: %w", what, err)
	}
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		return "", fmt.Errorf("cannot read the %s: %s is empty", what, path)
	}
	return Secret(text), nil
}

func readFile(path string, log *slog.Logger) (string, error) {
	info, err := os.Stat(path) // before it is opened: to open a pipe that nobody writes would wait for ever
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no regular file", path)
	}
	warn(path, info, log)
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = errors.New(path + " is larger than 64 KiB")
	}
	return string(text), err
}

// warn tells of a secret's file that others than its owner can read or write.
func warn(path string, info os.FileInfo, log *slog.Logger) {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		log.Warn("others than its owner have access to a file that is secret: chmod 600 would prevent it", "file", path, "mode", mode)
	}
}
