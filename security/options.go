package security

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// Options say who we are. The zero value is nobody. They print without what is secret.
type Options struct {
	// Principal is the name that the master or agent knows us by, and Secret what proves it, by HTTP Basic authentication. SecretFile is the file
	// that holds the secret instead. A principal may have no secret.
	Principal  string
	Secret     Secret
	SecretFile string
	// Token is sent as "Authorization: Bearer" instead of principal and secret; the principal then only names the framework's. TokenFile is the
	// file that holds the token instead. It is read again when it has changed.
	Token     Secret
	TokenFile string
	// TLS is how connections are encrypted.
	TLS TLS
}

// String tells who we are and how that is proved, and holds no secret.
func (o Options) String() string {
	var parts []string
	add := func(what, text string) {
		if text != "" {
			parts = append(parts, what+" "+text)
		}
	}
	add("principal", o.Principal)
	add("secret", o.Secret.String())
	add("secret from", o.SecretFile)
	add("token", o.Token.String())
	add("token from", o.TokenFile)
	add("with", o.TLS.String())
	if len(parts) == 0 {
		return "nobody"
	}
	return strings.Join(parts, ", ")
}

// GoString is String.
func (o Options) GoString() string { return o.String() }

// LogValue is String.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// check finds what contradicts itself.
func (o Options) check() error {
	switch hasSecret, hasToken := o.Secret != "" || o.SecretFile != "", o.Token != "" || o.TokenFile != ""; {
	case o.Secret != "" && o.SecretFile != "":
		return errors.New("there is a secret and a file of the secret: give one of them")
	case o.Token != "" && o.TokenFile != "":
		return errors.New("there is a token and a file of the token: give one of them")
	case hasSecret && hasToken:
		return errors.New("there is a secret and a token: give one of them")
	case hasSecret && o.Principal == "":
		return errors.New("there is a secret but no principal")
	case strings.Contains(o.Principal, ":") && !hasToken:
		return fmt.Errorf("the principal %q holds a colon, which HTTP Basic authentication does not allow", o.Principal)
	}
	return nil
}

// Load checks the options and reads their files. It warns of files that more people can read than should; log may be nil. Its errors
// name the file.
func (o Options) Load(log *slog.Logger) (*Credentials, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	c := &Credentials{principal: o.Principal, secret: o.Secret, log: log}
	var err error
	if c.TLS, err = o.TLS.Config(log); err != nil {
		return nil, err
	}
	if o.SecretFile != "" {
		if c.secret, err = readSecret(o.SecretFile, "secret", log); err != nil {
			return nil, err
		}
	}
	if o.Token == "" && o.TokenFile == "" {
		return c, nil
	}
	c.token, err = newToken(o.Token, o.TokenFile, log)
	return c, err
}
