package zk

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// scheme starts every ZooKeeper URL of Mesos.
const scheme = "zk://"

// URL names the servers of a ZooKeeper ensemble and a path in it, in Mesos' form
// zk://user:password@host1:port1,host2:port2/path. Make one with [ParseURL]. It prints without its password.
type URL struct {
	// Servers are host:port, at least one. An IPv6 address stands in brackets.
	Servers []string
	// Path is absolute, never the root itself and without a slash at its end.
	Path string
	// User is empty where the URL has no credentials.
	User string

	password string
}

// String gives the URL back, with *** for the password.
func (u URL) String() string {
	credentials := ""
	if u.User != "" {
		credentials = u.User + ":***@"
	}
	return scheme + credentials + strings.Join(u.Servers, ",") + u.Path
}

// GoString is String, so that %#v does not show the password either.
func (u URL) GoString() string { return u.String() }

// IsURL tells whether text is meant as a ZooKeeper URL, be it a good one or not.
func IsURL(text string) bool { return strings.HasPrefix(text, scheme) }

// ParseURL reads zk://[user:password@]host[:port],.../path. A missing port is 2181. As in Mesos nothing is
// percent-decoded and the path must be more than "/". Its errors name the part that is wrong, and never show the password.
func ParseURL(text string) (URL, error) {
	u, err := parseURL(text)
	if err != nil {
		return URL{}, fmt.Errorf("cannot read the ZooKeeper URL (zk://user:password@host:port,.../path): %w", err)
	}
	return u, nil
}

func parseURL(text string) (URL, error) {
	rest, ok := strings.CutPrefix(text, scheme)
	if !ok {
		return URL{}, errors.New("it does not start with zk://")
	}
	authority, path, _ := strings.Cut(rest, "/")
	if strings.Contains(path, "@") && !strings.Contains(authority, "@") {
		return URL{}, errors.New("its path holds an @ (a user name or a password must not hold a slash)")
	}
	var u URL
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		u.User, u.password, ok = strings.Cut(authority[:at], ":")
		if !ok || u.User == "" || u.password == "" {
			return URL{}, errors.New("its credentials are not user:password")
		}
		authority = authority[at+1:]
	}
	var err error
	if u.Servers, err = parseServers(authority); err != nil {
		return URL{}, err
	}
	if u.Path, err = parsePath(path); err != nil {
		return URL{}, err
	}
	return u, nil
}

func parseServers(authority string) ([]string, error) {
	if authority == "" {
		return nil, errors.New("it names no server")
	}
	var servers []string
	for server := range strings.SplitSeq(authority, ",") {
		host, port, err := net.SplitHostPort(server)
		if err != nil {
			host, port, err = net.SplitHostPort(server + ":2181")
		}
		if err != nil || host == "" || strings.ContainsAny(host, " \t\r\n") {
			return nil, fmt.Errorf("its server %q is not host:port", server)
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, fmt.Errorf("the port of its server %q is not a number from 1 to 65535", server)
		}
		servers = append(servers, net.JoinHostPort(host, port))
	}
	return servers, nil
}

// parsePath takes what follows the first slash. ZooKeeper forbids empty parts, "." and "..", and control characters.
func parsePath(rest string) (string, error) {
	path := strings.TrimSuffix(rest, "/")
	if path == "" {
		return "", errors.New("it has no path (such as /mesos)")
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." {
			return "", fmt.Errorf("its path %q has an empty part, \".\" or \"..\"", "/"+path)
		}
	}
	forbidden := func(r rune) bool {
		return r < 0x20 || r >= 0x7f && r <= 0x9f || r >= 0xd800 && r <= 0xf8ff || r >= 0xfff0
	}
	if strings.IndexFunc(path, forbidden) >= 0 {
		return "", fmt.Errorf("its path %q has a character that ZooKeeper forbids", "/"+path)
	}
	return "/" + path, nil
}
