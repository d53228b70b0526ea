package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// apiFile is the file of the user's state directory that holds the URL of the API of `ormos up`, while that runs.
const apiFile = "api"

// stateAt is where the state of the scheduler at a master is kept unless told otherwise. The master's address is hashed: it may hold a password.
func stateAt(master string) string {
	sum := sha256.Sum256([]byte(master))
	return filepath.Join(stateDir(), "masters", hex.EncodeToString(sum[:6]))
}

// isLocal tells whether a master, or all that name it, are on this machine's loopback: then agents are on this machine, too.
func isLocal(master string) bool {
	rest := master
	if _, after, ok := strings.Cut(rest, "://"); ok {
		rest = after
	}
	rest, _, _ = strings.Cut(rest, "/")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	for one := range strings.SplitSeq(rest, ",") {
		host, _, err := net.SplitHostPort(one)
		if err != nil {
			host = one
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return false
		}
	}
	return true
}

// writeAPI tells other commands where the API is, until the result is called.
func writeAPI(url string) (remove func(), err error) {
	path := filepath.Join(stateDir(), apiFile)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("cannot tell other commands where the API is: %w", err)
	}
	if err := replaceFile(path, url+"\n"); err != nil {
		return nil, fmt.Errorf("cannot tell other commands where the API is: %w", err)
	}
	return func() {
		if text, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(text)) == url {
			_ = os.Remove(path) // another one's stays
		}
	}, nil
}

// replaceFile writes a file in one step.
func replaceFile(path, text string) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

// seconds is a flag of a duration that messages have in seconds.
type seconds struct{ value **float64 }

func (s seconds) Set(t string) error {
	d, err := time.ParseDuration(t)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not a duration such as 90s, 10m or 168h", t)
	}
	*s.value = new(d.Seconds())
	return nil
}

func (s seconds) String() string { return "" }
func (s seconds) Type() string   { return "duration" }

// optional is a flag of a text that may be missing.
type optional struct{ value **string }

func (t optional) Set(s string) error {
	*t.value = &s
	return nil
}

func (t optional) String() string { return "" }
func (t optional) Type() string   { return "string" }
