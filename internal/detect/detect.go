// Package detect finds the leading master: behind a fixed address, in ZooKeeper, or where a master that does not lead redirects to.
//
//	d, err := detect.New("zk://10.0.0.1:2181/mesos", false, log)
//	for leader, err := range d.Detect(ctx) {
//		... leader.URL, each time that it changes
//	}
//
// The caller ends ctx, or leaves the loop, when it wants no more.
package detect

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/url"
	"strings"

	"github.com/ormosproject/ormos/zk"
)

// The ports that Mesos' daemons listen on by default.
const (
	MasterPort = "5050"
	AgentPort  = "5051"
)

// Leader is where the leading master is, or why none is known.
type Leader struct {
	URL    string // such as "http://10.0.0.1:5050", without a slash at its end; "" means none
	ID     string // of the master's process; "" if it is not known
	Reason string // why there is none
}

// A Detector follows the leading master. It yields what is known at once and then each change, until ctx ends; an error says that
// waiting will not help. It prints as the masters' address, without a password.
type Detector interface {
	fmt.Stringer
	Detect(ctx context.Context) iter.Seq2[Leader, error]
}

var (
	_ Detector = fixed("")
	_ Detector = ensemble{}
)

// New reads the address of the masters: zk://..., http://..., https://... or host:port.
func New(master string, encrypted bool, log *slog.Logger) (Detector, error) {
	if zk.IsURL(master) {
		u, err := zk.ParseURL(master)
		return ensemble{url: u, scheme: scheme(encrypted), log: log}, err
	}
	if master == "" {
		return nil, errors.New("no master is given: host:port, http(s)://host:port or zk://host:port,.../path")
	}
	base, err := BaseURL(master, encrypted, MasterPort)
	return fixed(base), err
}

func scheme(encrypted bool) string {
	if encrypted {
		return "https"
	}
	return "http"
}

// BaseURL completes the address of one master or agent, which does not end with a slash then. encrypted decides where it does not say http or https,
// port where it has none.
func BaseURL(address string, encrypted bool, port string) (string, error) {
	if !strings.Contains(address, "://") {
		address = scheme(encrypted) + "://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", errors.New("the address is none of host:port, http(s)://host:port and, for masters, zk://host:port,.../path")
	}
	if u.User != nil {
		return "", errors.New("the address holds credentials: give them in the security options")
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return strings.TrimSuffix(u.Scheme+"://"+u.Host+u.EscapedPath(), "/"), nil
}

// fixed is the URL of the one master that is asked; where it does not lead it redirects.
type fixed string

func (f fixed) String() string { return string(f) }

func (f fixed) Detect(ctx context.Context) iter.Seq2[Leader, error] {
	return func(yield func(Leader, error) bool) {
		if yield(Leader{URL: string(f)}, nil) {
			<-ctx.Done()
		}
	}
}

// ensemble finds the leader in ZooKeeper. What is registered there says nothing about encryption.
type ensemble struct {
	url    zk.URL
	scheme string
	log    *slog.Logger
}

func (e ensemble) String() string { return e.url.String() }

func (e ensemble) Detect(ctx context.Context) iter.Seq2[Leader, error] {
	return func(yield func(Leader, error) bool) {
		for l, err := range zk.Detect(ctx, e.url, zk.Options{Logger: e.log}) {
			found := Leader{Reason: l.Reason}
			if err == nil && !l.None {
				found = Leader{URL: e.scheme + "://" + l.Addr(), ID: l.ID}
			}
			if !yield(found, err) {
				return
			}
		}
	}
}

// Redirected is the URL of the master that location leads to from one at base. Only its host counts: Mesos writes
// //host:port/master/..., and the path stays the one that was asked for.
func Redirected(base, location string) (string, error) {
	from, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	to, err := url.Parse(location)
	if err != nil || to.Host == "" {
		return "", fmt.Errorf("the master redirects to %q, which is no address", location)
	}
	if to.Scheme != "" {
		if from.Scheme == "https" && to.Scheme != "https" {
			return "", fmt.Errorf("the master redirects to %s without encryption", to.Host)
		}
		if to.Scheme != "http" && to.Scheme != "https" {
			return "", fmt.Errorf("the master redirects to %q, which is no address", location)
		}
		from.Scheme = to.Scheme
	}
	from.Host = to.Host
	return from.String(), nil
}
