package operator

import (
	"context"
	"fmt"
	"log/slog"
	"net"

	"github.com/ormosproject/ormos/security"
)

// Options say whom a [Master] or an [Agent] asks, and as whom. Only Address has no default. They print without what is secret.
type Options struct {
	// Address is host:port, http://host:port or https://host:port, with 5050 or 5051 for a port that is left out. The masters may also be named by
	// zk://user:password@host:port,.../path: then the one that leads is asked.
	Address string
	// Security is who we are and how connections are encrypted. Its files are read once, when the client is made; a token's file whenever it has
	// changed.
	Security security.Options
	// Logger is told of pauses and redirections; nil logs nothing.
	Logger *slog.Logger
	// Dial opens connections; nil means TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// String tells who asks whom, and holds no secret.
func (o Options) String() string {
	return fmt.Sprintf("%s, as %s", maskedAddress(o.Address, o.Security.TLS.On()), o.Security)
}

// GoString is String.
func (o Options) GoString() string { return o.String() }

// LogValue is String.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

func (o Options) logger() *slog.Logger {
	if o.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Logger
}
