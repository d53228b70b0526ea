package executor

import (
	"context"
	"net"
	"strings"

	"github.com/ormosproject/ormos/internal/wire"
)

// connect decides how connections to the agent are opened.
func (d *Driver) connect() error {
	d.dialer = wire.Dialer{Dial: d.opts.Dial}
	if d.dialer.Dial == nil && d.env.Socket != "" {
		d.dialer.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", d.env.Socket)
		}
	}
	if !strings.HasPrefix(d.env.Agent, "https:") {
		return nil
	}
	var err error
	d.dialer.TLS, err = d.env.TLS.Config(d.opts.Logger)
	return err
}
