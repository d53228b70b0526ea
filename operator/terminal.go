package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"
)

// A Terminal is the one in front of which the user sits, in raw mode: each key goes to the container, Ctrl-C too.
//
//	output, err := agent.LaunchNestedContainerSession(ctx, call) // with a TTYInfo in its container
//	...
//	input, err := agent.AttachContainerInput(ctx, call.ContainerID)
//	...
//	terminal, err := operator.OpenTerminal("/dev/tty")
//	...
//	err = terminal.Run(output, input)
//	terminal.Close() // or the user's shell stays raw
type Terminal struct {
	file  *os.File
	state *term.State
}

// OpenTerminal opens a terminal, usually /dev/tty, and makes it raw. Close it, whatever happens.
func OpenTerminal(name string) (*Terminal, error) {
	file, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot open the terminal: %w", err)
	}
	t := &Terminal{file: file}
	err = t.control(func(fd int) (err error) {
		t.state, err = term.MakeRaw(fd)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot make %s raw: %w", name, err), file.Close())
	}
	return t, nil
}

// control does something with the descriptor and leaves the file as it is; its Fd would make reads of it uninterruptible.
func (t *Terminal) control(do func(fd int) error) error {
	raw, err := t.file.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	err = raw.Control(func(fd uintptr) { result = do(int(fd)) })
	return errors.Join(err, result)
}

// Close makes the terminal what it was before.
func (t *Terminal) Close() error {
	err := t.control(func(fd int) error { return term.Restore(fd, t.state) })
	return errors.Join(err, t.file.Close())
}

// Size is the terminal's window.
func (t *Terminal) Size() (rows, columns uint32, err error) {
	err = t.control(func(fd int) error {
		width, height, err := term.GetSize(fd)
		rows, columns = uint32(height), uint32(width)
		return err
	})
	return rows, columns, err
}

// Run shows a container's output and sends it the keys and the window's size, until the output ends; then it closes the input. The error is the
// output's.
func (t *Terminal) Run(o *Output, in *Input) error {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { t.resize(ctx, in) })
	typing := make(chan struct{})
	go func() {
		defer close(typing)
		_, _ = io.Copy(in, t.file) // it ends with the output, or the input is refused: then the output tells
	}()
	err := o.Copy(t.file, t.file)
	cancel()
	_ = in.Close() // the container has ended: there is nobody to read
	if t.file.SetReadDeadline(time.Unix(1, 0)) == nil {
		<-typing // else a key ends it, or Close
		_ = t.file.SetReadDeadline(time.Time{})
	}
	wg.Wait()
	return err
}

// resize tells the window's size at first and whenever it changes.
func (t *Terminal) resize(ctx context.Context, in *Input) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	defer signal.Stop(changed)
	for {
		if rows, columns, err := t.Size(); err != nil || in.Resize(rows, columns) != nil {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
