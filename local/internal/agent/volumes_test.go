package agent

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

func volumeNamed(id, path string) mesos.Resource {
	r := mesos.Disk(64)
	r.Reservations = []mesos.ResourceReservationInfo{{Type: new(mesos.ResourceReservationInfoTypeDynamic), Role: new("db")}}
	r.Disk = &mesos.ResourceDiskInfo{
		Persistence: &mesos.ResourceDiskInfoPersistence{ID: id}, Volume: &mesos.Volume{ContainerPath: path, Mode: mesos.VolumeModeRw},
	}
	return r
}

// A volume keeps its data from one task to the next, and loses it when it is destroyed.
func TestPersistentVolume(t *testing.T) {
	c := start(t, realProcesses(t))
	hear[link.Register](t, c.master)
	v := volumeNamed("v", "data/deep")
	c.master.say(link.CheckpointResources{Resources: []mesos.Resource{v}})
	for _, command := range []string{"echo one > data/deep/f", "echo two >> data/deep/f"} {
		task := shell("t", command)
		task.Resources = append(task.Resources, v)
		c.launch(testFramework(), task)
		c.acknowledged(mesos.TaskStarting)
		c.acknowledged(mesos.TaskRunning)
		c.acknowledged(mesos.TaskFinished)
		c.completed()
	}
	place := filepath.Join(c.agent.o.WorkDir, "volumes", "roles", "db", "v")
	if b, err := os.ReadFile(filepath.Join(place, "f")); err != nil || string(b) != "one\ntwo\n" {
		t.Errorf("the file: %q, %v", b, err)
	}
	c.master.say(link.CheckpointResources{})
	c.master.say(link.CheckpointResources{Resources: []mesos.Resource{v}})
	c.until("the volume is empty", func(*Agent) bool {
		entries, err := os.ReadDir(place)
		return err == nil && len(entries) == 0
	})
}

func TestVolumeOutsideOfTheSandbox(t *testing.T) {
	c := start(t, realProcesses(t))
	hear[link.Register](t, c.master)
	for _, path := range []string{"../v", "/tmp/v", "."} {
		task := shell("t", "true")
		task.Resources = append(task.Resources, volumeNamed("v", path))
		c.launch(testFramework(), task)
		c.acknowledged(mesos.TaskDropped)
	}
}

func TestVolumeInGroup(t *testing.T) {
	c := start(t, realProcesses(t))
	hear[link.Register](t, c.master)
	task := groupTask("t", func(t *mesos.TaskInfo) { t.Command.Value = new("echo here > data/f") })
	task.Resources = append(task.Resources, volumeNamed("v", "data"))
	c.launchGroup(testFramework(), task)
	c.acknowledged(mesos.TaskStarting)
	c.acknowledged(mesos.TaskRunning)
	c.acknowledged(mesos.TaskFinished)
	if _, err := os.Stat(filepath.Join(c.agent.o.WorkDir, "volumes", "roles", "db", "v", "f")); err != nil {
		t.Error(err)
	}
}
