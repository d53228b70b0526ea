package master

import (
	"errors"
	"fmt"
	"math"

	"github.com/ormosproject/ormos/mesos"
)

// leastOffer is the smallest offer by default: 0.01 cpus or 32 MB.
func leastOffer() []quantities {
	return []quantities{{mesos.CPUsName: 10}, {mesos.MemName: 32000}}
}

// wants is what the allocator has to know of the framework. Its constraints were checked when they were set.
func (f *framework) wants() wants {
	compiled, _ := compileConstraints(f.constraints, f.roles())
	w := wants{caps: f.caps, roles: map[string]roleWants{}}
	for _, role := range f.roles() {
		w.roles[role] = roleWants{suppressed: f.suppressed[role], minimum: leastOffer(), constraints: compiled[role]}
	}
	for role, filters := range f.info.OfferFilters {
		one, subscribed := w.roles[role]
		if subscribed && filters.MinAllocatableResources != nil {
			one.minimum = nil
			for _, q := range filters.MinAllocatableResources.Quantities {
				one.minimum = append(one.minimum, leastQuantities(q))
			}
			w.roles[role] = one
		}
	}
	return w
}

func leastQuantities(q mesos.OfferFiltersResourceQuantities) quantities {
	least := quantities{}
	for name, amount := range q.Quantities {
		least[name] = thousandths(amount.Value)
	}
	return least
}

// validateOfferFilters checks FrameworkInfo.offer_filters.
func validateOfferFilters(info *mesos.FrameworkInfo) error {
	for role, filters := range info.OfferFilters {
		if filters.MinAllocatableResources == nil {
			continue
		}
		for _, q := range filters.MinAllocatableResources.Quantities {
			if err := validateQuantities(q); err != nil {
				return fmt.Errorf("invalid 'FrameworkInfo.offer_filters' of role %q: %w", role, err)
			}
		}
	}
	return nil
}

func validateQuantities(q mesos.OfferFiltersResourceQuantities) error {
	if len(q.Quantities) == 0 {
		return errors.New("resource quantities must contain at least one resource")
	}
	for name, amount := range q.Quantities {
		v := amount.Value
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 || v > 0 && v < 0x1p-1022 {
			return fmt.Errorf("quantity %v of %q is not allowed", v, name)
		}
	}
	return nil
}
