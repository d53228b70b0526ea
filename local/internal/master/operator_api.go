package master

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// operatorAPI is /api/v1.
func (m *Master) operatorAPI(w http.ResponseWriter, r *http.Request) {
	if !m.ready(w, r) {
		return
	}
	call := &operator.MasterCall{}
	if _, ok := wire.ReadCall(w, r, 0, call); !ok {
		return
	}
	if v := validateOperatorCall(call); v.status != 0 {
		daemon.Error(w, v.status, v.text)
		return
	}
	media, ok := wire.Accepted(r, wire.JSON, wire.Protobuf)
	if !ok {
		daemon.Error(w, http.StatusNotAcceptable, "Expecting 'Accept' to allow 'application/json' or 'application/x-protobuf'")
		return
	}
	if call.GetType() == operator.MasterCallTypeSubscribe {
		m.serveEvents(w, r, media)
		return
	}
	m.answerOperator(w, r, call, media)
}

// validateOperatorCall checks that a call has a type and the member which that needs.
func validateOperatorCall(call *operator.MasterCall) verdict {
	if call.Type == nil {
		return bad("Failed to validate master::Call: Expecting 'type' to be present")
	}
	needs := map[operator.MasterCallType]bool{
		operator.MasterCallTypeGetMetrics:                call.GetMetrics != nil,
		operator.MasterCallTypeSetLoggingLevel:           call.SetLoggingLevel != nil,
		operator.MasterCallTypeListFiles:                 call.ListFiles != nil,
		operator.MasterCallTypeReadFile:                  call.ReadFile != nil,
		operator.MasterCallTypeUpdateWeights:             call.UpdateWeights != nil,
		operator.MasterCallTypeReserveResources:          call.ReserveResources != nil,
		operator.MasterCallTypeUnreserveResources:        call.UnreserveResources != nil,
		operator.MasterCallTypeCreateVolumes:             call.CreateVolumes != nil,
		operator.MasterCallTypeDestroyVolumes:            call.DestroyVolumes != nil,
		operator.MasterCallTypeGrowVolume:                call.GrowVolume != nil,
		operator.MasterCallTypeShrinkVolume:              call.ShrinkVolume != nil,
		operator.MasterCallTypeUpdateMaintenanceSchedule: call.UpdateMaintenanceSchedule != nil,
		operator.MasterCallTypeStartMaintenance:          call.StartMaintenance != nil,
		operator.MasterCallTypeStopMaintenance:           call.StopMaintenance != nil,
		operator.MasterCallTypeSetQuota:                  call.SetQuota != nil,
		operator.MasterCallTypeRemoveQuota:               call.RemoveQuota != nil,
		operator.MasterCallTypeUpdateQuota:               call.UpdateQuota != nil,
		operator.MasterCallTypeTeardown:                  call.Teardown != nil,
		operator.MasterCallTypeMarkAgentGone:             call.MarkAgentGone != nil,
		operator.MasterCallTypeDrainAgent:                call.DrainAgent != nil,
		operator.MasterCallTypeDeactivateAgent:           call.DeactivateAgent != nil,
		operator.MasterCallTypeReactivateAgent:           call.ReactivateAgent != nil,
	}
	if present, needed := needs[call.GetType()]; needed && !present {
		return bad("Failed to validate master::Call: Expecting '" + lower(call.GetType().String()) + "' to be present")
	}
	if grow, shrink := call.GrowVolume, call.ShrinkVolume; call.GetType() == operator.MasterCallTypeGrowVolume && grow.AgentID == nil ||
		call.GetType() == operator.MasterCallTypeShrinkVolume && shrink.AgentID == nil {
		return bad("Failed to validate master::Call: Expecting 'agent_id' to be present; only agent default resources are supported right now")
	}
	return verdict{}
}

// serveEvents answers SUBSCRIBE with a stream for as long as it lasts.
func (m *Master) serveEvents(w http.ResponseWriter, r *http.Request, media wire.MediaType) {
	stream := wire.NewEventStream(media)
	principal, _ := daemon.Principal(r.Context())
	var s *operatorStream
	if !m.mail.post(func() { s = m.operatorSubscribe(stream, principal) }) {
		unavailable(w)
		return
	}
	_ = stream.Serve(w, r) // why it ended does not matter: the operator is gone
	m.mail.post(func() { m.operatorGone(s) })
}

