// Package security is how a framework or an operator proves who it is, and knows whom it talks to: one block of options that the packages
// scheduler and operator share.
//
//	opts := scheduler.Options{
//		Master: "zk://10.0.0.1:2181,10.0.0.2:2181/mesos",
//		Security: security.Options{
//			Principal:  "web",
//			SecretFile: "/etc/web/secret",
//			TLS:        security.TLS{CAFile: "/etc/mesos/ca.pem"},
//		},
//	}
//
// The zero value authenticates nobody and encrypts nothing unless the address says https; then the system's certificate authorities are believed.
// The credentials of ZooKeeper stand in its URL, zk://user:password@host:port/path.
//
// # The caller's duties
//
//   - Encrypt, or trust the network: without https whoever can read the traffic can have the secret.
//   - Keep secrets in files that only their owner can read. Others get a warning in the log.
//   - Take care where a [Secret] is turned into a string: the type prints as ***, its text does not. A struct's unexported fields are printed
//     by package fmt without asking them; do not print such a struct.
package security
