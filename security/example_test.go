package security_test

import (
	"fmt"

	"github.com/ormosproject/ormos/security"
)

func Example() {
	opts := security.Options{
		Principal:  "web",
		SecretFile: "/etc/web/secret",
		TLS:        security.TLS{CAFile: "/etc/mesos/ca.pem", CertFile: "/etc/web/cert.pem", KeyFile: "/etc/web/key.pem"},
	}
	fmt.Println(opts)
	// Output:
	// principal web, secret from /etc/web/secret, with TLS authority /etc/mesos/ca.pem certificate /etc/web/cert.pem key /etc/web/key.pem
}
