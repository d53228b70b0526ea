package check

import (
	"cmp"
	"context"
	"math"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// Check is what a CheckInfo or a HealthCheck wants to be asked.
type Check struct {
	Type mesos.CheckInfoType
	// Delay is the time from the task's start to the first check, Interval that from the end of a check to the start of the
	// next. Timeout bounds one check; 0 does not.
	Delay, Interval, Timeout time.Duration
	// Command is what a check of type COMMAND runs.
	Command *mesos.CommandInfo
	// URL is what a check of type HTTP gets.
	URL string
	// Address is where a check of type TCP connects.
	Address string
}

// Command runs the command of a check and gives its exit code. It returns soon after ctx has ended, and nothing of the command
// is left then.
type Command func(ctx context.Context, command *mesos.CommandInfo) (code int32, err error)

// OfCheck reads a valid CheckInfo.
func OfCheck(c *mesos.CheckInfo) Check {
	o := Check{Type: c.GetType()}
	o.times(c.DelaySeconds, c.IntervalSeconds, c.TimeoutSeconds)
	switch {
	case c.Command != nil:
		o.Command = &c.Command.Command
	case c.HTTP != nil:
		o.URL = address("http", mesos.NetworkInfoProtocolIPv4, c.HTTP.Port, c.HTTP.GetPath())
	case c.TCP != nil:
		o.Address = hostPort(mesos.NetworkInfoProtocolIPv4, c.TCP.Port)
	}
	return o
}

// OfHealthCheck reads a valid HealthCheck. Its type may be missing where only one is possible.
func OfHealthCheck(h *mesos.HealthCheck) Check {
	var o Check
	o.times(h.DelaySeconds, h.IntervalSeconds, h.TimeoutSeconds)
	switch {
	case h.Command != nil:
		o.Type, o.Command = mesos.CheckInfoTypeCommand, h.Command
	case h.HTTP != nil:
		o.Type = mesos.CheckInfoTypeHTTP
		o.URL = address(cmp.Or(h.HTTP.GetScheme(), "http"), h.HTTP.GetProtocol(), h.HTTP.Port, h.HTTP.GetPath())
	case h.TCP != nil:
		o.Type, o.Address = mesos.CheckInfoTypeTCP, hostPort(h.TCP.GetProtocol(), h.TCP.Port)
	}
	return o
}

func (c *Check) times(delay, interval, timeout *float64) {
	c.Delay, c.Interval, c.Timeout = seconds(delay, 15), seconds(interval, 10), seconds(timeout, 20)
}

// seconds is a time as messages have it; what does not fit is the longest that does.
func seconds(value *float64, otherwise float64) time.Duration {
	s := otherwise
	if value != nil {
		s = *value
	}
	if !(s < math.MaxInt64/float64(time.Second)) { // nor does what is not a number
		return math.MaxInt64
	}
	return time.Duration(max(s, 0) * float64(time.Second))
}

// Nothing is the result of a check that has not been performed, or failed: its type, and a body without content.
func (c *Check) Nothing() mesos.CheckStatusInfo {
	s := mesos.CheckStatusInfo{Type: new(c.Type)}
	switch c.Type {
	case mesos.CheckInfoTypeCommand:
		s.Command = &mesos.CheckStatusInfoCommand{}
	case mesos.CheckInfoTypeHTTP:
		s.HTTP = &mesos.CheckStatusInfoHTTP{}
	case mesos.CheckInfoTypeTCP:
		s.TCP = &mesos.CheckStatusInfoTCP{}
	}
	return s
}

// Run performs the check of a task that began at start until ctx ends, and reports every result.
func (c *Check) Run(ctx context.Context, start time.Time, command Command, report func(mesos.CheckStatusInfo)) {
	timer := time.NewTimer(time.Until(start.Add(c.Delay)))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		result := c.once(ctx, command)
		if ctx.Err() != nil {
			return
		}
		report(result)
		timer.Reset(c.Interval)
	}
}

// once performs one check within its time.
func (c *Check) once(ctx context.Context, command Command) mesos.CheckStatusInfo {
	if c.Timeout > 0 {
		bounded, cancel := context.WithTimeout(ctx, c.Timeout)
		defer cancel()
		ctx = bounded
	}
	result := c.Nothing()
	switch c.Type {
	case mesos.CheckInfoTypeCommand:
		if code, err := command(ctx, c.Command); err == nil && ctx.Err() == nil {
			result.Command.ExitCode = new(code)
		}
	case mesos.CheckInfoTypeHTTP:
		if code, err := get(ctx, c.URL); err == nil {
			result.HTTP.StatusCode = new(uint32(code))
		}
	case mesos.CheckInfoTypeTCP:
		if connected, err := connect(ctx, c.Address); err == nil {
			result.TCP.Succeeded = new(connected)
		}
	}
	return result
}
