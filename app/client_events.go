package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
)

// maxEvent is the longest line of an event stream, in bytes: deployments of thousands of apps are long.
const maxEvent = 64 << 20

// StreamEvent is an event as it came.
type StreamEvent struct {
	// ID continues a stream behind this event; empty from Marathon.
	ID string
	// Type is the event's; new ones may come.
	Type EventType
	// Data is the event as JSON on one line.
	Data json.RawMessage
}

// EventsOptions choose events. The zero value is all from now on.
type EventsOptions struct {
	// Types are those that are wanted; none is all.
	Types []EventType
	// After continues a stream behind the event of this ID. Events that are too old to be told again are an error.
	After string
}

// Events gives what happens until ctx ends, which is no error, or the connection does, which is one: io.ErrUnexpectedEOF. Go on then behind the last event's ID.
// An event of the type [EventStreamAttached] says, to those that want it, that what happens from then on is not missed.
func (c *Client) Events(ctx context.Context, o EventsOptions) iter.Seq2[StreamEvent, error] {
	return func(yield func(StreamEvent, error) bool) {
		answer, err := c.openEvents(ctx, o)
		if err == nil {
			defer answer.Body.Close()
			err = readEvents(answer.Body, func(e StreamEvent) bool { return yield(e, nil) })
		}
		if err != nil && ctx.Err() == nil {
			yield(StreamEvent{}, err)
		}
	}
}

// openEvents opens the stream that has ids, or Marathon's where there is no such.
func (c *Client) openEvents(ctx context.Context, o EventsOptions) (*http.Response, error) {
	what := call{method: http.MethodGet, path: "/v1/events", accept: "text/event-stream", query: url.Values{}, header: http.Header{}}
	for _, t := range o.Types {
		what.query.Add("event_type", string(t))
	}
	if o.After != "" {
		what.header.Set("Last-Event-ID", o.After)
	}
	answer, err := c.send(ctx, what)
	if refused, ok := errors.AsType[*Error](err); ok && (refused.Code == NotFound || refused.Code == Invalid) {
		what.path = "/v2/events"
		return c.send(ctx, what)
	}
	return answer, err
}

// readEvents reads server-sent events until the stream ends, which is an error, or tell wants no more.
func readEvents(r io.Reader, tell func(StreamEvent) bool) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	var e StreamEvent
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) == 0 {
			if e.Data != nil && !tell(e) {
				return nil
			}
			e = StreamEvent{ID: e.ID}
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "event":
			e.Type = EventType(value)
		case "id":
			e.ID = string(value)
		case "data":
			if e.Data != nil {
				e.Data = append(e.Data, '\n')
			}
			e.Data = append(e.Data, value...)
		}
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			return fmt.Errorf("an event has more than %d bytes", maxEvent)
		}
		return fmt.Errorf("the event stream ends: %w", err)
	}
	return fmt.Errorf("the event stream ends: %w", io.ErrUnexpectedEOF)
}

// Decode gives the event as the type that belongs to it; of a type that is not known here, only its [Stamp].
func (e StreamEvent) Decode() (Event, error) {
	event := eventOf(e.Type)
	if err := json.Unmarshal(e.Data, event); err != nil {
		return nil, fmt.Errorf("cannot read the event %s: %w", e.Type, err)
	}
	return event, nil
}

// eventOf makes an empty event of a type.
func eventOf(t EventType) Event {
	switch t {
	case EventAPIPost:
		return &APIPost{}
	case EventStatusUpdate:
		return &StatusUpdate{}
	case EventInstanceChanged:
		return &InstanceChanged{}
	case EventUnknownTerminated:
		return &UnknownTerminated{}
	case EventInstanceHealth:
		return &InstanceHealth{}
	case EventAppTerminated, EventRemoveHealthCheck:
		return &AppEvent{}
	case EventAddHealthCheck:
		return &AddHealthCheck{}
	case EventFailedHealthCheck:
		return &FailedHealthCheck{}
	case EventHealthStatus:
		return &HealthStatus{}
	case EventUnhealthyKill:
		return &UnhealthyKill{}
	case EventGroupChangeSuccess, EventGroupChangeFailed:
		return &GroupChange{}
	case EventDeploymentInfo, EventDeploymentStep, EventDeploymentStepFail:
		return &DeploymentProgress{}
	case EventDeploymentSuccess, EventDeploymentFailed:
		return &DeploymentEnd{}
	case EventFrameworkMessage:
		return &FrameworkMessage{}
	case EventStreamGap:
		return &StreamGap{}
	case EventStreamAttached, EventStreamDetached:
		return &Stream{}
	case EventSchedulerRegistered, EventSchedulerAgain:
		return &SchedulerRegistered{}
	case EventSchedulerLost:
		return &SchedulerLost{}
	}
	return &Stamp{}
}
