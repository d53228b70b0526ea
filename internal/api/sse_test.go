package api

import (
	"bufio"
	"fmt"
	"strings"
)

// subscription is one event as a client reads it.
type subscription struct {
	id, kind string
	data     []byte
}

// read reads one event from text.
func (s *subscription) read(text string) error {
	return s.next(bufio.NewReader(strings.NewReader(text)))
}

// next reads one event; lines that are empty before it are the server's sign of life.
func (s *subscription) next(r *bufio.Reader) error {
	*s = subscription{}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			if s.kind == "" {
				continue
			}
			return nil
		}
		name, value, ok := strings.Cut(line, ": ")
		switch {
		case !ok:
			return fmt.Errorf("a line %q", line)
		case name == "id":
			s.id = value
		case name == "event":
			s.kind = value
		case name == "data" && s.data == nil:
			s.data = []byte(value)
		default:
			return fmt.Errorf("a line %q", line)
		}
	}
}
