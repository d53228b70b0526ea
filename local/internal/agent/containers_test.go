package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// operate makes a call and gives the status and the body of the answer.
func (c *cluster) operate(call *operator.AgentCall) (int, string) {
	c.t.Helper()
	r := c.post(call, "Content-Type", "application/json")
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

func (c *cluster) post(call *operator.AgentCall, headers ...string) *http.Response {
	c.t.Helper()
	body, err := wire.JSON.Append(nil, call)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.send(bytes.NewReader(body), headers...)
}

func (c *cluster) send(body io.Reader, headers ...string) *http.Response {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.server.URL+"/api/v1", body)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer
}

// inside is the id of a container in the one of task t.
func (c *cluster) inside(s mesos.TaskStatus, id string) mesos.ContainerID {
	return mesos.ContainerID{Value: id, Parent: s.ContainerStatus.ContainerID}
}

func launchCall(id mesos.ContainerID, command string) *operator.AgentCall {
	return &operator.AgentCall{
		Type:                  new(operator.AgentCallTypeLaunchNestedContainer),
		LaunchNestedContainer: &operator.AgentCallLaunchNestedContainer{ContainerID: id, Command: &mesos.CommandInfo{Value: &command}},
	}
}

func waitCall(id mesos.ContainerID) *operator.AgentCall {
	return &operator.AgentCall{
		Type: new(operator.AgentCallTypeWaitNestedContainer), WaitNestedContainer: &operator.AgentCallWaitNestedContainer{ContainerID: id},
	}
}

func killCall(id mesos.ContainerID, signal int32) *operator.AgentCall {
	return &operator.AgentCall{
		Type:                new(operator.AgentCallTypeKillNestedContainer),
		KillNestedContainer: &operator.AgentCallKillNestedContainer{ContainerID: id, Signal: &signal},
	}
}

func removeCall(id mesos.ContainerID) *operator.AgentCall {
	return &operator.AgentCall{
		Type: new(operator.AgentCallTypeRemoveNestedContainer), RemoveNestedContainer: &operator.AgentCallRemoveNestedContainer{ContainerID: id},
	}
}

// is checks an answer's status, and its text if it is given.
func (c *cluster) is(call *operator.AgentCall, status int, text ...string) {
	c.t.Helper()
	got, body := c.operate(call)
	if got != status || len(text) > 0 && body != text[0] {
		c.t.Errorf("%s: %d %s, want %d %v", call.GetType(), got, body, status, text)
	}
}

// parent runs a real task and gives its TASK_RUNNING.
func parent(t *testing.T, change ...func(*mesos.FrameworkInfo)) (*cluster, mesos.TaskStatus) {
	t.Helper()
	c := start(t, realProcesses(t))
	t.Cleanup(c.destroyAll)
	hear[link.Register](t, c.master)
	c.launch(testFramework(change...), shell("t", "exec sleep 1000"))
	c.acknowledged(mesos.TaskStarting)
	return c, c.acknowledged(mesos.TaskRunning)
}

// destroyAll ends everything that runs in real processes.
func (c *cluster) destroyAll() {
	var all []Container
	c.agent.ask(context.Background(), func() {
		for _, e := range c.agent.executors() {
			if all = append(all, e.within.running()...); e.container != nil {
				all = append(all, e.container)
			}
		}
	})
	for _, one := range all {
		one.Destroy()
	}
}

func exitStatus(status string) string {
	return `{"type":"WAIT_NESTED_CONTAINER","wait_nested_container":{"exit_status":` + status + `}}`
}

func TestNestedContainer(t *testing.T) {
	c, s := parent(t)
	n := c.inside(s, "n")
	c.is(launchCall(n, "pwd; env | grep -c . ; exit 3"), http.StatusOK, "")
	c.is(launchCall(n, "true"), http.StatusAccepted)
	c.is(waitCall(n), http.StatusOK, exitStatus("768"))
	place := c.agent.files.Attached()[virtualLatest(frameworkID, "t")] + "/containers/n"
	if got := content(t, place+"/stdout"); !strings.HasPrefix(got, place+"\n") {
		t.Errorf("stdout: %s", got)
	}
	c.is(removeCall(n), http.StatusOK, "")
	if _, err := os.Stat(place); !os.IsNotExist(err) {
		t.Errorf("the sandbox is there: %v", err)
	}
	c.is(waitCall(n), http.StatusNotFound)
	c.is(removeCall(n), http.StatusOK)

	c.is(launchCall(n, "sleep 1000"), http.StatusOK)
	c.is(removeCall(n), http.StatusInternalServerError)
	deep := mesos.ContainerID{Value: "deep", Parent: &n}
	c.is(launchCall(deep, "sleep 1000"), http.StatusOK)
	c.is(killCall(n, 15), http.StatusOK)
	c.is(waitCall(n), http.StatusOK, exitStatus("15"))
	c.is(waitCall(deep), http.StatusOK, exitStatus("9"))
	c.is(killCall(c.inside(s, "none"), 9), http.StatusNotFound)
}

