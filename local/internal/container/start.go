package container

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// start forks and executes the command of s.
func start(s Spec, who *syscall.Credential) (int, system, error) {
	files := s.Streams
	if files == nil {
		opened, err := openStreams(s, who)
		if err != nil {
			return 0, system{}, err
		}
		defer func() {
			for _, f := range opened {
				f.Close()
			}
		}()
		files = opened
	}
	env := withMarker(s.Env, cmp.Or(s.Within, s.ID))
	path, argv, err := commandLine(s.Command, s.Sandbox, env)
	if err != nil {
		return 0, system{}, &LaunchError{Command: s.Command.GetValue(), Err: err}
	}
	pidfd := -1
	attr := syscall.ProcAttr{
		Dir:   s.Sandbox,
		Env:   env,
		Files: []uintptr{files[0].Fd(), files[1].Fd(), files[2].Fd()},
		Sys:   sysProcAttr(who, s.Terminal, &pidfd),
	}
	var pid int
	err = s.Group.Start(attr.Sys, func() (err error) {
		pid, err = forkExec(path, argv, &attr)
		if errors.Is(err, syscall.ENOEXEC) && isText(path, s.Sandbox) {
			// As execvp does, and so Mesos: a script that does not name its interpreter is the shell's.
			pid, err = syscall.ForkExec("/bin/sh", append([]string{"sh", path}, argv[1:]...), &attr)
		}
		return err
	})
	if err != nil {
		err = barred(err, s, who)
		return 0, system{}, &LaunchError{Command: path, URI: fetchedFrom(s.Command.URIs, path), Err: err}
	}
	return pid, newSystem(pidfd), nil
}

// forkExec waits until nobody has the executable open for writing any more: whatever else this process was starting while it was fetched has it too, until it
// executes.
func forkExec(path string, argv []string, attr *syscall.ProcAttr) (pid int, err error) {
	for pause := time.Millisecond; ; pause *= 2 {
		pid, err = syscall.ForkExec(path, argv, attr)
		if !errors.Is(err, syscall.ETXTBSY) || pause > maxBusy {
			return pid, err
		}
		time.Sleep(pause)
	}
}

// maxBusy is the last of these pauses at most; together they are twice as long.
const maxBusy = 2 * time.Second

// fetchedFrom is the URI that brought an executable; "" when none did.
func fetchedFrom(uris []mesos.CommandInfoURI, executable string) string {
	for _, uri := range uris {
		if name, err := target(uri); err == nil && name == filepath.Clean(executable) {
			return redact(uri.Value)
		}
	}
	return ""
}

// commandLine is what to execute: the shell with the value, or the value with the arguments as its whole argv.
func commandLine(c mesos.CommandInfo, sandbox string, env []string) (path string, argv []string, err error) {
	if c.GetShell() {
		return "/bin/sh", []string{"sh", "-c", c.GetValue()}, nil
	}
	argv = c.Arguments
	if len(argv) == 0 {
		argv = []string{c.GetValue()}
	}
	path, err = lookPath(c.GetValue(), sandbox, env)
	return path, argv, err
}

// lookPath finds an executable in the PATH of env, as execvp does; names with a slash are taken as they are.
func lookPath(name, sandbox string, env []string) (string, error) {
	if strings.Contains(name, "/") || name == "" {
		return name, nil
	}
	path := "/usr/local/bin:/usr/bin:/bin"
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, "PATH="); ok {
			path = v
		}
	}
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		if !filepath.IsAbs(file) {
			file = filepath.Join(sandbox, file)
		}
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", exec.ErrNotFound
}

// withMarker is a copy of env that tells id, and nothing else, as the container's.
func withMarker(env []string, id string) []string {
	out := make([]string, 1, len(env)+1)
	out[0] = marker + "=" + id
	for _, e := range env {
		if !strings.HasPrefix(e, marker+"=") {
			out = append(out, e)
		}
	}
	return out
}

// isText tells whether a file's beginning may be a script.
func isText(path, sandbox string) bool {
	if !filepath.IsAbs(path) {
		path = filepath.Join(sandbox, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [512]byte
	n, err := f.Read(head[:])
	return err == nil && !strings.Contains(string(head[:n]), "\x00")
}

// openStreams opens stdin, stdout and stderr of a command.
func openStreams(s Spec, who *syscall.Credential) (files []*os.File, err error) {
	defer func() {
		if err != nil {
			for _, f := range files {
				f.Close()
			}
			err = fmt.Errorf("cannot open the command's output: %w", err)
		}
	}()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	files = append(files, null)
	names := []string{"stdout", "stderr"}
	if s.ToStderr {
		names[0] = "stderr"
	}
	for _, name := range names {
		// NOFOLLOW: what was fetched must not lead the output elsewhere.
		f, err := os.OpenFile(filepath.Join(s.Sandbox, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW, 0o644)
		if err != nil {
			return files, err
		}
		files = append(files, f)
		if who != nil {
			if err := f.Chown(int(who.Uid), int(who.Gid)); err != nil {
				return files, err
			}
		}
	}
	return files, nil
}
