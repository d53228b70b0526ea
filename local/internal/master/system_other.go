//go:build !linux

package master

import "github.com/ormosproject/ormos/local/internal/daemon"

// readSystem adds the gauges of the machine, which only Linux gives without cgo.
func readSystem(daemon.Metrics) {}
