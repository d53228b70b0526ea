package master

import (
	"net/http"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/operator"
	"github.com/ormosproject/ormos/scheduler"
)

// verdict is a refusal of a request; the zero value is none.
type verdict struct {
	status int
	text   string
}

func bad(text string) verdict       { return verdict{http.StatusBadRequest, text} }
func forbidden(text string) verdict { return verdict{http.StatusForbidden, text} }

// schedulerAPI is /api/v1/scheduler. Checks come in the order in which Mesos makes them.
func (m *Master) schedulerAPI(w http.ResponseWriter, r *http.Request) {
	if !m.ready(w, r) {
		return
	}
	call := &scheduler.Call{}
	media, ok := wire.ReadCall(w, r, 0, call)
	if !ok {
		return
	}
	principal, _ := daemon.Principal(r.Context())
	if v := validateCall(call, principal); v.status != 0 {
		m.countInvalid(call)
		daemon.Error(w, v.status, v.text)
		return
	}
	accept := media
	if call.GetType() == scheduler.CallTypeSubscribe || call.GetType() == scheduler.CallTypeReconcileOperations {
		if accept, ok = wire.Accepted(r, wire.JSON, wire.Protobuf); !ok {
			daemon.Error(w, http.StatusNotAcceptable, "Expecting 'Accept' to allow 'application/json' or 'application/x-protobuf'")
			return
		}
	}
	streamID := r.Header.Get(wire.StreamID)
	if call.GetType() == scheduler.CallTypeSubscribe {
		m.serveSubscription(w, r, call, principal, accept, streamID)
		return
	}
	m.answerCall(w, r, call, principal, streamID)
}

// serveSubscription answers SUBSCRIBE with a stream for as long as it lasts.
func (m *Master) serveSubscription(w http.ResponseWriter, r *http.Request, call *scheduler.Call, principal string, media wire.MediaType, old string) {
	if old != "" {
		daemon.Error(w, http.StatusBadRequest, "Subscribe calls should not include the 'Mesos-Stream-Id' header")
		return
	}
	stream, id := wire.NewEventStream(media), newUUID()
	var f *framework
	if !m.mail.post(func() { f = m.subscribe(call, principal, stream, id) }) {
		unavailable(w)
		return
	}
	w.Header().Set(wire.StreamID, id)
	_ = stream.Serve(w, r) // why it ended does not matter: the framework is disconnected
	m.mail.post(func() {
		if f != nil {
			m.disconnected(f, stream)
		}
	})
}

// answerCall answers every other call.
func (m *Master) answerCall(w http.ResponseWriter, r *http.Request, call *scheduler.Call, principal, streamID string) {
	var v verdict
	if !m.do(r.Context(), func() {
		if v = m.identifyCaller(call, principal, streamID); v.status == 0 {
			v = m.perform(m.frameworks[call.FrameworkID.Value], call)
		}
	}) {
		unavailable(w)
		return
	}
	switch {
	case v.status == http.StatusOK:
		w.WriteHeader(http.StatusOK)
	case v.status != 0:
		daemon.Error(w, v.status, v.text)
	default:
		w.WriteHeader(http.StatusAccepted)
	}
}

// identifyCaller checks that the call comes from a framework that is connected here, over its current stream.
func (m *Master) identifyCaller(call *scheduler.Call, principal, streamID string) verdict {
	f := m.frameworks[call.FrameworkID.Value]
	switch {
	case f == nil:
		return bad("Framework cannot be found")
	case m.credentials != nil && principal != f.info.GetPrincipal():
		return bad("Authenticated principal '" + principal + "' does not match principal '" + f.info.GetPrincipal() + "' set in 'FrameworkInfo'")
	case !f.connected():
		return forbidden("Framework is not subscribed")
	case streamID == "":
		return bad("All non-subscribe calls should include the 'Mesos-Stream-Id' header")
	case streamID != f.streamID:
		return bad("The stream ID '" + streamID + "' included in this request didn't match the stream ID currently associated with framework ID '" + f.id + "'")
	}
	return verdict{}
}

