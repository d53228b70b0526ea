//go:build !linux

package agent

// usages knows nothing here: there is no /proc.
func usages() map[int]usageOf { return nil }
