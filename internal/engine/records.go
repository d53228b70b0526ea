package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/mesos"
)

// The records: one small one for each noun, in JSON.
//
//	meta                    the format's version
//	app/<id>                what is wanted of an app, what its instances are brought to, its failures
//	version/<id>/<version>  a definition; always there before something names it
//	instance/<id>           an instance with its task
//	group/<id>              a group, without what is in it
//	deployment/<id>         a deployment under way
//	change/<version>        what the tree was before a change, as far as it was changed
//
// All ids of apps and groups begin with a slash.
const (
	metaKey          = "meta"
	appPrefix        = "app/"
	versionPrefix    = "version/"
	instancePrefix   = "instance/"
	groupPrefix      = "group/"
	deploymentPrefix = "deployment/"
	changePrefix     = "change/"
)

type meta struct {
	Format int `json:"format"`
}

func appKey(id app.ID) string { return appPrefix + string(id) }
func versionKey(id app.ID, version app.Timestamp) string {
	return versionPrefix + string(id) + "/" + version.String()
}
func instanceKey(id string) string           { return instancePrefix + id }
func groupKey(id app.ID) string              { return groupPrefix + string(id) }
func deploymentKey(id string) string         { return deploymentPrefix + id }
func changeKey(version app.Timestamp) string { return changePrefix + version.String() }

// flush turns what has changed into records, and makes the rest of a Step's effects.
func (e *Engine) flush() {
	if len(e.unsaved) > 0 {
		e.out.Records = make(map[string][]byte, len(e.unsaved))
		for key, noun := range e.unsaved {
			e.out.Records[key] = encode(noun)
		}
		clear(e.unsaved)
	}
	if roles := e.Roles(); !slices.Equal(roles, e.subscribedTo) {
		e.subscribedTo, e.out.Roles = roles, roles
		e.market.SetRoles(e.now, e.open(), e.market.Suppressed())
	}
	if a := &e.market.asking; a.changed {
		a.changed, e.out.Constraints = false, &mesos.OfferConstraints{RoleConstraints: a.told}
	}
	e.out.WakeAt = e.wakeAt()
}

// encode gives the record of a noun; nil for none.
func encode(noun any) []byte {
	switch n := noun.(type) {
	case nil:
		return nil
	case *crew:
		if !n.recorded {
			return nil
		}
		noun = n.record()
	case *Instance:
		noun = n.record()
	case *deployment:
		noun = n
	case *change:
		noun = n.record()
	}
	b, err := json.Marshal(noun)
	if err != nil {
		panic(fmt.Sprintf("engine: %T has no JSON: %v", noun, err)) // nouns hold nothing that JSON cannot say
	}
	return b
}

// crewRecord is an app's record.
type crewRecord struct {
	Wanted     app.Timestamp    `json:"wanted,omitzero"`
	Goal       app.Timestamp    `json:"goal,omitzero"`
	Count      int              `json:"count,omitempty"`
	Lenient    bool             `json:"lenient,omitempty"`
	Deployment string           `json:"deployment,omitempty"`
	Failures   failures         `json:"failures,omitzero"`
	Failure    *app.TaskFailure `json:"lastTaskFailure,omitempty"`
}

func (s *crew) record() crewRecord {
	r := crewRecord{
		Wanted: s.wanted.at(), Goal: s.goal.at(), Count: s.count, Lenient: s.lenient, Failures: s.failures, Failure: s.failure,
	}
	if s.deployment != nil {
		r.Deployment = s.deployment.ID
	}
	return r
}

// at is the version's name, zero of none.
func (v *version) at() app.Timestamp {
	if v == nil {
		return app.Timestamp{}
	}
	return v.App.Version
}

// taskState has a state by its name.
type taskState mesos.TaskState

// MarshalText gives the name: TASK_RUNNING.
func (s taskState) MarshalText() ([]byte, error) { return []byte(mesos.TaskState(s).String()), nil }

