package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// identity tells one process from every other one, over the reuse of pids and over reboots.
type identity struct {
	PID   int
	Start uint64
	Boot  string
	// Keeper is the process that keeps its end.
	Keeper keeperID
}

// keeperID tells a keeper's process from others with its pid; zero for none.
type keeperID struct {
	PID   int
	Start uint64
}

// What a checkpoint directory holds: forked is the process's identity, its pid first, and exit the raw wait status once that is
// known. Neither needs a rename: a write of so few bytes is done or not, and an empty file counts as none. Nor a sync: after a crash of the
// machine no process is left.
const (
	startFile = "forked"
	exitFile  = "exit"
)

func writeIdentity(dir string, i identity) error {
	line := fmt.Appendf(nil, "%d %d %s %d %d\n", i.PID, i.Start, i.Boot, i.Keeper.PID, i.Keeper.Start)
	path := filepath.Join(dir, startFile)
	err := os.WriteFile(path, line, 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(dir, 0o755); err == nil {
			err = os.WriteFile(path, line, 0o644)
		}
	}
	if err != nil {
		return fmt.Errorf("cannot checkpoint a container: %w", err)
	}
	return nil
}

// readIdentity returns the identity in dir; false when there is none (yet).
func readIdentity(dir string) (identity, bool, error) {
	data, err := os.ReadFile(filepath.Join(dir, startFile))
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(data) == 0 {
		return identity{}, false, nil
	}
	if err != nil {
		return identity{}, false, fmt.Errorf("cannot recover a container: %w", err)
	}
	fields := strings.Fields(string(data))
	if len(fields) != 5 {
		return identity{}, false, fmt.Errorf("cannot recover a container: %s: damaged", filepath.Join(dir, startFile))
	}
	pid, err1 := strconv.ParseUint(fields[0], 10, 31)
	start, err2 := strconv.ParseUint(fields[1], 10, 64)
	keeper, err3 := strconv.ParseUint(fields[3], 10, 31)
	since, err4 := strconv.ParseUint(fields[4], 10, 64)
	if err := errors.Join(err1, err2, err3, err4); err != nil || pid < 2 {
		return identity{}, false, fmt.Errorf("cannot recover a container: %s: damaged", filepath.Join(dir, startFile))
	}
	return identity{PID: int(pid), Start: start, Boot: fields[2], Keeper: keeperID{int(keeper), since}}, true, nil
}

func writeExit(dir string, e Exit) error {
	if err := os.WriteFile(filepath.Join(dir, exitFile), []byte(strconv.Itoa(int(e.Status))), 0o644); err != nil {
		return fmt.Errorf("cannot checkpoint the exit status: %w", err)
	}
	return nil
}

// readExit returns the exit status in dir; false when there is none.
func readExit(dir string) (Exit, bool) {
	data, err := os.ReadFile(filepath.Join(dir, exitFile))
	if err != nil {
		return Exit{}, false
	}
	status, err := strconv.ParseInt(string(data), 10, 32)
	return Exit{Status: int32(status)}, err == nil
}
