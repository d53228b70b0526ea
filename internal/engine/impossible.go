package engine

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/offer"
)

// impossible tells why a change can never come to its end, nil when nothing says so. Old is the definition that is replaced by new ones, nil
// when there is none or only the number of instances changes; instances are the app's. It is about what no offer can cure: constraints that contradict
// each other or the number of instances, and upgrades that need a fixed port where the old instances hold it.
func (s *sight) impossible(old, to *app.App, instances []*Instance, now time.Time) *app.Error {
	if to.Serve != nil && s.options.Serve == nil {
		return never("this server has no executor of its own, which serves what the app says", "/serve", "start the scheduler with one")
	}
	if err := tooMany(to); err != nil || old == nil {
		return err
	}
	return s.stuck(old, to, instances, now)
}

func never(why, path, hint string) *app.Error {
	return &app.Error{Code: app.Impossible, Message: "This can never be done: " + why, Details: []app.Detail{{Path: path, Errors: []string{why}}}, Hint: hint}
}

// unbounded is the number of values where nothing limits them.
const unbounded = math.MaxInt32

// tooMany compares the number of instances with how many the constraints allow at most, whatever agents there are.
func tooMany(a *app.App) *app.Error {
	all := constraints(a)
	for i, c := range all {
		values := valuesOf(c.Field, all)
		most, what := unbounded, ""
		switch c.Operator {
		case offer.Unique:
			most, what = values, "one instance for each"
		case offer.MaxPer:
			if n, err := strconv.Atoi(c.Value); err == nil {
				most, what = product(values, n), fmt.Sprintf("%d instances for each", n)
			}
		}
		if values == 0 {
			most, what = 0, "none"
		}
		if a.Instances > most {
			return never(
				fmt.Sprintf("%d instances are wanted, and the constraint %v allows %s: the constraints leave at most %s of %s",
					a.Instances, c, what, counted(values, "value"), c.Field),
				"/constraints("+strconv.Itoa(i)+")", fmt.Sprintf("ask for at most %s, or loosen the constraints on %s", counted(most, "instance"), c.Field))
		}
	}
	values := valuesOf("hostname", all)
	if number, ok := fixedPort(a, nil); ok && a.Instances > values {
		return never(
			fmt.Sprintf("%d instances are wanted, each with port %d of its host, and the constraints allow only %s", a.Instances, number, counted(values, "host")),
			portPath(a), "let the port be any: "+portRemedy(a).Text)
	}
	return nil
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprint(n, " ", what, "s")
}

func product(a, b int) int {
	if a != 0 && b > unbounded/a {
		return unbounded
	}
	return a * b
}

// fixedPort is a port of the agent's that the app must have; where there is another definition, one that both must have.
func fixedPort(a, other *app.App) (int, bool) {
	for _, p := range portsOf(a) {
		if p.number == 0 {
			continue
		}
		if other == nil {
			return p.number, true
		}
		for _, q := range portsOf(other) {
			if q.number == p.number {
				return p.number, true
			}
		}
	}
	return 0, false
}

func portPath(a *app.App) string {
	if onHost(a) {
		return "/requirePorts"
	}
	return "/container/portMappings"
}

// stuck tells whether the new instances need a port where the old ones hold it, none of which may end before. Hosts that were never heard of might
// still come: but nobody should wait for that without knowing.
func (s *sight) stuck(old, to *app.App, instances []*Instance, now time.Time) *app.Error {
	number, fixed := fixedPort(to, old)
	if !fixed {
		return nil
	}
	taken := map[string]bool{}
	for _, i := range instances {
		if i.Condition.placed() {
			taken[i.AgentID] = true
		}
	}
	least := int(math.Ceil(float64(to.Instances) * to.UpgradeStrategy.MinimumHealthCapacity))
	if len(taken) == 0 || len(taken) > least {
		return nil // one of them may end first
	}
	for _, id := range s.fitting(to, number, now) {
		if !taken[id] {
			return nil
		}
	}
	if len(s.log.batches)+len(s.log.folded) == 0 && valuesOf("hostname", constraints(to)) > len(taken) {
		return nil // nothing was offered yet: nobody knows what there is
	}
	enough := float64(len(taken)-1) / float64(max(to.Instances, 1))
	return never(
		fmt.Sprintf("each new instance needs port %d of its host, the old ones hold it on %s, none of them may end before a new one runs, and no other host that is known has the port free",
			number, counted(len(taken), "host")),
		"/upgradeStrategy/minimumHealthCapacity",
		fmt.Sprintf("set minimumHealthCapacity to %s, or let the port be any: %s", strconv.FormatFloat(enough, 'g', 3, 64), portRemedy(to).Text))
}

// fitting are the agents that have offered the port and that the constraints allow, whatever else is free there.
func (s *sight) fitting(a *app.App, number int, now time.Time) []string {
	t := s.options.template(definition{app: a})
	n := offer.Need{
		Roles: t.need.Roles, Tasks: []offer.Task{{Ports: []offer.Port{{Number: uint64(number)}}}}, Constraints: fixedConstraints(t.need.Constraints), From: t.need.From,
	}
	v := s.survey(now, nil)
	var offers []mesos.Offer
	for i := range v.useful {
		offers = append(offers, v.useful[i].offer)
	}
	result := offer.Examine(offers, []offer.Need{n}, offer.Options{Role: s.options.role(&app.App{}), MixGPUs: true})
	fits := map[string]bool{}
	for _, id := range result.Explain(0).Fits {
		fits[id.Value] = true
	}
	var agents []string
	for i := range offers {
		if fits[offers[i].ID.Value] {
			agents = append(agents, offers[i].AgentID.Value)
		}
	}
	return agents
}

// fixedConstraints are those that do not depend on where instances are.
func fixedConstraints(all []offer.Constraint) []offer.Constraint {
	var fixed []offer.Constraint
	for _, c := range all {
		if !counts(&offer.Need{Constraints: []offer.Constraint{c}}) {
			fixed = append(fixed, c)
		}
	}
	return fixed
}
