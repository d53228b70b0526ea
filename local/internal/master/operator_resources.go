package master

import (
	"encoding/json"
	"net/http"

	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// operatorConversion is an operator's wish to reserve resources of an agent, to make volumes of them, or the reverse, or to resize a volume.
type operatorConversion struct {
	kind      mesos.OfferOperationType
	agent     string
	resources mesos.Resources    // to resize: the volume, and what it is to grow by
	subtract  *mesos.ValueScalar // to shrink
}

func conversionOf(call *operator.MasterCall) operatorConversion {
	switch call.GetType() {
	case operator.MasterCallTypeReserveResources:
		return operatorConversion{kind: mesos.OfferOperationTypeReserve, agent: call.ReserveResources.AgentID.Value, resources: call.ReserveResources.Resources}
	case operator.MasterCallTypeUnreserveResources:
		return operatorConversion{kind: mesos.OfferOperationTypeUnreserve, agent: call.UnreserveResources.AgentID.Value, resources: call.UnreserveResources.Resources}
	case operator.MasterCallTypeCreateVolumes:
		return operatorConversion{kind: mesos.OfferOperationTypeCreate, agent: call.CreateVolumes.AgentID.Value, resources: call.CreateVolumes.Volumes}
	case operator.MasterCallTypeGrowVolume:
		c := call.GrowVolume
		return operatorConversion{kind: mesos.OfferOperationTypeGrowVolume, agent: c.AgentID.Value, resources: mesos.Resources{c.Volume, c.Addition}}
	case operator.MasterCallTypeShrinkVolume:
		c := call.ShrinkVolume
		return operatorConversion{
			kind: mesos.OfferOperationTypeShrinkVolume, agent: c.AgentID.Value, resources: mesos.Resources{c.Volume}, subtract: &c.Subtract,
		}
	default:
		return operatorConversion{kind: mesos.OfferOperationTypeDestroy, agent: call.DestroyVolumes.AgentID.Value, resources: call.DestroyVolumes.Volumes}
	}
}

// resourceEndpoints are the forms of the older API that do the same.
func (m *Master) resourceEndpoints() map[string]http.HandlerFunc {
	endpoint := func(kind mesos.OfferOperationType, member string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { m.serveResourceForm(w, r, kind, member) }
	}
	return map[string]http.HandlerFunc{
		"/reserve":         endpoint(mesos.OfferOperationTypeReserve, "resources"),
		"/unreserve":       endpoint(mesos.OfferOperationTypeUnreserve, "resources"),
		"/create-volumes":  endpoint(mesos.OfferOperationTypeCreate, "volumes"),
		"/destroy-volumes": endpoint(mesos.OfferOperationTypeDestroy, "volumes"),
	}
}

func (m *Master) serveResourceForm(w http.ResponseWriter, r *http.Request, kind mesos.OfferOperationType, member string) {
	if !m.leading(w, r) {
		return
	}
	if r.Method != http.MethodPost {
		daemon.MethodNotAllowed(w, r, http.MethodPost)
		return
	}
	values, err := readForm(r)
	if err != nil || !values.Has("slaveId") || !values.Has(member) {
		daemon.Error(w, http.StatusBadRequest, "Missing 'slaveId' or '"+member+"' in the request body")
		return
	}
	var raw []json.RawMessage
	if err := json.Unmarshal([]byte(values.Get(member)), &raw); err != nil {
		daemon.Error(w, http.StatusBadRequest, "Error in parsing '"+member+"' in the request body: "+err.Error())
		return
	}
	c := operatorConversion{kind: kind, agent: values.Get("slaveId"), resources: make(mesos.Resources, len(raw))}
	for i := range raw {
		if err := c.resources[i].UnmarshalJSON(raw[i]); err != nil {
			daemon.Error(w, http.StatusBadRequest, "Error in parsing '"+member+"' in the request body: "+err.Error())
			return
		}
	}
	m.serveConversion(w, r, c)
}

// serveConversion answers an operator's wish: 202 when it is fulfilled.
func (m *Master) serveConversion(w http.ResponseWriter, r *http.Request, c operatorConversion) {
	principal, authenticated := daemon.Principal(r.Context())
	var by *string
	if authenticated {
		by = &principal
	}
	var v verdict
	if !m.do(r.Context(), func() { v = m.convertForOperator(&c, by) }) {
		unavailable(w)
		return
	}
	if v.status != http.StatusAccepted {
		daemon.Error(w, v.status, v.text)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

func (m *Master) convertForOperator(c *operatorConversion, principal *string) verdict {
	a := m.agents[c.agent]
	if a == nil {
		return bad("No agent found with specified ID")
	}
	consumed, converted, v := m.planConversion(c, a, principal)
	if v.status != 0 {
		return v
	}
	if !a.total.Contains(consumed...) {
		return verdict{http.StatusConflict, "The agent does not have " + consumed.String()}
	}
	for _, o := range sortedOffers(a.offers) {
		if m.alloc.free(a.id).Contains(consumed...) {
			break
		}
		m.rescind(o)
	}
	if !m.alloc.free(a.id).Contains(consumed...) {
		return verdict{http.StatusConflict, "The agent does not have " + consumed.String() + " to spare"}
	}
	m.replaceResources("", a, consumed, converted)
	m.countOperation(c.kind, "finished")
	return verdict{status: http.StatusAccepted}
}

// planConversion judges an operator's wish and tells what becomes what.
func (m *Master) planConversion(c *operatorConversion, a *agent, principal *string) (consumed, converted mesos.Resources, v verdict) {
	if err := c.resources.Validate(); err != nil {
		return nil, nil, bad("Invalid resources: " + err.Error())
	}
	for i := range c.resources {
		if c.resources[i].AllocationInfo != nil {
			return nil, nil, bad("Resources must not be allocated")
		}
	}
	r := upgraded(c.resources)
	var err error
	switch c.kind {
	case mesos.OfferOperationTypeReserve:
		consumed, converted = popped(r), r
		for i := range r {
			if err == nil {
				err = validateReservation(&r[i], principal)
			}
			if !m.permitBy(aclReserve, principal, r[i].ReservedRole()) {
				return nil, nil, forbidden("")
			}
		}
	case mesos.OfferOperationTypeUnreserve:
		consumed, converted, err = r, popped(r), validateUnreserve(r)
	case mesos.OfferOperationTypeCreate:
		consumed, converted, err = withoutVolume(r), r, validateCreate(r, a.total, principal, true)
	case mesos.OfferOperationTypeGrowVolume, mesos.OfferOperationTypeShrinkVolume:
		consumed = r
		if converted, err = c.resized(r); err == nil && m.inUse(a, r) {
			err = errInUse
		}
	default:
		consumed, converted = r, withoutVolume(r)
		if err = validateDestroy(r, a.total); err == nil && m.inUse(a, r) {
			err = errInUse
		}
	}
	if err != nil {
		return nil, nil, bad("Invalid operation: " + err.Error())
	}
	return consumed, converted, verdict{}
}

// resized tells what becomes of a volume that grows or shrinks.
func (c *operatorConversion) resized(r mesos.Resources) (mesos.Resources, error) {
	op := mesos.OfferOperation{Type: &c.kind}
	if c.kind == mesos.OfferOperationTypeGrowVolume {
		op.GrowVolume = &mesos.OfferOperationGrowVolume{Volume: r[0], Addition: r[1]}
	} else {
		op.ShrinkVolume = &mesos.OfferOperationShrinkVolume{Volume: r[0], Subtract: *c.subtract}
	}
	return r.Apply(&op)
}

func (m *Master) permitBy(action string, principal *string, object string) bool {
	name := ""
	if principal != nil {
		name = *principal
	}
	return m.acls.permit(action, name, object)
}

// inUse tells whether a task or executor uses any of these.
func (m *Master) inUse(a *agent, r mesos.Resources) bool {
	used := m.usedOn(a).Unallocated()
	for i := range r {
		if used.Contains(r[i]) {
			return true
		}
	}
	return false
}
