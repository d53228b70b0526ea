package agent

import (
	"syscall"

	"github.com/ormosproject/ormos/local/internal/daemon"
)

// totalMemory is in bytes, 0 if unknown.
func totalMemory() uint64 {
	var s syscall.Sysinfo_t
	if syscall.Sysinfo(&s) != nil {
		return 0
	}
	return uint64(s.Totalram) * uint64(s.Unit)
}

// systemMetrics adds what is known about the machine.
func systemMetrics(m daemon.Metrics) {
	cpus(m)
	var s syscall.Sysinfo_t
	if syscall.Sysinfo(&s) != nil {
		return
	}
	unit := float64(s.Unit)
	m["system/mem_total_bytes"], m["system/mem_free_bytes"] = float64(s.Totalram)*unit, float64(s.Freeram)*unit
	const scale = 1 << 16
	m["system/load_1min"], m["system/load_5min"], m["system/load_15min"] = float64(s.Loads[0])/scale, float64(s.Loads[1])/scale, float64(s.Loads[2])/scale
}
