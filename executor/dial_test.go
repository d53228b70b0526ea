package executor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/security"
)

// certificate is one that signs itself, for client and server.
type certificate struct {
	cert, key string // files
	pool      *x509.CertPool
}

func newCertificate(t *testing.T) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c := certificate{cert: filepath.Join(t.TempDir(), "cert.pem"), key: filepath.Join(t.TempDir(), "key.pem"), pool: x509.NewCertPool()}
	write(t, c.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, c.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	c.pool.AddCert(parsed)
	return c
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// secure makes the agent speak TLS only, with those who have the client's certificate.
func (a *agent) secure(own, client certificate) *Environment {
	a.t.Helper()
	pair, err := tls.LoadX509KeyPair(own.cert, own.key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.serve(tls.NewListener(a.listener, &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: client.pool, ClientAuth: tls.RequireAndVerifyClientCert,
	}))
	env := a.environment()
	env.Agent = strings.Replace(env.Agent, "http:", "https:", 1)
	return env
}

// A token goes over TLS too, on the stream and with each call, with the certificates that the agent's environment names.
func TestTLS(t *testing.T) {
	a, agents, ours := listen(t), newCertificate(t), newCertificate(t)
	env := a.secure(agents, ours)
	env.TLS = security.TLS{CAFile: agents.cert, CertFile: ours.cert, KeyFile: ours.key}
	r := a.drive(func(o *Options) { o.Environment = env })
	s := a.subscribed()
	s.launch("t")
	next[*EventLaunch](r)
	r.update("t", mesos.TaskFinished)
	r.Stop()
	s.acknowledge(a.updated())
	if err := r.ends(); err != nil {
		t.Error(err)
	}
	if got := a.header.Get("Authorization"); got != "Bearer token" {
		t.Errorf("Authorization = %q", got)
	}
}

// To an agent whose certificate somebody else has signed nothing is told, least of all the token.
func TestUntrustedAgent(t *testing.T) {
	a, agents, ours := listen(t), newCertificate(t), newCertificate(t)
	env := a.secure(agents, ours)
	env.TLS, env.Checkpoint = security.TLS{CAFile: ours.cert, CertFile: ours.cert, KeyFile: ours.key}, false
	r := a.drive(func(o *Options) { o.Environment = env })
	if err := r.ends(); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("err = %v", err)
	}
	if a.header != nil {
		t.Errorf("the agent was told %v", a.header)
	}
}

func TestFilesForTLS(t *testing.T) {
	c := newCertificate(t)
	for want, change := range map[string]func(*Environment){
		"no such file":           func(e *Environment) { e.TLS.CAFile = filepath.Join(t.TempDir(), "none") },
		"holds no certificate":   func(e *Environment) { e.TLS.CAFile = c.key },
		"the client certificate": func(e *Environment) { e.TLS.CertFile, e.TLS.KeyFile = c.cert, c.cert },
	} {
		env := &Environment{Agent: "https://127.0.0.1:1/slave(1)/api/v1/executor", FrameworkID: "f", ExecutorID: "e"}
		change(env)
		if _, err := New(Options{Environment: env}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v, want %q", err, want)
		}
	}
}

func TestUnixSocket(t *testing.T) {
	a := listen(t)
	socket := filepath.Join(t.TempDir(), "agent")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	_ = a.listener.Close()
	a.serve(listener)
	r := a.drive(func(o *Options) { o.Environment.Socket = socket })
	s := a.subscribed()
	s.launch("t")
	next[*EventLaunch](r)
	r.update("t", mesos.TaskRunning)
	a.updated()
}
