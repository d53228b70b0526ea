package scheduler

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"os/user"
	"path/filepath"

	"github.com/ormosproject/ormos/internal/detect"
	"github.com/ormosproject/ormos/internal/wire"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/security"
)

// Media is how calls and events are encoded on the wire.
type Media string

const (
	// Protobuf is the default: smaller, and many times faster.
	Protobuf = Media(wire.Protobuf)
	// JSON can be read on the wire.
	JSON = Media(wire.JSON)
)

// Options say where and as what a [Session] subscribes. Only Master has no default. They print without the secret.
type Options struct {
	// Master is where the masters are: zk://user:password@host:port,.../path for those that ZooKeeper names, or the address of one,
	// host:port, http://host:port or https://host:port; a port that is left out is 5050. One that does not lead redirects to the leader.
	Master string
	// Framework describes the framework. An empty User is the user of this process, an empty Name the program's, and Principal that of
	// Security. The id comes from FrameworkID where that has one.
	//
	// FailoverTimeout, in seconds, is how long Mesos lets the tasks of a framework run that is not subscribed; by default it kills them at once. With
	// Checkpoint they outlive a restart of their agent.
	Framework mesos.FrameworkInfo
	// FrameworkID keeps the framework's id, such as [FileID]; nil keeps it in memory only.
	FrameworkID IDStore
	// SuppressedRoles are those that want no offers from the start, until Revive.
	SuppressedRoles []string
	// OfferConstraints restrict the offers (Mesos 1.11).
	OfferConstraints *mesos.OfferConstraints

	// Security is who we are and how connections are encrypted. Where Master does not say http or https, setting its TLS means https. Its files are
	// read when Events begins.
	Security security.Options

	// Media is how calls and events are encoded; empty means [Protobuf].
	Media Media
	// Backoff is for the pauses between attempts to subscribe; its state is not used.
	Backoff Backoff
	// Logger is told what the session does; nil logs nothing. A [Framework] tells it, at the level of Info, of each offer that it was accepted, or declined
	// and why, with the keys offer, agent, resources and why.
	Logger *slog.Logger
	// Dial opens connections to masters; nil means TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// String names what the options are for, and holds no secret.
func (o Options) String() string {
	return fmt.Sprintf("framework %q at %s", o.Framework.Name, o.masterText())
}

// GoString is String.
func (o Options) GoString() string { return o.String() }

// LogValue is String.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// masterText is the master's address without a password.
func (o Options) masterText() string {
	d, err := detect.New(o.Master, o.Security.TLS.On(), nil)
	if err != nil {
		return "an invalid address"
	}
	return d.String()
}

// complete fills in the defaults.
func (o Options) complete() Options {
	o.Framework = *o.Framework.Clone()
	if o.Framework.User == "" {
		if u, err := user.Current(); err == nil {
			o.Framework.User = u.Username
		}
	}
	if o.Framework.Name == "" {
		o.Framework.Name = filepath.Base(os.Args[0])
	}
	if o.Framework.Principal == nil && o.Security.Principal != "" {
		o.Framework.Principal = new(o.Security.Principal)
	}
	if o.Media == "" {
		o.Media = Protobuf
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Backoff.Reset()
	return o
}

// check finds what cannot work, before a master does.
func (o Options) check() error {
	if o.Media != Protobuf && o.Media != JSON {
		return fmt.Errorf("the media type %q is neither %s nor %s", o.Media, Protobuf, JSON)
	}
	if timeout := o.Framework.GetFailoverTimeout(); !(timeout >= 0 && timeout < math.MaxInt64/1e9) {
		return fmt.Errorf("the failover timeout of %v s is not from 0 to 292 years", timeout)
	}
	_, err := (&CallSubscribe{FrameworkInfo: o.Framework, SuppressedRoles: o.SuppressedRoles, OfferConstraints: o.OfferConstraints}).AppendBinary(nil)
	return err // that cannot be written, and never will be
}