// answerOperator answers all other calls.
func (m *Master) answerOperator(w http.ResponseWriter, r *http.Request, call *operator.MasterCall, media wire.MediaType) {
	principal, _ := daemon.Principal(r.Context())
	switch call.GetType() {
	case operator.MasterCallTypeTeardown:
		m.teardown(w, r, call.Teardown.FrameworkID.Value)
		return
	case operator.MasterCallTypeMarkAgentGone:
		m.serveMarkGone(w, r, call.MarkAgentGone.AgentID.Value)
		return
	case operator.MasterCallTypeSetLoggingLevel:
		m.serveSetLoggingLevel(w, r, call.SetLoggingLevel)
		return
	case operator.MasterCallTypeReserveResources, operator.MasterCallTypeUnreserveResources, operator.MasterCallTypeCreateVolumes,
		operator.MasterCallTypeDestroyVolumes, operator.MasterCallTypeGrowVolume, operator.MasterCallTypeShrinkVolume:
		m.serveConversion(w, r, conversionOf(call))
		return
	case operator.MasterCallTypeUpdateMaintenanceSchedule:
		m.serveSetSchedule(w, r, &call.UpdateMaintenanceSchedule.Schedule)
		return
	case operator.MasterCallTypeStartMaintenance:
		m.serveMachines(w, r, call.StartMaintenance.Machines, m.takeDown)
		return
	case operator.MasterCallTypeStopMaintenance:
		m.serveMachines(w, r, call.StopMaintenance.Machines, m.bringUp)
		return
	case operator.MasterCallTypeListFiles, operator.MasterCallTypeReadFile:
		daemon.Error(w, http.StatusNotFound, "The master has no files")
		return
	case operator.MasterCallTypeGetFlags:
		if !m.acls.permit(aclViewFlags, principal, "") {
			daemon.Error(w, http.StatusForbidden, "")
			return
		}
	}
	var answer *response
	if !m.do(r.Context(), func() { answer = m.view(call, principal) }) {
		unavailable(w)
		return
	}
	if answer == nil {
		daemon.Error(w, http.StatusNotImplemented, lower(call.GetType().String())+" is not supported by the local cluster")
		return
	}
	body, err := media.Append(nil, answer)
	if err != nil {
		daemon.Error(w, http.StatusInternalServerError, err.Error())
		return
	}
	daemon.Write(w, r, http.StatusOK, string(media), body)
}

