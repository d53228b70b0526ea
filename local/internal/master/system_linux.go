package master

import (
	"syscall"

	"github.com/ormosproject/ormos/local/internal/daemon"
)

// loadScale is the fixed point of the kernel's load averages.
const loadScale = 1 << 16

// readSystem adds the gauges of the machine.
func readSystem(all daemon.Metrics) {
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) != nil {
		return // Mesos leaves out gauges that fail, too
	}
	all["system/load_1min"] = float64(info.Loads[0]) / loadScale
	all["system/load_5min"] = float64(info.Loads[1]) / loadScale
	all["system/load_15min"] = float64(info.Loads[2]) / loadScale
	all["system/mem_total_bytes"] = float64(uint64(info.Totalram) * uint64(info.Unit))
	all["system/mem_free_bytes"] = float64(uint64(info.Freeram) * uint64(info.Unit))
}
