package framework

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ormosproject/ormos/internal/engine"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// updateTimeout is how long a master may take to answer UPDATE_FRAMEWORK. One that takes longer is told again with the next subscription.
const updateTimeout = 5 * time.Second

// A standing is what the framework is to be to the master: for which roles, and what it wants to be offered.
type standing struct {
	// base is the role of apps that have none, without which there is no framework; wanted are all roles.
	base   string
	wanted []string
	// barred are those that the master does not let it have, and why.
	barred map[string]string
	// constraints are what agents are to be offered by.
	constraints *mesos.OfferConstraints
	// behind tells that the master has not been told of all this.
	behind bool
	// suppressed are the roles that want no offers, as of the calls that were made.
	suppressed map[string]bool
}

// begin makes a session for some roles.
func (l *link) begin(roles []string) {
	o := l.opts
	o.Framework = l.describe(roles)
	l.session.Store(scheduler.New(o))
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.role.suppressed)
	l.role.behind = l.role.constraints != nil || !slices.Equal(roles, l.role.wanted)
}

// retreat makes a session for nothing but the base role, unless that was it already.
func (l *link) retreat() bool {
	if roles, _ := l.session.Load().Roles(); len(roles) < 2 {
		return false
	}
	l.begin([]string{l.role.base})
	return true
}

func (l *link) wanted() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.role.wanted
}

func (l *link) describe(roles []string) mesos.FrameworkInfo {
	info := l.opts.Framework.Clone()
	info.Roles = roles
	return *info
}

// subscribed is what the engine hears of a subscription. What the master had refused before may be right for this one.
func (l *link) subscribed(ctx context.Context, e *scheduler.EventSubscribed) []engine.Input {
	_, suppressed := l.session.Load().Roles()
	l.mu.Lock()
	l.role.behind = l.role.behind || len(l.role.barred) > 0
	l.mu.Unlock()
	return append(l.catchUp(ctx), engine.Subscribed{
		FrameworkID: e.FrameworkID, Master: masterAddress(e.MasterInfo), Suppressed: suppressed, Heeds: heeds(e.MasterInfo), Region: masterRegion(e.MasterInfo),
	})
}

// heeds tells whether a master offers by constraints: since Mesos 1.11.
func heeds(m *mesos.MasterInfo) bool {
	if m == nil {
		return false
	}
	major, rest, _ := strings.Cut(m.GetVersion(), ".")
	minor, _, _ := strings.Cut(rest, ".")
	x, err := strconv.Atoi(major)
	y, err2 := strconv.Atoi(strings.TrimRightFunc(minor, func(r rune) bool { return r < '0' || r > '9' }))
	return err == nil && err2 == nil && (x > 1 || x == 1 && y >= 11)
}

// update has the framework be something else to the master, now or as soon as it is subscribed again. What is nil stays.
func (l *link) update(ctx context.Context, roles []string, constraints *mesos.OfferConstraints) {
	l.mu.Lock()
	if l.role.behind = true; roles != nil {
		l.role.wanted = roles
	}
	if constraints != nil {
		l.role.constraints = constraints
	}
	l.mu.Unlock()
	l.loop.late.add(l.catchUp(ctx)...)
}

// catchUp tells the master of everything that it has not heard of, and the engine which roles are barred from now on.
func (l *link) catchUp(ctx context.Context) []engine.Input {
	l.mu.Lock()
	behind, wanted := l.role.behind, l.role.wanted
	l.mu.Unlock()
	if !behind {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, updateTimeout) // the loop waits
	defer cancel()
	barred := map[string]string{}
	err := l.tell(ctx, wanted, true)
	if err != nil && refusal(err) != "" {
		barred, err = l.sift(ctx, wanted)
	}
	if err != nil {
		l.answered(err)
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.role.behind = !slices.Equal(l.role.wanted, wanted)
	if maps.Equal(l.role.barred, barred) {
		return nil
	}
	l.role.barred = barred
	return []engine.Input{engine.Barred{Roles: barred}}
}

// sift finds out which roles the master does not let the framework have: those that it has stay, and each other one is tried by itself. It may also
// be the constraints that the master minds: they are left out then, and cost nothing but offers that are of no use.
func (l *link) sift(ctx context.Context, wanted []string) (map[string]string, error) {
	barred := map[string]string{}
	err := l.tell(ctx, wanted, false)
	if err == nil || refusal(err) == "" {
		return barred, err
	}
	has, _ := l.session.Load().Roles()
	has = slices.DeleteFunc(has, func(role string) bool { return !slices.Contains(wanted, role) })
	if err := l.tell(ctx, has, true); err != nil {
		return nil, err
	}
	for _, role := range wanted {
		if slices.Contains(has, role) {
			continue
		}
		more := slices.Sorted(slices.Values(append(slices.Clone(has), role)))
		err := l.tell(ctx, more, true)
		switch reason := refusal(err); {
		case err == nil:
			has = more
		case reason != "":
			l.log.Error("the master does not let the framework have a role", "role", role, "error", err)
			barred[role] = reason
		default:
			return nil, err
		}
	}
	return barred, nil
}

// tell is UPDATE_FRAMEWORK.
func (l *link) tell(ctx context.Context, roles []string, constrained bool) error {
	without := func(role string) bool { return !slices.Contains(roles, role) }
	l.mu.Lock()
	update := scheduler.CallUpdateFramework{
		FrameworkInfo: l.describe(roles), SuppressedRoles: slices.DeleteFunc(slices.Sorted(maps.Keys(l.role.suppressed)), without),
	}
	if c := l.role.constraints; c != nil && constrained {
		of := maps.Clone(c.RoleConstraints)
		maps.DeleteFunc(of, func(role string, _ mesos.OfferConstraintsRoleConstraints) bool { return without(role) })
		update.OfferConstraints = &mesos.OfferConstraints{RoleConstraints: of}
	}
	l.mu.Unlock()
	return l.session.Load().UpdateFramework(ctx, update)
}

// note remembers which roles want no offers.
func (l *link) note(c *scheduler.Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case c.Suppress != nil:
		for _, role := range c.Suppress.Roles {
			l.role.suppressed[role] = true
		}
	case c.Revive != nil:
		for _, role := range c.Revive.Roles {
			delete(l.role.suppressed, role)
		}
	}
}