// perform does what a call asks for. Most calls cannot fail from here on: what is wrong with them is told by events.
func (m *Master) perform(f *framework, call *scheduler.Call) verdict {
	f.called[call.GetType()]++
	switch call.GetType() {
	case scheduler.CallTypeTeardown:
		m.counters.add("master/messages_unregister_framework", 1)
		m.removeFramework(f)
	case scheduler.CallTypeAccept:
		m.accept(f, call.Accept)
	case scheduler.CallTypeDecline:
		m.counters.add("master/messages_decline_offers", 1)
		m.decline(call.Decline.OfferIDs, call.Decline.Filters)
	case scheduler.CallTypeRevive:
		m.revive(f, call.Revive)
	case scheduler.CallTypeSuppress:
		m.suppress(f, call.Suppress)
	case scheduler.CallTypeKill:
		m.kill(f, call.Kill)
	case scheduler.CallTypeShutdown:
		m.shutdownExecutor(f, call.Shutdown)
	case scheduler.CallTypeAcknowledge:
		m.acknowledge(f, call.Acknowledge)
	case scheduler.CallTypeReconcile:
		m.reconcile(f, call.Reconcile)
	case scheduler.CallTypeMessage:
		m.message(f, call.Message)
	case scheduler.CallTypeRequest:
		m.counters.add("master/messages_resource_request", 1)
	case scheduler.CallTypeUpdateFramework:
		return m.updateFramework(f, call.UpdateFramework)
	case scheduler.CallTypeReconcileOperations:
		m.reconcileOperations(f, call.ReconcileOperations)
	case scheduler.CallTypeAcceptInverseOffers:
		m.answerInverse(f, call.AcceptInverseOffers.InverseOfferIDs, operator.InverseOfferStatusStatusAccept, call.AcceptInverseOffers.Filters)
	case scheduler.CallTypeDeclineInverseOffers:
		m.answerInverse(f, call.DeclineInverseOffers.InverseOfferIDs, operator.InverseOfferStatusStatusDecline, call.DeclineInverseOffers.Filters)
	case scheduler.CallTypeAcknowledgeOperationStatus:
		m.acknowledgeOperation(f, call.AcknowledgeOperationStatus)
	default:
		return verdict{http.StatusNotImplemented, "The call is of an unknown type"}
	}
	return verdict{}
}

// revive ends suppression and filters and makes offers at once.
func (m *Master) revive(f *framework, call *scheduler.CallRevive) {
	m.counters.add("master/messages_revive_offers", 1)
	var roles []string
	if call != nil {
		roles = call.Roles
	}
	if roles = f.ownRoles(roles); roles == nil {
		return
	}
	for _, role := range roles {
		delete(f.suppressed, role)
	}
	m.alloc.clearFilters(f.id, roles)
	for _, a := range m.agents {
		if a.planned != nil {
			delete(a.planned.refused, f.id)
		}
	}
	m.alloc.setFramework(f.id, f.wants())
	m.rounds.wantAll()
}

// suppress ends offers to some roles.
func (m *Master) suppress(f *framework, call *scheduler.CallSuppress) {
	m.counters.add("master/messages_suppress_offers", 1)
	var roles []string
	if call != nil {
		roles = call.Roles
	}
	for _, role := range f.ownRoles(roles) {
		f.suppressed[role] = true
	}
	m.alloc.setFramework(f.id, f.wants())
}

// ownRoles are the roles that REVIVE or SUPPRESS is about: those named, or all; nil when any is not the framework's.
func (f *framework) ownRoles(named []string) []string {
	if len(named) == 0 {
		return f.roles()
	}
	for _, role := range named {
		if !f.hasRole(role) {
			return nil
		}
	}
	return named
}
