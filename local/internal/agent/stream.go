package agent

import (
	"bytes"
	"log/slog"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// streamKey names a stream of status updates.
type streamKey struct{ framework, task string }

// updateStream is the status updates of one task, first in first out. One at a time is on its way to the scheduler; the next
// follows when it is acknowledged. With a path, everything is on disk before it is told to anybody.
type updateStream struct {
	key     streamKey
	pending []*mesos.TaskStatus
	seen    map[string]bool // uuids of all updates
	latest  mesos.TaskState
	wait    time.Duration // until the head is sent again
	timer   *time.Timer
	path    string
	log     *slog.Logger
}

// push adds an update; false when it was there before.
func (s *updateStream) push(update mesos.TaskStatus) bool {
	if s.seen[string(update.UUID)] {
		return false
	}
	s.write(recordUpdate, update.MarshalBinary)
	s.add(&update)
	return true
}

func (s *updateStream) add(update *mesos.TaskStatus) {
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[string(update.UUID)] = true
	s.pending = append(s.pending, update)
	s.latest = update.State
}

// acknowledge takes the head off when the uuid is its own; ended says that it was the task's last.
func (s *updateStream) acknowledge(uuid []byte) (ended, ok bool) {
	if len(s.pending) == 0 || !bytes.Equal(s.pending[0].UUID, uuid) {
		return false, false
	}
	s.write(recordAcknowledgement, func() ([]byte, error) { return uuid, nil })
	return s.take(), true
}

func (s *updateStream) take() (ended bool) {
	head := s.pending[0]
	s.pending[0] = nil // a task that runs for long is not to hold what was acknowledged
	s.pending = s.pending[1:]
	return head.State.Terminal()
}

// stop stops sending until somebody sends again.
func (s *updateStream) stop() {
	if s.timer != nil {
		s.timer.Stop()
	}
}

// write appends to the checkpoint. A disk that fails does not keep a task's state from its scheduler.
func (s *updateStream) write(kind byte, encode func() ([]byte, error)) {
	if s.path == "" {
		return
	}
	data, err := encode()
	if err == nil {
		err = appendRecord(s.path, kind, data)
	}
	if err != nil {
		s.log.Error("cannot checkpoint a status update", "framework", s.key.framework, "task", s.key.task, "error", err)
	}
}
