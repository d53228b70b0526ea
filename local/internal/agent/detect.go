package agent

import (
	"fmt"
	"runtime"
	"syscall"

	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/mesos"
)

const (
	megabyte = 1 << 20
	gigabyte = 1 << 30
)

// Detect completes resources with what the machine has of cpus, mem, disk and ports where none of that name is given, as a Mesos agent
// does: all cpus; memory but for 1 GB (half of less than 2 GB); the disk of workDir, which exists, but for 5 GB (half of less than 10 GB);
// ports 31000 to 32000. mem and disk are whole megabytes. A resource that is given as 0 stays 0.
func Detect(given []mesos.Resource, workDir string) ([]mesos.Resource, error) {
	disk, err := diskSize(workDir)
	if err != nil {
		return nil, fmt.Errorf("cannot tell the size of the disk of %s: %w", workDir, err)
	}
	detected := []mesos.Resource{
		mesos.CPUs(float64(runtime.NumCPU())),
		mesos.Mem(float64(spare(totalMemory(), gigabyte, 2*gigabyte, gigabyte) / megabyte)),
		mesos.Disk(float64(spare(disk, 5*gigabyte, 10*gigabyte, 10*gigabyte) / megabyte)),
		mesos.PortRange(31000, 32000),
	}
	all := append([]mesos.Resource{}, given...)
	for _, one := range detected {
		if len(mesos.Resources(given).Named(one.Name)) == 0 {
			all = append(all, one)
		}
	}
	return all, nil
}

// spare leaves kept bytes to the system where there are at least enough, else half; unknown is for a size that cannot be told.
func spare(size, kept, enough, unknown uint64) uint64 {
	switch {
	case size == 0:
		return unknown
	case size >= enough:
		return size - kept
	}
	return size / 2
}

// diskSize is the size in bytes of the disk on which path is.
func diskSize(path string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, err
	}
	return s.Blocks * uint64(s.Bsize), nil
}

func cpus(m daemon.Metrics) { m["system/cpus_total"] = float64(runtime.NumCPU()) }
