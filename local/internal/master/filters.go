package master

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// filterKey is for whom and of whom a filter holds resources back.
type filterKey struct{ role, agent string }

// filter holds back every offer that is a subset of what was refused; more than that is offered.
type filter struct {
	refused mesos.Resources // without allocation
	until   time.Time
}

const (
	defaultRefusal = 5 * time.Second
	maxRefusal     = 365 * 24 * time.Hour
)

// refusal reads a Filters message: for how long refused resources are held back, 0 for not at all.
func refusal(f *mesos.Filters) time.Duration {
	if f == nil || f.RefuseSeconds == nil {
		return defaultRefusal
	}
	switch s := *f.RefuseSeconds; {
	case math.IsNaN(s) || s < 0:
		return defaultRefusal
	case s >= maxRefusal.Seconds():
		return maxRefusal
	default:
		return time.Duration(s * float64(time.Second))
	}
}

// refuse releases resources and holds them back from the same framework and role until then (zero: not at all).
func (a *allocator) refuse(framework, role, agent string, resources mesos.Resources, until time.Time) {
	a.release(framework, agent, resources)
	f := a.frameworks[framework]
	if f == nil || until.IsZero() || a.agents[agent] == nil || len(resources) == 0 {
		return
	}
	key := filterKey{role, agent}
	f.filters[key] = append(f.filters[key], filter{refused: resources.Unallocated(), until: until})
}

// refused tells whether a filter holds the resources back.
func (f *allocFramework) refused(role, agent string, offered mesos.Resources) bool {
	return slices.ContainsFunc(f.filters[filterKey{role, agent}], func(one filter) bool { return one.refused.Contains(offered...) })
}

// clearFilters forgets what a framework has refused as some roles (nil: as any).
func (a *allocator) clearFilters(framework string, roles []string) {
	f := a.frameworks[framework]
	if f == nil {
		return
	}
	maps.DeleteFunc(f.filters, func(key filterKey, _ []filter) bool { return roles == nil || slices.Contains(roles, key.role) })
	a.changed = true
}

// expire forgets filters whose time has come.
func (a *allocator) expire(now time.Time) {
	for _, f := range a.frameworks {
		for key, filters := range f.filters {
			filters = slices.DeleteFunc(filters, func(one filter) bool { return !one.until.After(now) })
			if len(filters) == 0 {
				delete(f.filters, key)
			} else {
				f.filters[key] = filters
			}
		}
	}
}

// nextExpiry is when the next filter ends, the zero time if there is none.
func (a *allocator) nextExpiry() time.Time {
	var next time.Time
	for _, f := range a.frameworks {
		for _, filters := range f.filters {
			for _, one := range filters {
				if next.IsZero() || one.until.Before(next) {
					next = one.until
				}
			}
		}
	}
	return next
}

// activeFilters counts filters by role.
func (a *allocator) activeFilters() map[string]int {
	counts := map[string]int{}
	for _, f := range a.frameworks {
		for key, filters := range f.filters {
			counts[key.role] += len(filters)
		}
	}
	return counts
}
