package attach

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/creack/pty"
)

// endOfTransmission is what ends the input of a terminal.
const endOfTransmission = 4

// Chunk is a piece of output.
type Chunk struct {
	// Stderr says that it is of stderr. All that comes through a terminal is of stdout.
	Stderr bool
	Data   []byte
}

// Session is the input and output of one command. Its methods may be called from any goroutine.
//
//	new -> started -> (output ends) -> closed
type Session struct {
	child    []*os.File // the command's ends
	in       *os.File
	out      []*os.File // stdout and stderr, or the terminal
	terminal bool
	work     sync.WaitGroup
	closing  chan struct{}
	drained  chan struct{} // closed when nothing more will be read

	mu        sync.Mutex
	log       io.WriteCloser // gets all output as well; nil for none
	closed    bool
	over      bool // nothing more will be read
	followers map[*Follower]bool
}

func newSession() *Session {
	return &Session{closing: make(chan struct{}), drained: make(chan struct{}), followers: map[*Follower]bool{}}
}

// Pipes makes a session of three pipes.
func Pipes() (*Session, error) {
	s := newSession()
	for i := range 3 {
		r, w, err := os.Pipe()
		if err != nil {
			s.closeAll()
			return nil, err
		}
		if i == 0 {
			s.child, s.in = append(s.child, r), w
		} else {
			s.child, s.out = append(s.child, w), append(s.out, r)
		}
	}
	return s, nil
}

// Terminal makes a session with a terminal of that size; 0 leaves the size to the system.
func Terminal(rows, columns uint16) (*Session, error) {
	ours, theirs, err := pty.Open()
	if err != nil {
		return nil, err
	}
	s := newSession()
	s.child, s.in, s.out, s.terminal = []*os.File{theirs, theirs, theirs}, ours, []*os.File{ours}, true
	if rows == 0 && columns == 0 {
		return s, nil
	}
	if err := s.Resize(rows, columns); err != nil {
		s.closeAll()
		return nil, err
	}
	return s, nil
}

// Files are the command's stdin, stdout and stderr. They are the session's to close.
func (s *Session) Files() []*os.File { return s.child }

// IsTerminal tells whether the files are a terminal, which the command's session has to take for its own.
func (s *Session) IsTerminal() bool { return s.terminal }

// Started begins to read what the command writes.
func (s *Session) Started() {
	for _, f := range s.child {
		f.Close() // the same one thrice is no harm
	}
	var reading sync.WaitGroup
	for i, f := range s.out {
		reading.Go(func() { s.read(f, i == 1) })
	}
	s.work.Go(func() {
		reading.Wait()
		s.end()
	})
}

// LogTo sends all output from now on to log as well, which Close closes.
func (s *Session) LogTo(log io.WriteCloser) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = log
}

// read passes output on until its end.
func (s *Session) read(f *os.File, stderr bool) {
	for {
		data := make([]byte, 16<<10)
		n, err := f.Read(data)
		if n > 0 {
			s.tell(Chunk{stderr, data[:n]})
		}
		if err != nil { // a terminal that nobody has open any more is an error, too
			return
		}
	}
}

func (s *Session) tell(c Chunk) {
	s.mu.Lock()
	followers := make([]*Follower, 0, len(s.followers))
	for f := range s.followers {
		followers = append(followers, f)
	}
	if s.log != nil {
		_, _ = s.log.Write(c.Data) // a full disk does not keep the output from those who look on
	}
	s.mu.Unlock()
	for _, f := range followers {
		select {
		case f.chunks <- c:
		case <-f.gone:
		case <-s.closing:
		}
	}
}

// end tells the followers that there is no more.
func (s *Session) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	close(s.drained)
	for f := range s.followers {
		close(f.chunks)
	}
	s.followers = nil
}

// Follow gives all output from now on.
func (s *Session) Follow() *Follower {
	f := &Follower{session: s, chunks: make(chan Chunk), gone: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		close(f.chunks)
	} else {
		s.followers[f] = true
	}
	return f
}

// Follower hears what the command writes.
type Follower struct {
	session *Session
	chunks  chan Chunk
	gone    chan struct{}
	once    sync.Once
}

// Chunks gives the output; it is closed at the output's end.
func (f *Follower) Chunks() <-chan Chunk { return f.chunks }

// Stop ends the following.
func (f *Follower) Stop() {
	f.once.Do(func() { close(f.gone) })
	f.session.mu.Lock()
	defer f.session.mu.Unlock()
	delete(f.session.followers, f)
}

// Write gives the command input. It returns with an error when ctx ends before the command has taken it.
func (s *Session) Write(ctx context.Context, data []byte) error {
	defer s.bound(ctx)()
	_, err := s.in.Write(data)
	return err
}

// bound ends a write when ctx does. The caller calls what it returns.
func (s *Session) bound(ctx context.Context) func() {
	stop := context.AfterFunc(ctx, func() { _ = s.in.SetWriteDeadline(time.Unix(1, 0)) })
	return func() {
		if !stop() {
			_ = s.in.SetWriteDeadline(time.Time{})
		}
	}
}

// EndInput tells the command that there is no more input.
func (s *Session) EndInput(ctx context.Context) error {
	if s.terminal {
		return s.Write(ctx, []byte{endOfTransmission})
	}
	return s.in.Close()
}

// Resize changes the terminal's size. It does nothing where there is none.
func (s *Session) Resize(rows, columns uint16) error {
	if !s.terminal {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed { // or the descriptor could be another file's by now
		return os.ErrClosed
	}
	return pty.Setsize(s.in, &pty.Winsize{Rows: rows, Cols: columns})
}

// Drain waits until all output was read, or ctx has ended.
func (s *Session) Drain(ctx context.Context) {
	select {
	case <-s.drained:
	case <-ctx.Done():
	}
}

// Close ends the session and waits until nothing is read any more.
func (s *Session) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		close(s.closing)
	}
	err := s.closeAll()
	s.work.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log != nil {
		err = errors.Join(err, s.log.Close())
		s.log = nil
	}
	return err
}

func (s *Session) closeAll() error {
	var failed error
	for _, f := range append(append([]*os.File{s.in}, s.out...), s.child...) {
		if f == nil {
			continue
		}
		if err := f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}
