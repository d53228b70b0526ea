package agent

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/local/internal/files"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// operatorAPI serves POST /api/v1.
func (a *Agent) operatorAPI(w http.ResponseWriter, r *http.Request) {
	if !a.serving.Load() {
		daemon.Error(w, http.StatusServiceUnavailable, "Agent has not finished recovery")
		return
	}
	streams := wire.MediaType(r.Header.Get("Content-Type")) == wire.RecordIO
	switch {
	case streams && r.Method == http.MethodPost:
		a.serveInput(w, r)
		return
	case r.Header.Get(messageContentType) != "" && r.Method == http.MethodPost:
		daemon.Error(w, http.StatusUnsupportedMediaType, "Expecting 'Message-Content-Type' to be not set for non-streaming requests")
		return
	}
	var call operator.AgentCall
	if _, ok := wire.ReadCall(w, r, 0, &call); !ok {
		return
	}
	if text := invalidOperatorCall(&call); text != "" {
		daemon.Error(w, http.StatusBadRequest, "Failed to validate agent::Call: "+text)
		return
	}
	switch c, _ := containerCallOf(&call); {
	case streamed(call.GetType()):
		a.serveStream(w, r, call.GetType(), &c)
		return
	case call.GetType() == operator.AgentCallTypeAttachContainerInput:
		daemon.Error(w, http.StatusUnsupportedMediaType, "Expecting 'Content-Type' to be application/recordio for ATTACH_CONTAINER_INPUT")
		return
	}
	media, ok := wire.Accepted(r, wire.JSON, wire.Protobuf)
	if !ok || r.Header.Get(messageAccept) != "" {
		daemon.Error(w, http.StatusNotAcceptable, "Expecting 'Accept' to allow 'application/json' or 'application/x-protobuf', and no 'Message-Accept'")
		return
	}
	response, status, text := a.answerOperator(r, &call)
	if response == nil {
		answerEmpty(w, status, text)
		return
	}
	if media == wire.JSON {
		daemon.JSON(w, r, withEmptyLists(response))
		return
	}
	body, err := wire.Protobuf.Append(nil, response)
	if err != nil {
		daemon.Error(w, http.StatusInternalServerError, err.Error())
		return
	}
	daemon.Write(w, r, http.StatusOK, string(media), body)
}

func answerEmpty(w http.ResponseWriter, status int, text string) {
	if status < http.StatusMultipleChoices {
		w.WriteHeader(status)
		return
	}
	daemon.Error(w, status, text)
}

// invalidOperatorCall says what is wrong with the form of a call, "" if nothing is.
func invalidOperatorCall(c *operator.AgentCall) string {
	if call, ok := containerCallOf(c); ok {
		return call.invalid()
	}
	missing := func(name string, there bool) string {
		if there {
			return ""
		}
		return "Expecting '" + name + "' to be present"
	}
	switch c.GetType() {
	case operator.AgentCallTypeUnknown:
		return missing("type", c.Type != nil)
	case operator.AgentCallTypeGetMetrics:
		return missing("get_metrics", c.GetMetrics != nil)
	case operator.AgentCallTypeSetLoggingLevel:
		return missing("set_logging_level", c.SetLoggingLevel != nil)
	case operator.AgentCallTypeListFiles:
		return missing("list_files", c.ListFiles != nil)
	case operator.AgentCallTypeReadFile:
		return missing("read_file", c.ReadFile != nil)
	}
	return ""
}

// answerOperator gives the answer to a call, or a status and a text where there is none.
func (a *Agent) answerOperator(r *http.Request, c *operator.AgentCall) (*operator.AgentResponse, int, string) {
	switch c.GetType() {
	case operator.AgentCallTypeUnknown:
		return nil, http.StatusNotImplemented, "The call is not known"
	case operator.AgentCallTypeListFiles:
		return a.listFiles(c.ListFiles.Path)
	case operator.AgentCallTypeReadFile:
		return a.readFile(c.ReadFile)
	case operator.AgentCallTypeGetContainers:
		return a.getContainers(r, c.GetContainers.GetShowNested())
	}
	if call, ok := containerCallOf(c); ok {
		return a.answerContainer(r, c, &call)
	}
	response := &operator.AgentResponse{}
	known := false
	if !a.ask(r.Context(), func() { known = a.fill(response, c.GetType()) }) {
		return nil, http.StatusServiceUnavailable, "Agent is ending"
	}
	if !known {
		return nil, http.StatusNotImplemented, c.GetType().String() + " is not supported by the local cluster yet"
	}
	return response, 0, ""
}