func TestNestedContainersThatCannotBe(t *testing.T) {
	c, s := parent(t)
	for _, id := range []mesos.ContainerID{
		{Value: "n"},
		c.inside(s, ""), c.inside(s, "a b"), c.inside(s, "a.b"), c.inside(s, "../n"), c.inside(s, strings.Repeat("x", 300)),
		{Value: "n", Parent: &mesos.ContainerID{Value: "none"}},
		{Value: "n", Parent: &mesos.ContainerID{Value: "none", Parent: s.ContainerStatus.ContainerID}},
	} {
		c.is(launchCall(id, "true"), http.StatusBadRequest)
	}
	c.is(&operator.AgentCall{Type: new(operator.AgentCallTypeLaunchNestedContainer)}, http.StatusBadRequest)
	c.is(launchCall(c.inside(s, "n"), "true"), http.StatusOK)
	missing := launchCall(c.inside(s, "m"), "/no/such")
	missing.LaunchNestedContainer.Command.Shell = new(false)
	c.is(missing, http.StatusBadRequest)
	c.is(waitCall(c.inside(s, "m")), http.StatusNotFound)
}

// Containers end with the one around them.
func TestNestedContainersEndWithTheirParent(t *testing.T) {
	c, s := parent(t)
	n := c.inside(s, "n")
	c.is(launchCall(n, "sleep 1000"), http.StatusOK)
	_, body := c.operate(&operator.AgentCall{
		Type: new(operator.AgentCallTypeGetContainers), GetContainers: &operator.AgentCallGetContainers{ShowNested: new(true)},
	})
	var shown operator.AgentResponse
	if err := shown.DecodeJSON([]byte(body), nil); err != nil {
		t.Fatal(err)
	}
	list := shown.GetContainers.Containers
	if len(list) != 2 || list[1].ContainerID.String() != `{"value":"n"}` || list[1].ContainerStatus.ContainerID.String() != n.String() || list[1].FrameworkID != nil {
		t.Errorf("GET_CONTAINERS: %s", body)
	}
	answers := make(chan string)
	go func() {
		_, text := c.operate(waitCall(n))
		answers <- text
	}()
	c.until("the task's executor is known", func(a *Agent) bool { return len(a.executors()) == 1 })
	c.master.say(kill("t"))
	c.acknowledged(mesos.TaskKilled)
	if got := <-answers; got != exitStatus("9") && !strings.Contains(got, "cannot be found") {
		t.Errorf("WAIT_NESTED_CONTAINER: %s", got)
	}
}

// Nested containers live through the death of the agent, sessions do not.
func TestRecoverNestedContainers(t *testing.T) {
	c, s := parent(t, checkpointing)
	n, deep, look := c.inside(s, "n"), mesos.ContainerID{Value: "deep", Parent: new(c.inside(s, "n"))}, c.inside(s, "s")
	c.is(launchCall(n, "sleep 1000"), http.StatusOK)
	c.is(launchCall(deep, "sleep 1000"), http.StatusOK)
	output := c.session(look, "echo $$; exec sleep 1000", nil)
	pid := strings.TrimSpace(output.data(1))
	c.kill()
	c.run()
	hear[link.Reregister](t, c.master)
	c.is(killCall(deep, 9), http.StatusOK)
	c.is(waitCall(deep), http.StatusOK)
	c.is(waitCall(look), http.StatusNotFound)
	c.is(killCall(n, 9), http.StatusOK)
	c.until("the session has ended", func(*Agent) bool {
		_, err := os.Stat("/proc/" + pid)
		return os.IsNotExist(err)
	})
}

// streamOf is an answer's stream of ProcessIO.
type streamOf struct {
	t       *testing.T
	answer  *http.Response
	records *wire.Reader
}

func (c *cluster) session(id mesos.ContainerID, command string, container *mesos.ContainerInfo) *streamOf {
	c.t.Helper()
	return c.stream(&operator.AgentCall{
		Type: new(operator.AgentCallTypeLaunchNestedContainerSession),
		LaunchNestedContainerSession: &operator.AgentCallLaunchNestedContainerSession{
			ContainerID: id, Command: &mesos.CommandInfo{Value: &command}, Container: container,
		},
	})
}

