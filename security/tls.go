package security

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// TLS is how connections are encrypted. All files are PEM. Where an address does not say http or https, any field that is set means https.
type TLS struct {
	// Enabled asks for https with Go's defaults where no other field is set.
	Enabled bool
	// CAFile holds the certificates of those who may have signed the other side's; empty means the system's authorities.
	CAFile string
	// CertFile is the certificate that we show, with those between it and its authority, and KeyFile its private key. Empty means that we show none.
	CertFile string
	KeyFile  string
	// ServerName is what the other side's certificate is to be for; empty means the host in its address.
	ServerName string
}

// On tells whether any field is set.
func (t TLS) On() bool { return t != TLS{} }

// String names the files; empty where no field is set.
func (t TLS) String() string {
	if !t.On() {
		return ""
	}
	text := "TLS"
	for _, part := range []struct{ name, value string }{
		{"authority", t.CAFile}, {"certificate", t.CertFile}, {"key", t.KeyFile}, {"server", t.ServerName},
	} {
		if part.value != "" {
			text += " " + part.name + " " + part.value
		}
	}
	return text
}

// Config reads the files. It is nil where no field is set: Go's defaults. It warns of a key that others than its owner can read; log may be nil.
func (t TLS) Config(log *slog.Logger) (*tls.Config, error) {
	if !t.On() {
		return nil, nil
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	config := &tls.Config{ServerName: t.ServerName}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("cannot read the certificate authority: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("cannot read the certificate authority: %s holds no certificate in PEM", t.CAFile)
		}
	}
	own, err := t.certificate(log)
	if own != nil {
		config.Certificates = []tls.Certificate{*own}
	}
	return config, err
}

// certificate is the one that we show.
func (t TLS) certificate(log *slog.Logger) (*tls.Certificate, error) {
	if t.CertFile == "" && t.KeyFile == "" {
		return nil, nil
	}
	if t.CertFile == "" || t.KeyFile == "" {
		return nil, errors.New("a client certificate needs a file of the certificate and one of its key; one of them is missing: " + t.String())
	}
	own, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
	if err != nil {
		text := strings.TrimPrefix(err.Error(), "tls: ")
		return nil, fmt.Errorf("cannot use the client certificate %s with the key %s: %s", t.CertFile, t.KeyFile, text)
	}
	if info, err := os.Stat(t.KeyFile); err == nil {
		warn(t.KeyFile, info, log)
	}
	return &own, nil
}