// fill makes the answers that need nothing but the agent's state.
func (a *Agent) fill(r *operator.AgentResponse, call operator.AgentCallType) bool {
	switch call {
	case operator.AgentCallTypeGetHealth:
		r.Type, r.GetHealth = new(operator.AgentResponseTypeGetHealth), &operator.AgentResponseGetHealth{Healthy: true}
	case operator.AgentCallTypeGetFlags:
		r.Type, r.GetFlags = new(operator.AgentResponseTypeGetFlags), a.getFlags()
	case operator.AgentCallTypeGetVersion:
		r.Type, r.GetVersion = new(operator.AgentResponseTypeGetVersion), getVersion()
	case operator.AgentCallTypeGetMetrics:
		r.Type, r.GetMetrics = new(operator.AgentResponseTypeGetMetrics), a.getMetrics()
	case operator.AgentCallTypeGetLoggingLevel:
		r.Type, r.GetLoggingLevel = new(operator.AgentResponseTypeGetLoggingLevel), &operator.AgentResponseGetLoggingLevel{}
	case operator.AgentCallTypeGetState:
		r.Type, r.GetState = new(operator.AgentResponseTypeGetState), &operator.AgentResponseGetState{
			GetTasks: a.getTasks(), GetExecutors: a.getExecutors(), GetFrameworks: a.getFrameworks(),
		}
	case operator.AgentCallTypeGetFrameworks:
		r.Type, r.GetFrameworks = new(operator.AgentResponseTypeGetFrameworks), a.getFrameworks()
	case operator.AgentCallTypeGetExecutors:
		r.Type, r.GetExecutors = new(operator.AgentResponseTypeGetExecutors), a.getExecutors()
	case operator.AgentCallTypeGetTasks:
		r.Type, r.GetTasks = new(operator.AgentResponseTypeGetTasks), a.getTasks()
	case operator.AgentCallTypeGetAgent:
		r.Type, r.GetAgent = new(operator.AgentResponseTypeGetAgent), &operator.AgentResponseGetAgent{AgentInfo: a.info.Clone()}
	case operator.AgentCallTypeGetOperations:
		r.Type, r.GetOperations = new(operator.AgentResponseTypeGetOperations), &operator.AgentResponseGetOperations{}
	case operator.AgentCallTypeGetResourceProviders:
		r.Type = new(operator.AgentResponseTypeGetResourceProviders)
		r.GetResourceProviders = &operator.AgentResponseGetResourceProviders{}
	default:
		return false
	}
	return true
}

func (a *Agent) getFlags() *operator.AgentResponseGetFlags {
	shown := a.shownFlags()
	answer := &operator.AgentResponseGetFlags{}
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		answer.Flags = append(answer.Flags, mesos.Flag{Name: name, Value: new(shown[name])})
	}
	return answer
}

func getVersion() *operator.AgentResponseGetVersion {
	v := daemon.TheVersion()
	return &operator.AgentResponseGetVersion{VersionInfo: mesos.VersionInfo{
		Version: v.Version, BuildDate: new(v.BuildDate), BuildTime: new(float64(v.BuildTime)), BuildUser: new(v.BuildUser),
	}}
}

func (a *Agent) getMetrics() *operator.AgentResponseGetMetrics {
	all := a.metrics()
	answer := &operator.AgentResponseGetMetrics{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		answer.Metrics = append(answer.Metrics, mesos.Metric{Name: name, Value: new(all[name])})
	}
	return answer
}

func (a *Agent) getFrameworks() *operator.AgentResponseGetFrameworks {
	answer := &operator.AgentResponseGetFrameworks{}
	for _, f := range a.sorted() {
		answer.Frameworks = append(answer.Frameworks, operator.AgentResponseGetFrameworksFramework{FrameworkInfo: *f.info.Clone()})
	}
	for _, f := range a.completed {
		answer.CompletedFrameworks = append(answer.CompletedFrameworks, operator.AgentResponseGetFrameworksFramework{FrameworkInfo: *f.info.Clone()})
	}
	return answer
}

