package container

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// held is a container as its keeper knows it.
type held struct {
	pid        int
	start      uint64
	checkpoint string
	pidfd      int // -1 in a message that drops it
}

// Keep is the process of a Keeper: it holds what it is given until whoever started it has ended, then waits for the ends of the rest and
// writes them down. It returns when nothing is left to wait for.
func Keep() error {
	conn, err := unixConn(keeperFD)
	if err != nil {
		return fmt.Errorf("cannot keep the ends of containers (this is not to be called by hand): %w", err)
	}
	all, err := receive(conn)
	return errors.Join(err, conn.Close(), awaitAll(all))
}

// receive holds what comes with a pidfd and drops what comes without, until the connection's end.
func receive(conn *net.UnixConn) (map[int]held, error) {
	all := map[int]held{}
	text, rights := make([]byte, 2*unix.PathMax), make([]byte, unix.CmsgSpace(4))
	for {
		n, m, _, _, err := conn.ReadMsgUnix(text, rights)
		if err != nil || n == 0 {
			return all, nil
		}
		h, err := parseHeld(string(text[:n]), rights[:m])
		if err != nil {
			return all, err
		}
		if before, ok := all[h.pid]; ok && (h.pidfd >= 0 || before.start == h.start) {
			_ = unix.Close(before.pidfd)
			delete(all, h.pid)
		}
		if h.pidfd >= 0 {
			all[h.pid] = h
		}
	}
}

// parseHeld reads a message.
func parseHeld(text string, rights []byte) (held, error) {
	h := held{pidfd: -1}
	if messages, err := unix.ParseSocketControlMessage(rights); err == nil && len(messages) == 1 {
		if fds, err := unix.ParseUnixRights(&messages[0]); err == nil && len(fds) == 1 {
			h.pidfd = fds[0]
		}
	}
	f := strings.SplitN(text, " ", 3)
	if len(f) != 3 {
		return h, fmt.Errorf("cannot keep the end of %q", text)
	}
	pid, err1 := strconv.Atoi(f[0])
	start, err2 := strconv.ParseUint(f[1], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return h, fmt.Errorf("cannot keep the end of %q: %w", text, err)
	}
	h.pid, h.start, h.checkpoint = pid, start, f[2]
	return h, nil
}

// awaitAll waits for the ends of all and writes them down.
func awaitAll(all map[int]held) (failed error) {
	for len(all) > 0 {
		var fds []unix.PollFd
		var waiting []held
		for _, h := range all {
			fds, waiting = append(fds, unix.PollFd{Fd: int32(h.pidfd), Events: unix.POLLIN}), append(waiting, h)
		}
		if _, err := unix.Poll(fds, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return errors.Join(failed, fmt.Errorf("cannot wait for the ends of containers: %w", err))
		}
		for i, fd := range fds {
			if h := waiting[i]; fd.Revents != 0 {
				failed = errors.Join(failed, h.note())
				_ = unix.Close(h.pidfd)
				delete(all, h.pid)
			}
		}
	}
	return failed
}

// note writes down how it ended.
func (h held) note() error {
	status := exitOf(h.pid, h.start, h.pidfd)
	if status < 0 {
		return fmt.Errorf("nobody knows how process %d ended", h.pid)
	}
	return writeExit(h.checkpoint, Exit{Status: status})
}
