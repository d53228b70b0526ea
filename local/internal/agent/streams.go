package agent

import (
	"cmp"
	"errors"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/ormosproject/ormos/internal/codec"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/local/internal/attach"
	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

const (
	messageContentType = "Message-Content-Type"
	messageAccept      = "Message-Accept"
	// attachHeartbeat is how often whoever looks on is told that the connection lives.
	attachHeartbeat = 30 * time.Second
	// inputLimit is the size of the largest record of an input, in bytes.
	inputLimit = 4 << 20
)

// streamed tells whether a call is answered with a stream of ProcessIO.
func streamed(t operator.AgentCallType) bool {
	return t == operator.AgentCallTypeLaunchNestedContainerSession || t == operator.AgentCallTypeAttachContainerOutput
}

// newSession makes pipes, or a terminal if the container is to have one.
func newSession(c *mesos.ContainerInfo) (*attach.Session, error) {
	if c == nil || c.TTYInfo == nil {
		return attach.Pipes()
	}
	var rows, columns uint16
	if size := c.TTYInfo.WindowSize; size != nil {
		rows, columns = small(size.Rows), small(size.Columns)
	}
	return attach.Terminal(rows, columns)
}

func small(n uint32) uint16 { return uint16(min(n, math.MaxUint16)) }

// attachable gives a container what operators attach to: the session, or the terminal that it asks for, whose output goes to its
// sandbox as well.
func attachable(n *nested, c *containerCall, session *attach.Session) error {
	n.terminal = session
	if session != nil || c.container == nil || c.container.TTYInfo == nil {
		return nil
	}
	log, err := os.OpenFile(filepath.Join(n.directory, "stdout"), os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW, 0o644)
	if err != nil {
		return err
	}
	n.terminal, err = newSession(c.container)
	if err != nil {
		return errors.Join(err, log.Close())
	}
	n.terminal.LogTo(log)
	return nil
}

// serveStream answers LAUNCH_NESTED_CONTAINER_SESSION and ATTACH_CONTAINER_OUTPUT.
func (a *Agent) serveStream(w http.ResponseWriter, r *http.Request, t operator.AgentCallType, c *containerCall) {
	media, message, ok := streamType(r)
	if !ok {
		daemon.Error(w, http.StatusNotAcceptable, "Expecting 'Accept' to allow 'application/recordio' with a 'Message-Accept', or another type without")
		return
	}
	if t == operator.AgentCallTypeAttachContainerOutput {
		n, no := a.attachableOf(c.id)
		if n == nil {
			daemon.Error(w, no.status, no.text)
			return
		}
		a.sendOutput(w, r, n.terminal.Follow(), media, message)
		return
	}
	session, err := newSession(c.container)
	if err != nil {
		daemon.Error(w, http.StatusInternalServerError, "Cannot make a session: "+err.Error())
		return
	}
	output := session.Follow()
	n, no := a.launchInside(c, session)
	if n == nil {
		output.Stop()
		if no.status == http.StatusAccepted {
			no = refusal{http.StatusBadRequest, "Container " + c.id.Value + " exists already"}
		}
		daemon.Error(w, no.status, no.text)
		return
	}
	// A session lives no longer than somebody looks.
	defer a.post(func() { a.destroyNested(n) })
	if !a.sendOutput(w, r, output, media, message) {
		return
	}
	select {
	case <-n.ended:
	case <-r.Context().Done():
	case <-a.ended:
	}
}

// streamType chooses the type of a stream and that of its messages.
func streamType(r *http.Request) (stream, message wire.MediaType, ok bool) {
	stream, ok = wire.Accepted(r, wire.JSON, wire.Protobuf, wire.RecordIO)
	wanted := wire.MediaType(r.Header.Get(messageAccept))
	if stream != wire.RecordIO {
		return stream, stream, ok && wanted == ""
	}
	wanted = cmp.Or(wanted, wire.JSON)
	return stream, wanted, wanted == wire.JSON || wanted == wire.Protobuf
}

// attachableOf finds a container with a terminal to attach to; nil with a refusal when there is none.
func (a *Agent) attachableOf(id *mesos.ContainerID) (n *nested, no refusal) {
	no = a.decide(func() refusal {
		_, found, ok := a.findContainer(id)
		switch {
		case !ok:
			return refusal{http.StatusNotFound, "Container " + id.Value + " cannot be found"}
		case found == nil || found.terminal == nil || found.over():
			return refusal{http.StatusInternalServerError, "Container " + id.Value + " has nothing to attach to"}
		}
		n = found
		return refusal{http.StatusOK, ""}
	})
	return n, no
}

// sendOutput streams what a command writes to its end; false when the client or the agent ended before.
func (a *Agent) sendOutput(w http.ResponseWriter, r *http.Request, output *attach.Follower, media, message wire.MediaType) bool {
	defer output.Stop()
	w.Header().Set("Content-Type", string(media))
	if media == wire.RecordIO {
		w.Header().Set(messageContentType, string(message))
	}
	w.WriteHeader(http.StatusOK)
	control := http.NewResponseController(w)
	beat := time.NewTicker(attachHeartbeat)
	defer beat.Stop()
	var buffer []byte
	for {
		if control.Flush() != nil {
			return false
		}
		io := heartbeatIO()
		select {
		case chunk, more := <-output.Chunks():
			if !more {
				return true
			}
			io = outputIO(chunk)
		case <-beat.C:
		case <-r.Context().Done():
			return false
		case <-a.ended:
			return false
		}
		var err error
		if buffer, err = message.AppendRecord(buffer[:0], io); err != nil {
			return false
		}
		if _, err := w.Write(buffer); err != nil {
			return false
		}
	}
}

func outputIO(c attach.Chunk) *operator.AgentProcessIO {
	kind := operator.AgentProcessIODataTypeStdout
	if c.Stderr {
		kind = operator.AgentProcessIODataTypeStderr
	}
	return &operator.AgentProcessIO{
		Type: new(operator.AgentProcessIOTypeData), Data: &operator.AgentProcessIOData{Type: new(kind), Data: c.Data},
	}
}

func heartbeatIO() *operator.AgentProcessIO {
	return &operator.AgentProcessIO{
		Type: new(operator.AgentProcessIOTypeControl), Control: &operator.AgentProcessIOControl{
			Type: new(operator.AgentProcessIOControlTypeHeartbeat), Heartbeat: &operator.AgentProcessIOControlHeartbeat{
				Interval: &mesos.DurationInfo{Nanoseconds: int64(attachHeartbeat)},
			},
		},
	}
}

// serveInput answers ATTACH_CONTAINER_INPUT, whose body is a stream: first the container, then what it is to read. The answer does not wait for the
// body's end, which whoever types does not know of.
func (a *Agent) serveInput(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // HTTP/2 is so always
	w.Header().Set("Connection", "close")
	media := wire.MediaType(r.Header.Get(messageContentType))
	switch media {
	case wire.JSON, wire.Protobuf:
	case "":
		daemon.Error(w, http.StatusBadRequest, "Expecting 'Message-Content-Type' to be set for streaming requests")
		return
	default:
		daemon.Error(w, http.StatusUnsupportedMediaType, "Expecting 'Message-Content-Type' to be application/json or application/x-protobuf")
		return
	}
	records := wire.NewReader(r.Body, inputLimit)
	first, no := nextInput(records, media)
	if no.status == http.StatusOK {
		no = a.feed(r, first, control, func() (*operator.AgentCallAttachContainerInput, refusal) { return nextInput(records, media) })
	}
	answerEmpty(w, no.status, no.text)
}

// nextInput reads a record; nil at the end of the stream.
func nextInput(records *wire.Reader, media wire.MediaType) (*operator.AgentCallAttachContainerInput, refusal) {
	b, err := records.Next()
	if errors.Is(err, io.EOF) {
		return nil, refusal{http.StatusOK, ""}
	}
	var call operator.AgentCall
	if err == nil {
		err = media.Decode(b, codec.Message(&call), nil)
	}
	switch {
	case err != nil:
		return nil, refusal{http.StatusInternalServerError, "Cannot read a record: " + err.Error()}
	case call.GetType() != operator.AgentCallTypeAttachContainerInput:
		return nil, refusal{http.StatusUnsupportedMediaType, "Streaming 'Content-Type' is not supported for " + call.GetType().String()}
	case call.AttachContainerInput == nil:
		return nil, refusal{http.StatusBadRequest, "Expecting 'attach_container_input' to be present"}
	}
	return call.AttachContainerInput, refusal{http.StatusOK, ""}
}

// feed gives a container its input until the stream ends, or the container does.
func (a *Agent) feed(
	r *http.Request, first *operator.AgentCallAttachContainerInput, control *http.ResponseController, next func() (*operator.AgentCallAttachContainerInput, refusal),
) refusal {
	if first == nil || first.GetType() != operator.AgentCallAttachContainerInputTypeContainerID || first.ContainerID == nil {
		return refusal{http.StatusBadRequest, "Expecting the first record to be of type CONTAINER_ID"}
	}
	call := containerCall{name: "attach_container_input", id: first.ContainerID}
	if text := call.invalid(); text != "" {
		return refusal{http.StatusBadRequest, text}
	}
	n, no := a.attachableOf(first.ContainerID)
	if n == nil {
		return no
	}
	defer endReads(control, n.ended)()
	for {
		in, no := next()
		switch {
		case n.over():
			return refusal{http.StatusOK, ""}
		case in == nil:
			return no
		case in.GetType() != operator.AgentCallAttachContainerInputTypeProcessIO || in.ProcessIO == nil:
			return refusal{http.StatusBadRequest, "Expecting records of type PROCESS_IO"}
		}
		if err := input(r, n.terminal, in.ProcessIO); err != nil && !n.over() {
			return refusal{http.StatusInternalServerError, "Cannot write to the container: " + err.Error()}
		}
	}
}

// endReads has reads of a request fail from the moment that ended is closed. The caller calls what it returns.
func endReads(control *http.ResponseController, ended <-chan struct{}) (stop func()) {
	over := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		select {
		case <-ended:
			_ = control.SetReadDeadline(time.Unix(1, 0))
		case <-over:
		}
	})
	return func() {
		close(over)
		work.Wait()
	}
}

// input does what one record says.
func input(r *http.Request, session *attach.Session, p *operator.AgentProcessIO) error {
	switch {
	case p.Data != nil && p.Data.GetType() == operator.AgentProcessIODataTypeStdin && len(p.Data.Data) > 0:
		return session.Write(r.Context(), p.Data.Data)
	case p.Data != nil && p.Data.GetType() == operator.AgentProcessIODataTypeStdin:
		return session.EndInput(r.Context())
	case p.Control != nil && p.Control.TTYInfo != nil && p.Control.TTYInfo.WindowSize != nil:
		size := p.Control.TTYInfo.WindowSize
		return session.Resize(small(size.Rows), small(size.Columns))
	}
	return nil
}