func (a *Agent) getExecutors() *operator.AgentResponseGetExecutors {
	answer := &operator.AgentResponseGetExecutors{}
	for _, f := range slices.Concat(a.sorted(), a.completed) {
		for _, e := range f.sorted() {
			answer.Executors = append(answer.Executors, operator.AgentResponseGetExecutorsExecutor{ExecutorInfo: *e.info.Clone()})
		}
		for _, e := range f.completed {
			answer.CompletedExecutors = append(answer.CompletedExecutors, operator.AgentResponseGetExecutorsExecutor{ExecutorInfo: *e.info.Clone()})
		}
	}
	return answer
}

func (a *Agent) getTasks() *operator.AgentResponseGetTasks {
	answer := &operator.AgentResponseGetTasks{}
	for _, f := range slices.Concat(a.sorted(), a.completed) {
		for _, e := range slices.Concat(f.sorted(), f.completed) {
			answer.QueuedTasks = append(answer.QueuedTasks, e.queuedRecords()...)
			for _, t := range e.ordered() {
				if t.record.State.Terminal() {
					answer.TerminatedTasks = append(answer.TerminatedTasks, *t.record.Clone())
				} else {
					answer.LaunchedTasks = append(answer.LaunchedTasks, *t.record.Clone())
				}
			}
			for _, t := range e.completed {
				answer.CompletedTasks = append(answer.CompletedTasks, *t.record.Clone())
			}
		}
	}
	return answer
}

func (a *Agent) getContainers(r *http.Request, nested bool) (*operator.AgentResponse, int, string) {
	var list []containerView
	if !a.ask(r.Context(), func() { list = a.containerViews(nested) }) {
		return nil, http.StatusServiceUnavailable, "Agent is ending"
	}
	response := &operator.AgentResponse{Type: new(operator.AgentResponseTypeGetContainers)}
	for _, c := range measure(list) {
		if response.GetContainers == nil {
			response.GetContainers = &operator.AgentResponseGetContainers{}
		}
		one := operator.AgentResponseGetContainersContainer{
			ContainerID: mesos.ContainerID{Value: c.id.Value}, ContainerStatus: c.status(), ResourceStatistics: &c.statistics,
		}
		if c.id.Parent == nil {
			one.FrameworkID, one.ExecutorID = &mesos.FrameworkID{Value: c.framework}, &mesos.ExecutorID{Value: c.executor}
			one.ExecutorName = new(c.name)
		}
		response.GetContainers.Containers = append(response.GetContainers.Containers, one)
	}
	return response, 0, ""
}

// refusedFile is the status and text for a path that cannot be served.
func refusedFile(err error) (*operator.AgentResponse, int, string) {
	if known, ok := errors.AsType[*files.Error](err); ok {
		return nil, known.Status, known.Text
	}
	return nil, http.StatusInternalServerError, err.Error()
}

func (a *Agent) listFiles(path string) (*operator.AgentResponse, int, string) {
	list, err := a.files.List(path)
	if err != nil {
		return refusedFile(err)
	}
	answer := &operator.AgentResponseListFiles{}
	for _, f := range list {
		answer.FileInfos = append(answer.FileInfos, f.Info())
	}
	return &operator.AgentResponse{Type: new(operator.AgentResponseTypeListFiles), ListFiles: answer}, 0, ""
}

func (a *Agent) readFile(c *operator.AgentCallReadFile) (*operator.AgentResponse, int, string) {
	length := int64(-1)
	if c.Length != nil {
		length = int64(min(*c.Length, files.Chunk))
	}
	data, size, err := a.files.Read(c.Path, int64(min(c.Offset, 1<<62)), length)
	if err != nil {
		return refusedFile(err)
	}
	answer := &operator.AgentResponseReadFile{Size: uint64(size), Data: data}
	return &operator.AgentResponse{Type: new(operator.AgentResponseTypeReadFile), ReadFile: answer}, 0, ""
}
