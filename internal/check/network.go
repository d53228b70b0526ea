package check

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strconv"

	"github.com/ormosproject/ormos/mesos"
)

// maxRedirects is how far an HTTP check follows, as curl by itself does.
const maxRedirects = 50

func hostPort(p mesos.NetworkInfoProtocol, port uint32) string {
	host := "127.0.0.1"
	if p == mesos.NetworkInfoProtocolIPv6 {
		host = "::1"
	}
	return net.JoinHostPort(host, strconv.FormatUint(uint64(port), 10))
}

func address(scheme string, p mesos.NetworkInfoProtocol, port uint32, path string) string {
	return scheme + "://" + hostPort(p, port) + path
}

// get is the status of the answer to a GET, after redirections.
func get(ctx context.Context, url string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	client := http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			// A task's certificate names its service, hardly the address that is asked here: Mesos does not look at it either.
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		},
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

// connect tells whether somebody listens; an error says that there was no answer.
func connect(ctx context.Context, address string) (bool, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return false, ctx.Err()
	}
	return true, conn.Close()
}
