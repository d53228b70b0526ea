package container

import "time"

// Usage is what all processes of a container have used, as /monitor/statistics tells it.
type Usage struct {
	// User and System are CPU times since the start (cpus_user_time_secs, cpus_system_time_secs), with those of
	// children that have ended; in steps of 10 ms.
	User, System time.Duration
	// RSS is resident memory in bytes (mem_rss_bytes); what processes share counts once for each.
	RSS uint64
	// Unreclaimable is how much of RSS is not the content of files, in bytes: what the system could not give to others, and what
	// limits count.
	Unreclaimable uint64
	// Processes is how many there are.
	Processes int
}
