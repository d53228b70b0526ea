package operator_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/operator"
)

// pseudoTerminal gives the user's end of a terminal, and the name of the program's.
func pseudoTerminal(t *testing.T, rows, columns uint16) (user *os.File, name string) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("there are no terminals here:", err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	user = os.NewFile(uintptr(fd), "ptmx")
	t.Cleanup(func() { _ = user.Close() })
	return user, fmt.Sprintf("/dev/pts/%d", n)
}

// echo is an agent whose container gives back what it reads, until it reads an x.
func echo(t *testing.T, sizes chan<- string) *operator.Agent {
	t.Helper()
	keys := make(chan []byte, 100)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") != string(wire.RecordIO) {
			call := new(operator.AgentCall)
			if _, ok := wire.ReadCall(w, r, 0, call); !ok {
				return
			}
			control := http.NewResponseController(w)
			_ = control.Flush() // the session begins before it says anything
			for data := range keys {
				record, err := wire.Protobuf.AppendRecord(nil, &operator.AgentProcessIO{
					Type: new(operator.AgentProcessIOTypeData),
					Data: &operator.AgentProcessIOData{Type: new(operator.AgentProcessIODataTypeStdout), Data: data},
				})
				if err != nil {
					t.Error(err)
				}
				_, _ = w.Write(record)
				_ = control.Flush()
				if bytes.Contains(data, []byte("x")) {
					return
				}
			}
			return
		}
		inputs := make(chan *operator.AgentCallAttachContainerInput)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for one := range inputs {
				if one.ProcessIO == nil {
					continue
				}
				if size := one.ProcessIO.Control; size != nil {
					sizes <- fmt.Sprint(size.TTYInfo.WindowSize.Rows, "x", size.TTYInfo.WindowSize.Columns)
					continue
				}
				keys <- one.ProcessIO.Data.Data
			}
		}()
		readInput(t, w, r, inputs)
		close(inputs)
		<-done
	})
	return newAgent(t, operator.Options{Address: s.URL})
}

// Keys go to the container as they are typed, also Ctrl-C, what it writes is shown, and the window's size goes along, changed or not.
func TestTerminal(t *testing.T) {
	user, name := pseudoTerminal(t, 24, 80)
	sizes := make(chan string, 10)
	a := echo(t, sizes)
	out, err := a.LaunchNestedContainerSession(t.Context(), operator.AgentCallLaunchNestedContainerSession{ContainerID: container("known")})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	in, err := a.AttachContainerInput(t.Context(), container("known"))
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := operator.OpenTerminal(name)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- terminal.Run(out, in) }()
	if size := <-sizes; size != "24x80" {
		t.Errorf("the size is %s", size)
	}
	if err := unix.IoctlSetWinsize(int(user.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 132}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	if size := <-sizes; size != "50x132" {
		t.Errorf("the size is %s then", size)
	}
	if _, err := user.WriteString("a\r\x03x"); err != nil {
		t.Fatal(err)
	}
	shown := make([]byte, 4)
	if _, err := io.ReadFull(user, shown); err != nil || string(shown) != "a\r\x03x" {
		t.Errorf("shows %q, %v", shown, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := terminal.Close(); err != nil {
		t.Error(err)
	}
}

func TestNoTerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := operator.OpenTerminal(file); err == nil {
		t.Error("a file is taken for a terminal")
	}
}
