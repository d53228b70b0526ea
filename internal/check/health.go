package check

import (
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// Health is what the results of a health check come to.
//
//	unknown -> healthy <-> unhealthy -> to be killed
type Health struct {
	start    time.Time
	grace    time.Duration
	limit    int // of failures in a row
	healthy  bool
	known    bool
	failures int // in a row
}

// NewHealth begins to judge a task that began at start.
func NewHealth(h *mesos.HealthCheck, start time.Time) *Health {
	limit := 3
	if h.ConsecutiveFailures != nil {
		limit = int(*h.ConsecutiveFailures)
	}
	return &Health{start: start, grace: seconds(h.GracePeriodSeconds, 10), limit: limit}
}

// Resume takes up what was last told of the task.
func (h *Health) Resume(healthy bool) { h.known, h.healthy = true, healthy }

// Judge takes a result: tell says that the scheduler is to hear of it, kill that the task has failed too often. Every failure is
// told, a success only when it changes something. Before the first success failures do not count while the grace period lasts.
func (h *Health) Judge(now time.Time, passed bool) (tell, kill bool) {
	if passed {
		tell = !h.known || !h.healthy
		h.known, h.healthy, h.failures = true, true, 0
		return tell, false
	}
	if !h.known && now.Before(h.start.Add(h.grace)) {
		return false, false
	}
	h.known, h.healthy = true, false
	h.failures++
	return true, h.failures >= h.limit
}

// Passed tells whether a result is that of a healthy task.
func Passed(s *mesos.CheckStatusInfo) bool {
	switch s.GetType() {
	case mesos.CheckInfoTypeCommand:
		return s.Command != nil && s.Command.ExitCode != nil && *s.Command.ExitCode == 0
	case mesos.CheckInfoTypeHTTP:
		return s.HTTP.GetStatusCode() >= 200 && s.HTTP.GetStatusCode() < 400
	case mesos.CheckInfoTypeTCP:
		return s.TCP.GetSucceeded()
	}
	return false
}
