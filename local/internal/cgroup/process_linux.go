package cgroup

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// onOwnThread runs f on a thread that ends with it. The main thread would not end, and is passed over.
func onOwnThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			onOwnThread(f)
			return
		}
		f()
	}()
	<-done
}

// killAll kills the processes of a group, and of those within it, that are there now.
func killAll(dir string) {
	for _, d := range within(dir) {
		for _, pid := range processes(d) {
			kill(d, pid)
		}
	}
}

// processes gives the pids in a group but for our own: a thread of ours may be on its way out.
func processes(dir string) (pids []int) {
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		return nil
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if pid, err := strconv.Atoi(line); err == nil && pid > 1 && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// kill kills a process of a group. That the group still has it, once it is held, tells that it is not another one with its pid.
func kill(dir string, pid int) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		if err == unix.ENOSYS {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		return
	}
	defer unix.Close(fd)
	if slices.Contains(processes(dir), pid) {
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	}
}

// write writes a control file, which exists.
func write(dir, name, value string) error {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(value)
	return err
}

// number reads a file that holds one number; 0 when it cannot be read or says max.
func number(dir, name string) uint64 {
	n, _ := numberIn(dir, name)
	return n
}

func numberIn(dir, name string) (uint64, bool) {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil
}

// table reads a file of names and numbers.
type table map[string]uint64

func readTable(dir, name string) table {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil
	}
	return parseTable(string(text))
}

// parseTable takes lines of a name and a number, and skips others.
func parseTable(text string) table {
	t := table{}
	for line := range strings.SplitSeq(text, "\n") {
		if f := strings.Fields(line); len(f) == 2 {
			if n, err := strconv.ParseUint(f[1], 10, 64); err == nil {
				t[f[0]] = n
			}
		}
	}
	return t
}

// set sets a statistic to a number of the table, if it is there.
func (t table) set(target **uint64, name string) {
	if n, ok := t[name]; ok {
		*target = new(n)
	}
}

// setNumber sets a statistic to the number in a file, if that can be read.
func setNumber(target **uint64, dir, name string) {
	if n, ok := numberIn(dir, name); ok {
		*target = new(n)
	}
}
