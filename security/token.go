package security

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
)

// A token is what a bearer shows. One from a file is read again when the file has changed, as those that run out do.
type token struct {
	file string // "" where it never changes

	mu   sync.Mutex
	text Secret
	seen os.FileInfo // of the file that was read last
}

func newToken(text Secret, file string, log *slog.Logger) (*token, error) {
	t := &token{file: file, text: text}
	if file == "" {
		return t, checkToken(text)
	}
	t.seen, _ = os.Stat(file) // what is wrong with it, reading tells
	var err error
	t.text, err = t.read(log)
	return t, err
}

func (t *token) read(log *slog.Logger) (Secret, error) {
	text, err := readSecret(t.file, "token", log)
	if err == nil {
		err = checkToken(text)
	}
	if err != nil {
		return "", fmt.Errorf("%w (%s)", err, t.file)
	}
	return text, nil
}

// current is the token to show now. One that cannot be read again is told once, and the one of before is shown: it may still be good.
func (t *token) current(log *slog.Logger) Secret {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == "" {
		return t.text
	}
	now, err := os.Stat(t.file)
	if err != nil || same(t.seen, now) {
		return t.text // it is about to be replaced, or is the same
	}
	t.seen = now
	text, err := t.read(log)
	if err != nil {
		log.Warn("the token is not renewed", "file", t.file, "error", err)
		return t.text
	}
	t.text = text
	return t.text
}

// same tells whether a file was not written or replaced since it was a.
func same(a, b os.FileInfo) bool {
	return a != nil && os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// checkToken refuses what no header can hold. It does not show it.
func checkToken(text Secret) error {
	if strings.ContainsFunc(string(text), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the token holds white space, or characters that are not ASCII")
	}
	return nil
}
