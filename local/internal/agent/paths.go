package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// layout knows where everything lies under a work directory, as in Mesos.
type layout struct{ work string }

func (l layout) meta() string           { return filepath.Join(l.work, "meta") }
func (l layout) resources() string      { return filepath.Join(l.meta(), "resources", "resources.info") }
func (l layout) agents() string         { return filepath.Join(l.meta(), "slaves") }
func (l layout) latestAgent() string    { return filepath.Join(l.agents(), "latest") }
func (l layout) agent(id string) string { return filepath.Join(l.agents(), id) }
func (l layout) agentInfo(id string) string {
	return filepath.Join(l.agent(id), "slave.info")
}

// runtime holds what is needed to end containers of frameworks that do not checkpoint.
func (l layout) runtime() string                { return filepath.Join(l.work, "runtime") }
func (l layout) runtimeOf(id string) string     { return filepath.Join(l.runtime(), id) }
func (l layout) sandboxes(agent string) string  { return filepath.Join(l.work, "slaves", agent) }
func (l layout) frameworks(agent string) string { return filepath.Join(l.agent(agent), "frameworks") }

// frameworkOf is a framework's place under root, which is agent() or sandboxes().
func frameworkOf(root, framework string) string { return filepath.Join(root, "frameworks", framework) }

func executorOf(root, framework, executor string) string {
	return filepath.Join(frameworkOf(root, framework), "executors", executor)
}

func runsOf(root, framework, executor string) string {
	return filepath.Join(executorOf(root, framework, executor), "runs")
}

// virtualLatest is the path of an executor's latest sandbox in /files that needs no knowledge of the work directory.
func virtualLatest(framework, executor string) string {
	return fmt.Sprintf("/frameworks/%s/executors/%s/runs/latest", framework, executor)
}

// realDirectory makes a directory and gives its absolute path without symbolic links, which paths that we hand out must not have.
func realDirectory(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

// makeDirectory makes a directory, where it is missing with those above it, of which the nearest are mostly missing and others mostly there:
// os.MkdirAll looks for each of them before.
func makeDirectory(path string, mode os.FileMode) error {
	err := os.Mkdir(path, mode)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeDirectory(filepath.Dir(path), 0o755); err == nil {
			err = os.Mkdir(path, mode)
		}
	}
	if errors.Is(err, fs.ErrExist) {
		if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
			return nil
		}
	}
	return err
}

// relink points the symbolic link at target, atomically.
func relink(target, name string) error {
	if err := os.Symlink(target, name); !os.IsExist(err) {
		return err
	}
	next := name + ".next"
	if err := os.Remove(next); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.Symlink(target, next); err != nil {
		return err
	}
	return os.Rename(next, name)
}
