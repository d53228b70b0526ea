package local

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// encryption is how master and agents speak https; the zero value is http.
type encryption struct {
	config *tls.Config // nil: http
	ca     string      // absolute path of what executors are told to believe
}

// readTLS reads the certificate and its key.
func (s *settings) readTLS() error {
	if s.TLSCert == "" && s.TLSKey == "" && s.TLSCA == "" {
		return nil
	}
	if s.TLSCert == "" || s.TLSKey == "" {
		return errors.New("cannot speak https: a certificate and its key are needed, and one of the two files is not named")
	}
	pair, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
	if err != nil {
		return fmt.Errorf("cannot use the certificate %s with the key %s: %w", s.TLSCert, s.TLSKey, err)
	}
	s.encryption.config = &tls.Config{Certificates: []tls.Certificate{pair}}
	ca := s.TLSCA
	if ca == "" {
		ca = s.TLSCert
	}
	if s.encryption.ca, err = filepath.Abs(ca); err == nil {
		_, err = os.Stat(s.encryption.ca)
	}
	if err != nil {
		return fmt.Errorf("cannot find the certificate authority: %w", err)
	}
	return nil
}

// over is the listener with encryption, if there is any. Whether a client speaks TLS is seen by whoever serves its connection.
func (e encryption) over(l net.Listener) net.Listener {
	if e.config == nil {
		return l
	}
	return tls.NewListener(l, e.config)
}
