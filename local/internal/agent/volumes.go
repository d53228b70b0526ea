package agent

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/ormosproject/ormos/mesos"
)

// volume is where a persistent volume lies.
func (l layout) volume(r *mesos.Resource) string {
	return filepath.Join(l.work, "volumes", "roles", r.ReservedRole(), r.Disk.Persistence.ID)
}

// syncVolumes makes the directories of volumes that are new, and removes those of destroyed ones.
func (a *Agent) syncVolumes(before, now []mesos.Resource) {
	there := map[string]bool{}
	for i := range now {
		if !now[i].IsPersistentVolume() {
			continue
		}
		path := a.layout.volume(&now[i])
		there[path] = true
		if err := os.MkdirAll(path, 0o755); err != nil {
			a.log.Error("cannot make a persistent volume", "path", path, "error", err)
		}
	}
	for i := range before {
		if before[i].IsPersistentVolume() && !there[a.layout.volume(&before[i])] {
			a.removeVolume(a.layout.volume(&before[i]))
		}
	}
}

// removeVolume takes a volume out of the way at once, so that one of the same name may be made, and removes its data.
func (a *Agent) removeVolume(path string) {
	away := filepath.Join(a.layout.work, "volumes", "destroyed-"+uuidText(newUUID()))
	if err := os.Rename(path, away); err != nil {
		if !os.IsNotExist(err) {
			a.log.Error("cannot remove a persistent volume", "path", path, "error", err)
		}
		return
	}
	a.goDo(func() {
		if err := os.RemoveAll(away); err != nil {
			a.log.Error("cannot remove a persistent volume's data", "path", away, "error", err)
		}
	})
}

// linkVolumes shows the persistent volumes among the resources in a sandbox, and gives them to the user. Mesos does it by symbolic
// links, too, where it does not isolate file systems.
func (a *Agent) linkVolumes(sandbox, user string, resources []mesos.Resource) error {
	for i := range resources {
		r := &resources[i]
		if !r.IsPersistentVolume() || r.Disk.Volume == nil {
			continue
		}
		name := filepath.Clean(r.Disk.Volume.ContainerPath)
		if !filepath.IsLocal(name) || name == "." {
			return fmt.Errorf("cannot show volume %s: its container_path '%s' is not inside of the sandbox", r.Disk.Persistence.ID, name)
		}
		if err := a.linkVolume(sandbox, name, user, a.layout.volume(r)); err != nil {
			return fmt.Errorf("cannot show volume %s: %w", r.Disk.Persistence.ID, err)
		}
	}
	return nil
}

func (a *Agent) linkVolume(sandbox, name, user, volume string) error {
	if err := os.MkdirAll(volume, 0o755); err != nil {
		return err
	}
	if err := chown(volume, user); err != nil {
		return err
	}
	root, err := os.OpenRoot(sandbox) // what tasks made there must not lead elsewhere
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if there, err := root.Readlink(name); err == nil && there == volume {
		return nil // another task of the executor has it
	}
	return root.Symlink(volume, name)
}
