package agent

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc, which is the same on all Linux systems.
const tick = 10 * time.Millisecond

// usages sums the table of processes by session, which is what a container's main process leads.
func usages() map[int]usageOf {
	all := map[int]usageOf{}
	page := uint64(os.Getpagesize())
	for _, name := range names("/proc") {
		if _, err := strconv.Atoi(name); err != nil {
			continue
		}
		b, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue
		}
		session, u, ok := parseStat(string(b), page)
		if !ok {
			continue
		}
		sum := all[session]
		sum.user += u.user
		sum.system += u.system
		sum.memory += u.memory
		all[session] = sum
	}
	return all
}

// parseStat reads a line of /proc/PID/stat. The name of the command, in brackets, may hold anything.
func parseStat(line string, page uint64) (session int, u usageOf, ok bool) {
	_, rest, found := strings.Cut(line[strings.LastIndexByte(line, ')')+1:], " ")
	fields := strings.Fields(rest)
	if !found || len(fields) < 22 {
		return 0, u, false
	}
	var n [4]uint64
	for i, at := range []int{3, 11, 12, 21} {
		value, err := strconv.ParseUint(fields[at], 10, 64)
		if err != nil {
			return 0, u, false
		}
		n[i] = value
	}
	return int(n[0]), usageOf{time.Duration(n[1]) * tick, time.Duration(n[2]) * tick, n[3] * page}, true
}
