package operator

import (
	"context"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// GetHealth tells whether it is well. One that is not does not answer.
func (a *Agent) GetHealth(ctx context.Context) (bool, error) {
	got, err := agentAnswer(ctx, a, &AgentCall{Type: new(AgentCallTypeGetHealth)}, func(r *AgentResponse) *AgentResponseGetHealth { return r.GetHealth })
	return got.Healthy, err
}

// GetFlags gives the flags that it was started with.
func (a *Agent) GetFlags(ctx context.Context) ([]mesos.Flag, error) {
	got, err := agentAnswer(ctx, a, &AgentCall{Type: new(AgentCallTypeGetFlags)}, func(r *AgentResponse) *AgentResponseGetFlags { return r.GetFlags })
	return got.Flags, err
}

// GetVersion gives its version.
func (a *Agent) GetVersion(ctx context.Context) (mesos.VersionInfo, error) {
	got, err := agentAnswer(ctx, a, &AgentCall{Type: new(AgentCallTypeGetVersion)}, func(r *AgentResponse) *AgentResponseGetVersion { return r.GetVersion })
	return got.VersionInfo, err
}

// GetMetrics gives its counters and gauges by their names. Gauges that take longer than timeout are left out; 0 waits for all.
func (a *Agent) GetMetrics(ctx context.Context, timeout time.Duration) (map[string]float64, error) {
	call := &AgentCall{Type: new(AgentCallTypeGetMetrics), GetMetrics: &AgentCallGetMetrics{}}
	if timeout > 0 {
		call.GetMetrics.Timeout = &mesos.DurationInfo{Nanoseconds: timeout.Nanoseconds()}
	}
	got, err := agentAnswer(ctx, a, call, func(r *AgentResponse) *AgentResponseGetMetrics { return r.GetMetrics })
	metrics := make(map[string]float64, len(got.Metrics))
	for _, one := range got.Metrics {
		metrics[one.Name] = one.GetValue()
	}
	return metrics, err
}

// GetLoggingLevel gives how much it logs: 0 is the least.
func (a *Agent) GetLoggingLevel(ctx context.Context) (uint32, error) {
	got, err := agentAnswer(ctx, a, &AgentCall{Type: new(AgentCallTypeGetLoggingLevel)}, func(r *AgentResponse) *AgentResponseGetLoggingLevel { return r.GetLoggingLevel })
	return got.Level, err
}

// SetLoggingLevel makes it log more for some time.
func (a *Agent) SetLoggingLevel(ctx context.Context, level uint32, during time.Duration) error {
	return a.do(ctx, &AgentCall{Type: new(AgentCallTypeSetLoggingLevel), SetLoggingLevel: &AgentCallSetLoggingLevel{
		Level: level, Duration: mesos.DurationInfo{Nanoseconds: during.Nanoseconds()},
	}})
}

// ListFiles lists a folder by its virtual path; a file gives an empty list.
func (a *Agent) ListFiles(ctx context.Context, path string) ([]mesos.FileInfo, error) {
	call := &AgentCall{Type: new(AgentCallTypeListFiles), ListFiles: &AgentCallListFiles{Path: path}}
	got, err := agentAnswer(ctx, a, call, func(r *AgentResponse) *AgentResponseListFiles { return r.ListFiles })
	return got.FileInfos, err
}

// ReadFile reads at most length bytes of a file by its virtual path, from offset on, and gives the file's size too; length 0 asks for all. The peer
// may give less than was asked for.
func (a *Agent) ReadFile(ctx context.Context, path string, offset, length uint64) (data []byte, size uint64, err error) {
	call := &AgentCall{Type: new(AgentCallTypeReadFile), ReadFile: &AgentCallReadFile{Path: path, Offset: offset}}
	if length > 0 {
		call.ReadFile.Length = &length
	}
	got, err := agentAnswer(ctx, a, call, func(r *AgentResponse) *AgentResponseReadFile { return r.ReadFile })
	return got.Data, got.Size, err
}