func (c *cluster) stream(call *operator.AgentCall) *streamOf {
	c.t.Helper()
	r := c.post(call, "Content-Type", "application/json", "Accept", "application/recordio", "Message-Accept", "application/x-protobuf")
	c.t.Cleanup(func() { r.Body.Close() })
	if r.StatusCode != http.StatusOK || r.Header.Get("Message-Content-Type") != "application/x-protobuf" {
		b, _ := io.ReadAll(r.Body)
		c.t.Fatalf("%s: %s %s", call.GetType(), r.Status, b)
	}
	return &streamOf{c.t, r, wire.NewReader(r.Body, 0)}
}

// data reads what comes through the stream: lines of them, or to the end.
func (s *streamOf) data(lines int) string {
	s.t.Helper()
	text := ""
	for lines == 0 || strings.Count(text, "\n") < lines {
		b, err := s.records.Next()
		if err == io.EOF && lines == 0 {
			return text
		}
		if err != nil {
			s.t.Fatalf("after %q: %v", text, err)
		}
		var p operator.AgentProcessIO
		if err := p.Decode(b, nil); err != nil {
			s.t.Fatal(err)
		}
		if p.Data != nil {
			text += string(p.Data.Data)
		}
	}
	return text
}

// feedInput attaches to the input of a container and sends records.
func (c *cluster) feedInput(id mesos.ContainerID, records ...*operator.AgentProcessIO) int {
	c.t.Helper()
	kind := operator.AgentCallAttachContainerInputTypeContainerID
	calls := []*operator.AgentCallAttachContainerInput{{Type: &kind, ContainerID: &id}}
	for _, p := range records {
		calls = append(calls, &operator.AgentCallAttachContainerInput{Type: new(operator.AgentCallAttachContainerInputTypeProcessIO), ProcessIO: p})
	}
	var body []byte
	for _, in := range calls {
		var err error
		if body, err = wire.JSON.AppendRecord(body, &operator.AgentCall{Type: new(operator.AgentCallTypeAttachContainerInput), AttachContainerInput: in}); err != nil {
			c.t.Fatal(err)
		}
	}
	r := c.send(bytes.NewReader(body), "Content-Type", "application/recordio", "Message-Content-Type", "application/json")
	r.Body.Close()
	return r.StatusCode
}

func stdin(text string) *operator.AgentProcessIO {
	return &operator.AgentProcessIO{
		Type: new(operator.AgentProcessIOTypeData),
		Data: &operator.AgentProcessIOData{Type: new(operator.AgentProcessIODataTypeStdin), Data: []byte(text)},
	}
}

func windowSize(rows, columns uint32) *operator.AgentProcessIO {
	return &operator.AgentProcessIO{
		Type: new(operator.AgentProcessIOTypeControl), Control: &operator.AgentProcessIOControl{
			Type: new(operator.AgentProcessIOControlTypeTTYInfo), TTYInfo: &mesos.TTYInfo{WindowSize: &mesos.TTYInfoWindowSize{Rows: rows, Columns: columns}},
		},
	}
}

func TestSession(t *testing.T) {
	c, s := parent(t)
	id := c.inside(s, "s")
	output := c.session(id, "echo here; pwd; cat; exit 5", nil)
	here := output.data(2)
	if want := c.agent.files.Attached()[virtualLatest(frameworkID, "t")]; here != "here\n"+want+"\n" {
		t.Errorf("output: %q", here)
	}
	second := c.stream(&operator.AgentCall{
		Type: new(operator.AgentCallTypeAttachContainerOutput), AttachContainerOutput: &operator.AgentCallAttachContainerOutput{ContainerID: id},
	})
	if status := c.feedInput(id, stdin("one "), stdin("two\n"), stdin("")); status != http.StatusOK {
		t.Errorf("ATTACH_CONTAINER_INPUT: %d", status)
	}
	for _, o := range []*streamOf{output, second} {
		if got := o.data(0); got != "one two\n" {
			t.Errorf("output: %q", got)
		}
	}
	c.is(waitCall(id), http.StatusOK, exitStatus("1280"))
	if status := c.feedInput(id, stdin("late")); status != http.StatusInternalServerError {
		t.Errorf("ATTACH_CONTAINER_INPUT after the end: %d", status)
	}
}

func TestSessionWithTerminal(t *testing.T) {
	c, s := parent(t)
	id := c.inside(s, "s")
	tty := &mesos.ContainerInfo{Type: mesos.ContainerInfoTypeMesos, TTYInfo: &mesos.TTYInfo{WindowSize: &mesos.TTYInfoWindowSize{Rows: 9, Columns: 99}}}
	output := c.session(id, "stty size; read line; stty size; exit 0", tty)
	if got := output.data(1); got != "9 99\r\n" {
		t.Errorf("output: %q", got)
	}
	if status := c.feedInput(id, windowSize(11, 111), stdin("\n")); status != http.StatusOK {
		t.Errorf("ATTACH_CONTAINER_INPUT: %d", status)
	}
	if got := output.data(0); !strings.HasSuffix(got, "11 111\r\n") {
		t.Errorf("output: %q", got)
	}
}

