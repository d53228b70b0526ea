package operator

import (
	"context"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// GetHealth tells whether it is well. One that is not does not answer.
func (m *Master) GetHealth(ctx context.Context) (bool, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetHealth)}, func(r *MasterResponse) *MasterResponseGetHealth { return r.GetHealth })
	return a.Healthy, err
}

// GetFlags gives the flags that it was started with.
func (m *Master) GetFlags(ctx context.Context) ([]mesos.Flag, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetFlags)}, func(r *MasterResponse) *MasterResponseGetFlags { return r.GetFlags })
	return a.Flags, err
}

// GetVersion gives its version.
func (m *Master) GetVersion(ctx context.Context) (mesos.VersionInfo, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetVersion)}, func(r *MasterResponse) *MasterResponseGetVersion { return r.GetVersion })
	return a.VersionInfo, err
}

// GetMetrics gives its counters and gauges by their names. Gauges that take longer than timeout are left out; 0 waits for all.
func (m *Master) GetMetrics(ctx context.Context, timeout time.Duration) (map[string]float64, error) {
	call := &MasterCall{Type: new(MasterCallTypeGetMetrics), GetMetrics: &MasterCallGetMetrics{}}
	if timeout > 0 {
		call.GetMetrics.Timeout = &mesos.DurationInfo{Nanoseconds: timeout.Nanoseconds()}
	}
	a, err := masterAnswer(ctx, m, call, func(r *MasterResponse) *MasterResponseGetMetrics { return r.GetMetrics })
	metrics := make(map[string]float64, len(a.Metrics))
	for _, one := range a.Metrics {
		metrics[one.Name] = one.GetValue()
	}
	return metrics, err
}

// GetLoggingLevel gives how much it logs: 0 is the least.
func (m *Master) GetLoggingLevel(ctx context.Context) (uint32, error) {
	a, err := masterAnswer(ctx, m, &MasterCall{Type: new(MasterCallTypeGetLoggingLevel)}, func(r *MasterResponse) *MasterResponseGetLoggingLevel { return r.GetLoggingLevel })
	return a.Level, err
}

// SetLoggingLevel makes it log more for some time.
func (m *Master) SetLoggingLevel(ctx context.Context, level uint32, during time.Duration) error {
	return m.do(ctx, &MasterCall{Type: new(MasterCallTypeSetLoggingLevel), SetLoggingLevel: &MasterCallSetLoggingLevel{
		Level: level, Duration: mesos.DurationInfo{Nanoseconds: during.Nanoseconds()},
	}})
}

// ListFiles lists a folder by its virtual path; a file gives an empty list.
func (m *Master) ListFiles(ctx context.Context, path string) ([]mesos.FileInfo, error) {
	call := &MasterCall{Type: new(MasterCallTypeListFiles), ListFiles: &MasterCallListFiles{Path: path}}
	a, err := masterAnswer(ctx, m, call, func(r *MasterResponse) *MasterResponseListFiles { return r.ListFiles })
	return a.FileInfos, err
}

// ReadFile reads at most length bytes of a file by its virtual path, from offset on, and gives the file's size too; length 0 asks for all. The peer
// may give less than was asked for.
func (m *Master) ReadFile(ctx context.Context, path string, offset, length uint64) (data []byte, size uint64, err error) {
	call := &MasterCall{Type: new(MasterCallTypeReadFile), ReadFile: &MasterCallReadFile{Path: path, Offset: offset}}
	if length > 0 {
		call.ReadFile.Length = &length
	}
	a, err := masterAnswer(ctx, m, call, func(r *MasterResponse) *MasterResponseReadFile { return r.ReadFile })
	return a.Data, a.Size, err
}