// view answers the calls that show something; nil for those that the local cluster does not know.
func (m *Master) view(call *operator.MasterCall, principal string) *response {
	v := &response{}
	switch call.GetType() {
	case operator.MasterCallTypeGetHealth:
		v.Type, v.GetHealth = new(operator.MasterResponseTypeGetHealth), &operator.MasterResponseGetHealth{Healthy: true}
	case operator.MasterCallTypeGetFlags:
		v.Type, v.GetFlags = new(operator.MasterResponseTypeGetFlags), &operator.MasterResponseGetFlags{Flags: m.flagViews()}
	case operator.MasterCallTypeGetVersion:
		v.Type, v.GetVersion = new(operator.MasterResponseTypeGetVersion), &operator.MasterResponseGetVersion{VersionInfo: versionView()}
	case operator.MasterCallTypeGetMetrics:
		v.Type, v.GetMetrics = new(operator.MasterResponseTypeGetMetrics), &operator.MasterResponseGetMetrics{Metrics: m.metricViews()}
	case operator.MasterCallTypeGetLoggingLevel:
		v.Type, v.GetLoggingLevel = new(operator.MasterResponseTypeGetLoggingLevel), &operator.MasterResponseGetLoggingLevel{Level: m.logging.level}
	case operator.MasterCallTypeGetState:
		v.Type, v.GetState = new(operator.MasterResponseTypeGetState), m.stateView(principal)
	case operator.MasterCallTypeGetAgents:
		v.Type, v.GetAgents = new(operator.MasterResponseTypeGetAgents), m.agentViews()
	case operator.MasterCallTypeGetFrameworks:
		v.Type, v.GetFrameworks = new(operator.MasterResponseTypeGetFrameworks), m.frameworkViews(principal)
	case operator.MasterCallTypeGetExecutors:
		v.Type, v.GetExecutors = new(operator.MasterResponseTypeGetExecutors), m.executorViews(principal)
	case operator.MasterCallTypeGetTasks:
		v.Type, v.GetTasks = new(operator.MasterResponseTypeGetTasks), m.taskViews(principal)
	case operator.MasterCallTypeGetRoles:
		v.Type, v.GetRoles = new(operator.MasterResponseTypeGetRoles), m.roleViews()
	case operator.MasterCallTypeGetMaster:
		v.Type, v.GetMaster = new(operator.MasterResponseTypeGetMaster), &operator.MasterResponseGetMaster{
			MasterInfo: m.Info(), StartTime: new(seconds(m.started)), ElectedTime: new(seconds(m.elected)),
		}
	case operator.MasterCallTypeGetOperations:
		v.Type, v.GetOperations = new(operator.MasterResponseTypeGetOperations), &operator.MasterResponseGetOperations{Operations: m.operationViews(principal)}
	case operator.MasterCallTypeGetMaintenanceStatus:
		v.Type, v.GetMaintenanceStatus = new(operator.MasterResponseTypeGetMaintenanceStatus), &operator.MasterResponseGetMaintenanceStatus{Status: m.maintenanceStatus()}
	case operator.MasterCallTypeGetMaintenanceSchedule:
		v.Type, v.GetMaintenanceSchedule = new(operator.MasterResponseTypeGetMaintenanceSchedule), &operator.MasterResponseGetMaintenanceSchedule{Schedule: *m.maintenance.schedule.Clone()}
	default:
		return emptyView(call, v)
	}
	return v
}

// emptyView answers calls that show what the local cluster never has.
func emptyView(call *operator.MasterCall, v *response) *response {
	switch call.GetType() {
	case operator.MasterCallTypeGetWeights:
		v.Type = new(operator.MasterResponseTypeGetWeights)
	case operator.MasterCallTypeGetQuota:
		v.Type, v.GetQuota = new(operator.MasterResponseTypeGetQuota), &operator.MasterResponseGetQuota{}
	default:
		return nil
	}
	return v
}

func (m *Master) flagViews() (views []mesos.Flag) {
	texts := m.flagTexts()
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		views = append(views, mesos.Flag{Name: name, Value: new(texts[name])})
	}
	return views
}

func versionView() mesos.VersionInfo {
	v := daemon.TheVersion()
	return mesos.VersionInfo{Version: v.Version, BuildDate: new(v.BuildDate), BuildTime: new(float64(v.BuildTime)), BuildUser: new(v.BuildUser)}
}

func (m *Master) metricViews() (views []mesos.Metric) {
	all := m.metrics()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		views = append(views, mesos.Metric{Name: name, Value: new(all[name])})
	}
	return views
}

// serveMarkGone answers MARK_AGENT_GONE once the registry has it.
func (m *Master) serveMarkGone(w http.ResponseWriter, r *http.Request, id string) {
	done, known := make(chan struct{}), false
	if !m.do(r.Context(), func() { known = m.markGone(id, func() { close(done) }) }) {
		unavailable(w)
		return
	}
	if !known {
		daemon.Error(w, http.StatusNotFound, "Agent not found")
		return
	}
	select {
	case <-done:
	case <-r.Context().Done():
	case <-m.mail.ended:
		unavailable(w)
	}
}

// loggingLevel is what SET_LOGGING_LEVEL sets for a while. It changes nothing else.
type loggingLevel struct {
	level uint32
	turn  int
}

func (m *Master) serveSetLoggingLevel(w http.ResponseWriter, r *http.Request, call *operator.MasterCallSetLoggingLevel) {
	if call.Duration.Nanoseconds <= 0 {
		daemon.Error(w, http.StatusBadRequest, "Invalid duration")
		return
	}
	if !m.do(r.Context(), func() {
		m.logging.turn++
		turn := m.logging.turn
		m.logging.level = call.Level
		m.after(time.Duration(call.Duration.Nanoseconds), func() {
			if m.logging.turn == turn {
				m.logging.level = 0
			}
		})
	}) {
		unavailable(w)
	}
}
