package master

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// errRemoved is what clients know a framework's end by.
var errRemoved = says("Framework has been removed")

// subscribe takes a framework in, or ends the stream with an ERROR and returns nil.
func (m *Master) subscribe(call *scheduler.Call, principal string, stream *wire.EventStream, streamID string) *framework {
	info := call.Subscribe.FrameworkInfo.Clone()
	if principal != "" && info.Principal == nil {
		info.Principal = &principal
	}
	id := frameworkID(info.ID)
	known := m.frameworks[id]
	if err := m.admissible(info, call.Subscribe, principal, known); err != nil {
		m.log.Info("subscription refused", "framework", id, "name", info.Name, "error", err)
		refuse(stream, err.Error())
		return nil
	}
	m.counters.add("master/messages_"+map[bool]string{true: "reregister", false: "register"}[id != ""]+"_framework", 1)
	if known == nil {
		if id == "" {
			id = m.newFrameworkID()
		}
		return m.newcomer(id, info, call.Subscribe, stream, streamID)
	}
	m.returned(known, info, call.Subscribe, stream, streamID)
	return known
}

// admissible makes Mesos' checks of a subscription, in its order.
func (m *Master) admissible(info *mesos.FrameworkInfo, s *scheduler.CallSubscribe, principal string, known *framework) error {
	if err := m.validateFrameworkInfo(info); err != nil {
		return err
	}
	if m.isCompleted(frameworkID(info.ID)) {
		return errRemoved
	}
	if err := validateSuppressed(s.SuppressedRoles, rolesOf(info)); err != nil {
		return err
	}
	if _, err := compileConstraints(s.OfferConstraints, rolesOf(info)); err != nil {
		return err
	}
	if err := m.mayUseRoles(info, principal); err != nil {
		return err
	}
	if known != nil && known.info.GetPrincipal() != info.GetPrincipal() {
		return says("Changing framework's principal is not allowed")
	}
	return nil
}

// mayUseRoles asks the ACLs whether a principal may have a framework in these roles.
func (m *Master) mayUseRoles(info *mesos.FrameworkInfo, principal string) error {
	for _, role := range rolesOf(info) {
		if !m.acls.permit(aclRegisterFrameworks, principal, role) {
			return says("Not authorized to use roles '%s'", role)
		}
	}
	return nil
}

// newcomer takes in a framework that this master does not know.
func (m *Master) newcomer(id string, info *mesos.FrameworkInfo, s *scheduler.CallSubscribe, stream *wire.EventStream, streamID string) *framework {
	f := newFramework(id, info)
	f.reregistered = f.registered
	f.prefer(s.SuppressedRoles, s.OfferConstraints)
	m.log.Info("framework subscribed", "framework", id, "name", info.Name)
	f.called[scheduler.CallTypeSubscribe]++
	m.connect(f, stream, streamID)
	m.addFramework(f)
	m.rounds.wantAll()
	m.operatorFramework(f, true)
	return f
}

// returned takes back a framework: over a new connection, after a failover of its own or of the master.
func (m *Master) returned(f *framework, info *mesos.FrameworkInfo, s *scheduler.CallSubscribe, stream *wire.EventStream, streamID string) {
	m.log.Info("framework subscribed again", "framework", f.id, "name", info.Name, "recovered", f.recovered)
	m.discardOffers(f)
	info.User, info.Checkpoint = f.info.User, f.info.Checkpoint
	f.setInfo(info)
	f.reregistered = time.Now()
	f.prefer(s.SuppressedRoles, s.OfferConstraints)
	f.called[scheduler.CallTypeSubscribe]++
	m.connect(f, stream, streamID)
	m.alloc.clearFilters(f.id, nil)
	m.alloc.setFramework(f.id, f.wants())
	m.rounds.wantAll()
	m.tellAgents(f)
	m.tellOperations(f)
	m.operatorFramework(f, false)
}

// prefer replaces what the framework wants to be offered.
func (f *framework) prefer(suppressed []string, c *mesos.OfferConstraints) {
	clear(f.suppressed)
	for _, role := range suppressed {
		f.suppressed[role] = true
	}
	f.constraints = nil
	if c != nil {
		f.constraints = c.Clone()
	}
}