// A session ends when nobody looks any more, and leaves nothing behind when the agent ends.
func TestSessionEndsWithItsClient(t *testing.T) {
	c, s := parent(t)
	id := c.inside(s, "s")
	output := c.session(id, "echo here; exec sleep 1000", nil)
	output.data(1)
	output.answer.Body.Close()
	c.is(waitCall(id), http.StatusOK, exitStatus("9"))
	c.session(c.inside(s, "flood"), "yes", nil).data(1)
}

// A container with a terminal keeps its output, whoever looks on or not.
func TestNestedContainerWithTerminal(t *testing.T) {
	c, s := parent(t)
	id := c.inside(s, "n")
	call := launchCall(id, "read line; tty; exit 4")
	call.LaunchNestedContainer.Container = &mesos.ContainerInfo{Type: mesos.ContainerInfoTypeMesos, TTYInfo: &mesos.TTYInfo{}}
	c.is(call, http.StatusOK)
	output := c.stream(&operator.AgentCall{
		Type: new(operator.AgentCallTypeAttachContainerOutput), AttachContainerOutput: &operator.AgentCallAttachContainerOutput{ContainerID: id},
	})
	if status := c.feedInput(id, stdin("\n")); status != http.StatusOK {
		t.Errorf("ATTACH_CONTAINER_INPUT: %d", status)
	}
	if got := output.data(0); !strings.Contains(got, "/dev/pts/") {
		t.Errorf("output: %q", got)
	}
	c.is(waitCall(id), http.StatusOK, exitStatus("1024"))
	place := filepath.Join(c.agent.files.Attached()[virtualLatest(frameworkID, "t")], "containers", "n", "stdout")
	if got := content(t, place); !strings.Contains(got, "/dev/pts/") {
		t.Errorf("stdout: %q", got)
	}
}

func TestAttachInputThatCannotBe(t *testing.T) {
	c, s := parent(t)
	recordio := []string{"Content-Type", "application/recordio", "Message-Content-Type", "application/json"}
	record := func(call string) string { return string(wire.AppendRecord(nil, []byte(call))) }
	id, err := json.Marshal(map[string]any{"value": "n", "parent": map[string]any{"value": s.ContainerStatus.ContainerID.Value}})
	if err != nil {
		t.Fatal(err)
	}
	first := `{"type":"ATTACH_CONTAINER_INPUT","attach_container_input":{"type":"CONTAINER_ID","container_id":` + string(id) + `}}`
	for name, test := range map[string]struct {
		body    string
		headers []string
		want    int
	}{
		"nothing":          {"", recordio, http.StatusBadRequest},
		"garbage":          {"x", recordio, http.StatusInternalServerError},
		"no such":          {record(first), recordio, http.StatusNotFound},
		"another call":     {record(`{"type":"GET_HEALTH"}`), recordio, http.StatusUnsupportedMediaType},
		"no member":        {record(`{"type":"ATTACH_CONTAINER_INPUT"}`), recordio, http.StatusBadRequest},
		"no message type":  {record(first), recordio[:2], http.StatusBadRequest},
		"bad message type": {record(first), []string{recordio[0], recordio[1], recordio[2], "text/plain"}, http.StatusUnsupportedMediaType},
		"plain":            {first, []string{"Content-Type", "application/json"}, http.StatusUnsupportedMediaType},
		"message type":     {`{"type":"GET_HEALTH"}`, []string{"Content-Type", "application/json", "Message-Content-Type", "application/json"}, http.StatusUnsupportedMediaType},
		"message accept":   {`{"type":"GET_HEALTH"}`, []string{"Content-Type", "application/json", "Message-Accept", "application/json"}, http.StatusNotAcceptable},
	} {
		r := c.send(strings.NewReader(test.body), test.headers...)
		r.Body.Close()
		if r.StatusCode != test.want {
			t.Errorf("%s: %d, want %d", name, r.StatusCode, test.want)
		}
	}
}

// FuzzAttachInput reads what a client may send as input.
func FuzzAttachInput(f *testing.F) {
	f.Add([]byte("3\n{}\n"))
	f.Add(wire.AppendRecord(nil, []byte(`{"type":"ATTACH_CONTAINER_INPUT","attach_container_input":{"type":"CONTAINER_ID","container_id":{"value":"n"}}}`)))
	f.Fuzz(func(_ *testing.T, b []byte) {
		for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
			records := wire.NewReader(bytes.NewReader(b), inputLimit)
			for in, no := nextInput(records, media); in != nil && no.status == http.StatusOK; in, no = nextInput(records, media) {
				call := containerCall{id: in.ContainerID}
				_ = call.invalid()
			}
		}
	})
}
