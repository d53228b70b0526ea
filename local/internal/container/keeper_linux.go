package container

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Keeper keeps the ends of containers over the death of this process: it holds a pidfd of each, in a process of its own, and once
// nobody is left here, it waits for them and writes their statuses into their checkpoints. One is enough for many Processes; it is
// started with the first container that is to be kept, and costs a launch one message. As long as this process lives it sleeps.
//
// It needs Linux 6.15, whose pidfds tell the status of a process that somebody else has waited for; without, nothing is kept.
type Keeper struct {
	command []string

	mu      sync.Mutex
	started bool
	process *exec.Cmd
	conn    *net.UnixConn // nil when there is none (any more)
	id      keeperID
	held    int
}

// keeperFD is where the keeper's process finds its end of the connection.
const keeperFD = 3

// keeperPatience is how long a keeper may take to read a message before it is given up.
const keeperPatience = time.Second

// NewKeeper makes a keeper whose process is a command line that calls Keep.
func NewKeeper(command ...string) *Keeper { return &Keeper{command: command} }

// Close lets go of the keeper, which ends with the last container that it holds.
func (k *Keeper) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.started = true
	k.giveUp()
}

func (k *Keeper) giveUp() {
	if k.conn == nil {
		return
	}
	_ = k.conn.Close()
	k.conn = nil
	if k.held > 0 {
		_ = k.process.Process.Release()
		return
	}
	_ = k.process.Process.Kill()
	_ = k.process.Wait()
}

// hold has the keeper hold a container's process. It gives the keeper's id; zero when it is not held.
func (k *Keeper) hold(checkpoint string, i identity, s system) (keeper keeperID, err error) {
	if k == nil || s.pidfd == nil {
		return keeperID{}, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.started {
		k.started = true
		if tellsExit() {
			err = k.start()
		}
	}
	if k.conn == nil || err != nil {
		return keeperID{}, err
	}
	fd, err := s.pidfd.SyscallConn()
	if err != nil {
		return keeperID{}, err
	}
	var failed error
	err = fd.Control(func(fd uintptr) {
		failed = k.send(fmt.Sprintf("%d %d %s", i.PID, i.Start, checkpoint), unix.UnixRights(int(fd)))
	})
	if err = errors.Join(err, failed); err != nil {
		return keeperID{}, err
	}
	k.held++
	return k.id, nil
}

// keeps tells whether a container of before is held.
func (k *Keeper) keeps(i identity) bool {
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.conn != nil && i.Keeper == k.id
}

// drop tells that a container's end is known.
func (k *Keeper) drop(checkpoint string, i identity) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.conn != nil && k.send(fmt.Sprintf("%d %d %s", i.PID, i.Start, checkpoint), nil) == nil {
		k.held--
	}
}

// send sends a message; a keeper that does not take it is given up, and takes it for our end.
func (k *Keeper) send(text string, rights []byte) error {
	err := k.conn.SetWriteDeadline(time.Now().Add(keeperPatience))
	if err == nil {
		_, _, err = k.conn.WriteMsgUnix([]byte(text), rights, nil)
	}
	if err != nil {
		k.giveUp()
		return fmt.Errorf("cannot keep the ends of containers: %w", err)
	}
	return nil
}

// start starts the keeper's process: in a session of its own, so that what ends this process by its terminal spares it.
func (k *Keeper) start() error {
	ours, theirs, err := socketpair()
	if err != nil {
		return fmt.Errorf("cannot start the keeper: %w", err)
	}
	defer theirs.Close()
	cmd := exec.Command(k.command[0], k.command[1:]...)
	cmd.Dir, cmd.ExtraFiles = "/", []*os.File{theirs}
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		_ = ours.Close()
		return fmt.Errorf("cannot start the keeper: %w", err)
	}
	k.process, k.conn = cmd, ours
	k.id = keeperID{cmd.Process.Pid, startTime(cmd.Process.Pid)}
	return nil
}

func socketpair() (ours *net.UnixConn, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	theirs = os.NewFile(uintptr(fds[1]), "keeper")
	if ours, err = unixConn(fds[0]); err != nil {
		_ = theirs.Close()
	}
	return ours, theirs, err
}

func unixConn(fd int) (*net.UnixConn, error) {
	f := os.NewFile(uintptr(fd), "keeper")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	conn, ok := c.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(errors.New("not a connection of a keeper"), c.Close())
	}
	return conn, nil
}

// tellsExit tells whether pidfds know how a process ended that somebody else has waited for: since Linux 6.15.
func tellsExit() bool {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return false
	}
	var major, minor int
	_, _ = fmt.Sscanf(string(bytes.TrimRight(u.Release[:], "\x00")), "%d.%d", &major, &minor)
	return major > 6 || major == 6 && minor >= 15
}