// tellAgents makes FrameworkInfo known to the agents, which then send pending updates again.
func (m *Master) tellAgents(f *framework) {
	for _, a := range m.sortedAgents() {
		a.send(link.UpdateFramework{Framework: *f.info.Clone()})
	}
}

// updateFramework answers UPDATE_FRAMEWORK. New roles are authorized as those of a subscription are.
func (m *Master) updateFramework(f *framework, call *scheduler.CallUpdateFramework) verdict {
	info := call.FrameworkInfo.Clone()
	principal := ""
	if m.credentials != nil {
		principal = f.info.GetPrincipal()
		if info.Principal == nil {
			info.Principal = f.info.Principal
		}
	}
	if err := m.updatable(f, info, call); err != nil {
		return bad("Supplied FrameworkInfo is not valid: " + err.Error())
	}
	if err := m.mayUseRoles(info, principal); err != nil {
		return forbidden(err.Error())
	}
	changed := !sameMessage(&f.info, info)
	f.setInfo(info)
	f.prefer(call.SuppressedRoles, call.OfferConstraints)
	m.alloc.setFramework(f.id, f.wants())
	for _, o := range sortedOffers(f.offers) {
		if !f.hasRole(o.role) {
			m.rescind(o)
		}
	}
	if changed {
		m.tellAgents(f)
		m.operatorFramework(f, false)
	}
	return verdict{status: 200}
}

func (m *Master) updatable(f *framework, info *mesos.FrameworkInfo, call *scheduler.CallUpdateFramework) error {
	if err := m.validateFrameworkInfo(info); err != nil {
		return err
	}
	if err := validateSuppressed(call.SuppressedRoles, rolesOf(info)); err != nil {
		return err
	}
	if _, err := compileConstraints(call.OfferConstraints, rolesOf(info)); err != nil {
		return err
	}
	switch {
	case info.GetPrincipal() != f.info.GetPrincipal():
		return errors.New("changing framework's principal is not allowed")
	case info.User != f.info.User:
		return errors.New("updating 'FrameworkInfo.user' is unsupported")
	case info.GetCheckpoint() != f.info.GetCheckpoint():
		return errors.New("updating 'FrameworkInfo.checkpoint' is unsupported")
	}
	return nil
}

// validateFrameworkInfo checks a FrameworkInfo, in Mesos' order.
func (m *Master) validateFrameworkInfo(info *mesos.FrameworkInfo) error {
	if err := validateFrameworkRoles(info); err != nil {
		return err
	}
	if id := frameworkID(info.ID); id != "" {
		if err := mesos.ValidID(id); err != nil {
			return says("Framework ID '%s' is invalid: %w", id, err)
		}
	}
	if err := validateOfferFilters(info); err != nil {
		return err
	}
	if t := info.GetFailoverTimeout(); math.IsNaN(t) || math.Abs(t) > math.MaxInt64/1e9 {
		return says("The framework failover_timeout is invalid: it does not fit into nanoseconds")
	}
	for _, role := range rolesOf(info) {
		if len(m.flags.Roles) > 0 && role != "*" && !slices.Contains(m.flags.Roles, role) {
			return says("Roles '%s' are not present in the master's --roles", role)
		}
	}
	if info.User == "root" && m.flags.NoRootSubmissions {
		return says("User 'root' is not allowed to run frameworks without --root_submissions set")
	}
	return nil
}

func validateFrameworkRoles(info *mesos.FrameworkInfo) error {
	multi := capabilitiesOf(info).multiRole
	switch {
	case multi && info.Role != nil:
		return errors.New("'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable")
	case !multi && len(info.Roles) > 0:
		return errors.New("'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable")
	}
	seen := map[string]bool{}
	for _, role := range rolesOf(info) {
		if seen[role] {
			return fmt.Errorf("duplicate roles %q", role)
		}
		seen[role] = true
		if err := mesos.ValidRole(role); err != nil {
			return err
		}
	}
	return nil
}

func validateSuppressed(suppressed, roles []string) error {
	for _, role := range suppressed {
		if !slices.Contains(roles, role) {
			return says("Suppressed role '%s' is not contained in the set of roles", role)
		}
	}
	return nil
}
