package framework

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/internal/engine"
)

// keptBody is how much is kept of what a readiness check was answered.
const keptBody = 4 << 10

// ask asks once, tells the loop the answer, and returns whether it was a good one.
func (p *prober) ask(q *question) bool {
	if q.readiness >= 0 {
		return p.askReady(q)
	}
	h := &q.task.App.HealthChecks[q.health]
	cause := p.askHealth(q, h)
	if errors.Is(cause, errNoAnswer) || q.ctx.Err() != nil {
		return false
	}
	told := engine.Probed{TaskID: q.task.TaskID, Check: q.health, Alive: cause == nil}
	if cause != nil {
		told.Cause = cause.Error()
	}
	p.tell(q.ctx, told)
	return cause == nil
}

// errNoAnswer says that an answer counts neither way.
var errNoAnswer = errors.New("the answer is only an interim one")

// askHealth gives the cause why a task is not well, nil if it is.
func (p *prober) askHealth(q *question, h *app.HealthCheck) error {
	port, ok := portOf(h, q.task.Ports)
	if !ok {
		return errors.New("the task has no such port")
	}
	ctx, cancel := context.WithTimeout(q.ctx, q.timeout)
	defer cancel()
	address := net.JoinHostPort(q.task.Host, strconv.Itoa(port))
	var err error
	if h.Protocol == app.TCP {
		err = p.connect(ctx, address)
	} else {
		err = p.get(ctx, strings.ToLower(string(h.Protocol)), address, h.Path, func(r *http.Response) error {
			switch {
			case r.StatusCode >= 200 && r.StatusCode < 400:
				return nil
			case r.StatusCode < 200 && h.IgnoreHTTP1xx != nil && *h.IgnoreHTTP1xx:
				return errNoAnswer
			}
			return errors.New(r.Status)
		})
	}
	return plain(ctx, err, q.timeout)
}

// plain makes of an error what people are told.
func plain(ctx context.Context, err error, timeout time.Duration) error {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %v", timeout)
	}
	return err
}

func (p *prober) connect(ctx context.Context, address string) error {
	conn, err := p.dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	_ = conn.Close() // it was there
	return nil
}

// get asks for a page.
func (p *prober) get(ctx context.Context, scheme, address, path string, judge func(*http.Response) error) error {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+address+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "ormos")
	answer, err := p.http.Do(request)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err // what was asked is known
	}
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return judge(answer)
}

// askReady asks a readiness check and tells the answer.
func (p *prober) askReady(q *question) bool {
	r := &q.task.App.ReadinessChecks[q.readiness]
	told := engine.Readied{TaskID: q.task.TaskID, Check: q.readiness}
	if i := portNamed(q.task.App, r.PortName); i >= 0 && i < len(q.task.Ports) {
		ctx, cancel := context.WithTimeout(q.ctx, q.timeout)
		defer cancel()
		address := net.JoinHostPort(q.task.Host, strconv.Itoa(q.task.Ports[i]))
		err := p.get(ctx, strings.ToLower(r.Protocol), address, r.Path, func(answer *http.Response) error {
			body, err := io.ReadAll(io.LimitReader(answer.Body, keptBody))
			told.Response = &app.ReadinessResponse{
				Status: answer.StatusCode, ContentType: answer.Header.Get("Content-Type"), Body: strings.ToValidUTF8(string(body), "\uFFFD"),
			}
			return err
		})
		told.Ready = err == nil && slices.Contains(r.HTTPStatusCodesForReady, told.Response.Status)
	}
	if q.ctx.Err() == nil {
		p.tell(q.ctx, told)
	}
	return told.Ready
}

// portNamed is the index of the port of that name, -1 where there is none.
func portNamed(a *app.App, name string) int {
	if a.Container != nil && len(a.Container.PortMappings) > 0 {
		return slices.IndexFunc(a.Container.PortMappings, func(m app.PortMapping) bool { return m.Name == name })
	}
	return slices.IndexFunc(a.PortDefinitions, func(d app.PortDefinition) bool { return d.Name == name })
}
