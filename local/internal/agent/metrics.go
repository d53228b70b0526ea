package agent

import (
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// counters are what /metrics/snapshot counts.
type counters struct {
	validUpdates, invalidUpdates   int
	validMessages, invalidMessages int
	launchErrors                   int
	executorsTerminated            int
	fetchesSucceeded               int
	fetchesFailed                  int
	recoveryErrors                 int
	recovery                       time.Duration
	ended                          map[mesos.TaskState]int
}
