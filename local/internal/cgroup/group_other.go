//go:build !linux

package cgroup

import (
	"errors"
	"syscall"

	"github.com/ormosproject/ormos/mesos"
)

// Groups are never open here: control groups are Linux'.
type Groups struct{}

// Group is nil here.
type Group struct{}

// Open fails.
func Open(Options) (*Groups, error) {
	return nil, errors.New("cannot use control groups: this is not Linux")
}

// Group gives nil.
func (g *Groups) Group(string) *Group { return nil }

// Recover gives nil.
func (g *Groups) Recover(string) *Group { return nil }

// Limit does nothing.
func (g *Group) Limit(Limits) error { return nil }

// Start calls start.
func (g *Group) Start(_ *syscall.SysProcAttr, start func() error) error { return start() }

// AwaitExcess returns at once.
func (g *Group) AwaitExcess() (Excess, bool) { return Excess{}, false }

// Excess tells of none.
func (g *Group) Excess() (Excess, bool) { return Excess{}, false }

// Measure adds nothing.
func (g *Group) Measure(*mesos.ResourceStatistics) {}

// Close does nothing.
func (g *Group) Close() {}

// Remove does nothing.
func (g *Group) Remove() error { return nil }
