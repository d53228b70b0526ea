package container

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"syscall"
)

// openAs reads a file with the rights of who: root must not read for a task what its user may not. Rights belong to a
// process, so another one reads.
func openAs(ctx context.Context, name string, who *syscall.Credential) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	r := &reading{cancel: cancel, cat: exec.CommandContext(ctx, "/bin/cat", name)}
	r.cat.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	r.cat.Env, r.cat.Dir = []string{"LC_ALL=C"}, "/"
	r.cat.Stderr = &r.complaint
	out, err := r.cat.StdoutPipe()
	if err == nil {
		err = r.cat.Start()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	r.out = out
	return r, nil
}

// reading is a file's content as another process reads it.
type reading struct {
	cat       *exec.Cmd
	cancel    context.CancelFunc
	out       io.Reader
	complaint bytes.Buffer
	waited    bool
}

func (r *reading) Read(data []byte) (int, error) {
	n, err := r.out.Read(data)
	if err == nil || n > 0 {
		return n, nil
	}
	if failed := r.wait(); failed != nil {
		err = failed
	}
	return 0, err
}

// wait returns why the process failed.
func (r *reading) wait() error {
	if r.waited {
		return nil
	}
	r.waited = true
	err := r.cat.Wait()
	if text := strings.TrimSpace(r.complaint.String()); err != nil && text != "" {
		return errors.New(strings.ToLower(text[strings.LastIndex(text, ": ")+len(": "):]))
	}
	return err
}

func (r *reading) Close() error {
	r.cancel()
	_ = r.wait()
	return nil
}
