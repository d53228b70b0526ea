package executor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/ormosproject/ormos/internal/wire"
)

// connect decides how connections to the agent are opened.
func (d *Driver) connect() error {
	d.dialer = wire.Dialer{TLS: d.opts.TLS, Dial: d.opts.Dial}
	if d.dialer.Dial == nil && d.env.Socket != "" {
		d.dialer.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", d.env.Socket)
		}
	}
	if d.dialer.TLS != nil || !strings.HasPrefix(d.env.Agent, "https:") {
		return nil
	}
	var err error
	d.dialer.TLS, err = d.env.readTLS()
	return err
}

// readTLS reads the files that the environment names.
func (e Environment) readTLS() (*tls.Config, error) {
	config := new(tls.Config)
	if e.CAFile != "" {
		pem, err := os.ReadFile(e.CAFile)
		if err != nil {
			return nil, fmt.Errorf("cannot read who signs the agent's certificate: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("cannot read who signs the agent's certificate: %s holds no certificate in PEM", e.CAFile)
		}
	}
	if e.CertFile != "" && e.KeyFile != "" {
		own, err := tls.LoadX509KeyPair(e.CertFile, e.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("cannot read our certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{own}
	}
	return config, nil
}
