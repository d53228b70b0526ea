package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockDir makes dir and locks it for as long as the returned file is open: the system lets go of the lock when the
// process ends, however that happens.
func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the work dir: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot use the work dir: %w", err)
	}
	if err = tryLock(file); err == nil {
		return file, nil
	}
	file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("cannot use the work dir %s: another cluster runs on it", dir)
	}
	return nil, fmt.Errorf("cannot lock the work dir %s: %w", dir, err)
}

// lockPatience is how long a lock may be held by nobody: where a cluster was killed as it started a process, the copy of it that was to become that
// process has the lock until then.
const lockPatience = time.Second

// tryLock locks file, unless somebody else has it for longer than lockPatience.
func tryLock(file *os.File) error {
	deadline := time.Now().Add(lockPatience)
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(lockPatience / 50)
	}
}
