//go:build !linux

package agent

import (
	"golang.org/x/sys/unix"

	"github.com/ormosproject/ormos/local/internal/daemon"
)

// totalMemory is in bytes, 0 if unknown.
func totalMemory() uint64 {
	size, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return size
}

// systemMetrics adds what is known about the machine.
func systemMetrics(m daemon.Metrics) {
	cpus(m)
	if total := totalMemory(); total > 0 {
		m["system/mem_total_bytes"] = float64(total)
	}
}