// UnmarshalText reads it.
func (s *taskState) UnmarshalText(b []byte) error {
	n, ok := mesos.TaskState(0).Names().Find(string(b))
	if !ok {
		return fmt.Errorf("there is no state %q", b)
	}
	*s = taskState(n)
	return nil
}

// instanceRecord is an instance's record.
type instanceRecord struct {
	App         app.ID                 `json:"app"`
	Version     app.Timestamp          `json:"version"`
	Condition   Condition              `json:"condition"`
	TaskID      string                 `json:"task,omitempty"`
	Incarnation int                    `json:"incarnation,omitempty"`
	State       taskState              `json:"state"`
	Heard       bool                   `json:"heard,omitempty"`
	Role        string                 `json:"role,omitempty"`
	Host        string                 `json:"host,omitempty"`
	AgentID     string                 `json:"agent,omitempty"`
	Region      string                 `json:"region,omitempty"`
	Zone        string                 `json:"zone,omitempty"`
	Attributes  mesos.Attributes       `json:"attributes,omitempty"`
	Ports       []int                  `json:"ports,omitempty"`
	IPAddresses []app.IPAddress        `json:"ipAddresses,omitempty"`
	ContainerID string                 `json:"container,omitempty"`
	Since       app.Timestamp          `json:"since"`
	StagedAt    app.Timestamp          `json:"stagedAt,omitzero"`
	StartedAt   app.Timestamp          `json:"startedAt,omitzero"`
	Unreachable app.Timestamp          `json:"unreachable,omitzero"`
	Health      []app.Health           `json:"health,omitempty"`
	Ready       bool                   `json:"ready,omitempty"`
	Readiness   []app.ReadinessResult  `json:"readiness,omitempty"`
	Check       *mesos.CheckStatusInfo `json:"check,omitempty"`
	Leaving     bool                   `json:"leaving,omitempty"`
	Killing     killing                `json:"killing,omitzero"`
}

func (i *Instance) record() instanceRecord {
	return instanceRecord{
		App: i.App, Version: i.Version, Condition: i.Condition, TaskID: i.TaskID, Incarnation: i.incarnation, State: taskState(i.State), Heard: i.heard, Role: i.Role,
		Host: i.Host, AgentID: i.AgentID, Region: i.Region, Zone: i.Zone, Attributes: i.Attributes, Ports: i.Ports, IPAddresses: i.IPAddresses,
		ContainerID: i.ContainerID, Since: i.Since, StagedAt: i.StagedAt, StartedAt: i.StartedAt, Unreachable: i.unreachable, Health: i.Health,
		Ready: i.Ready, Readiness: i.Readiness, Check: i.Check, Leaving: i.leaving, Killing: i.killing,
	}
}

func (r *instanceRecord) instance(id string) *Instance {
	i := &Instance{
		ID: id, App: r.App, Version: r.Version, Condition: r.Condition, TaskID: r.TaskID, incarnation: r.Incarnation, State: mesos.TaskState(r.State), heard: r.Heard,
		Role: r.Role, Host: r.Host, AgentID: r.AgentID, Region: r.Region, Zone: r.Zone, Attributes: r.Attributes, Ports: r.Ports,
		IPAddresses: r.IPAddresses, ContainerID: r.ContainerID, Since: r.Since, StagedAt: r.StagedAt, StartedAt: r.StartedAt,
		unreachable: r.Unreachable, Health: r.Health, Ready: r.Ready, Readiness: r.Readiness, Check: r.Check, leaving: r.Leaving, killing: r.Killing,
	}
	i.Healthy = i.wellness()
	return i
}

// Owns tells whether a record is the engine's, by its key. Others in the same store are somebody else's.
func Owns(key string) bool {
	kind, _, _ := strings.Cut(key, "/")
	switch kind {
	case "meta", "app", "version", "instance", "group", "deployment", "change":
		return true
	}
	return false
}
