package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/security"
)

// defaultURL is where a server is when nothing says otherwise.
const defaultURL = "http://127.0.0.1:8080"

// connection says which server a command asks, and as whom.
type connection struct {
	server, credentials, caFile string
}

// flags adds the flags of a command that asks a server.
func (c *connection) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&c.server, "server", "", "URL of the server's API (default: ORMOS_URL, else that of 'ormos up' here, else "+defaultURL+")")
	flags.StringVar(&c.credentials, "credentials", os.Getenv("ORMOS_CREDENTIALS"), "file with USER:PASSWORD for the API (default: ORMOS_CREDENTIALS)")
	flags.StringVar(&c.caFile, "ca-file", "", "file of the authority (PEM) that the API's certificate is from")
	flags.Lookup("credentials").DefValue = ""
}

// url is the server's.
func (c *connection) url() string {
	return cmp.Or(c.server, os.Getenv("ORMOS_URL"), writtenURL(), defaultURL)
}

// client gives the client of the server.
func (c *connection) client(log *slog.Logger) (*app.Client, error) {
	o := app.ClientOptions{URL: c.url()}
	who := security.Options{TLS: security.TLS{CAFile: c.caFile}}
	if c.credentials != "" {
		user, secret, err := readCredentials(c.credentials, log)
		if err != nil {
			return nil, err
		}
		who.Principal, who.Secret = user, secret
	}
	proven, err := who.Load(log)
	if err != nil {
		return nil, err
	}
	o.Authorize = proven.Authorize
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = proven.TLS
	o.HTTP = &http.Client{Transport: transport, CheckRedirect: sameServer}
	return app.NewClient(o)
}

// sameServer follows no redirection that would take credentials from https to http.
func sameServer(r *http.Request, via []*http.Request) error {
	if via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
		return errors.New("the server redirects from https to http")
	}
	if len(via) > 5 {
		return errors.New("the server redirects in circles")
	}
	return nil
}

// readCredentials reads a file of one line USER:PASSWORD.
func readCredentials(path string, log *slog.Logger) (user string, secret security.Secret, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", "", fmt.Errorf("cannot read the credentials: %w", err)
	}
	user, password, ok := strings.Cut(strings.TrimSpace(string(text)), ":")
	if !ok || user == "" || strings.Contains(password, "\n") {
		return "", "", fmt.Errorf("%s does not hold one line USER:PASSWORD", path)
	}
	if info, err := os.Stat(path); err == nil && info.Mode()&0o077 != 0 {
		log.Warn("others can read the credentials; try chmod 600", "file", path)
	}
	return user, security.Secret(password), nil
}

// unreachable tells what to do when no server answers.
func unreachable(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if _, refused := errors.AsType[*app.Error](err); refused {
		return err
	}
	if _, isURL := errors.AsType[*url.Error](err); isURL || strings.HasPrefix(err.Error(), "cannot ask ") {
		return fmt.Errorf("%w; start a server with 'ormos up', name another with --server or ORMOS_URL, or look with 'ormos doctor'", err)
	}
	return err
}

// stateDir is where `ormos up` keeps its state unless told otherwise.
func stateDir() string {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "ormos")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ".ormos"
	}
	return filepath.Join(home, ".local", "state", "ormos")
}

// writtenURL is what a running `ormos up` has written of its API; empty without.
func writtenURL() string {
	text, err := os.ReadFile(filepath.Join(stateDir(), "api"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// session is what a command that asks a server works with.
type session struct {
	*screen
	client *app.Client
}

// verb makes a command of one that asks a server.
func (c *connection) verb(cmd *cobra.Command, run func(ctx context.Context, s *session, args []string) error) *cobra.Command {
	c.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := c.client(warnings(cmd))
		if err != nil {
			return err
		}
		return unreachable(run(cmd.Context(), &session{screenOf(cmd), client}, args))
	}
	return cmd
}

// warnings is a log for what a command wants people to know.
func warnings(cmd *cobra.Command) *slog.Logger {
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// completeApp completes the id of one app, the first argument.
func (c *connection) completeApp(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c.completeApps(cmd, args, word)
}

// completeFiles completes the names of files of apps.
func completeFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeApps completes the ids of apps, as far as the server answers.
func (c *connection) completeApps(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	client, err := c.client(slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names, err := appNames(cmd.Context(), client)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var fit []string
	for _, name := range names {
		if strings.HasPrefix(word, "/") != strings.HasPrefix(name, "/") {
			name = strings.Trim(name, "/")
		}
		if strings.HasPrefix(name, word) && !slices.Contains(args, name) {
			fit = append(fit, name)
		}
	}
	return fit, cobra.ShellCompDirectiveNoFileComp
}

// recordsFile is the file of the state directory that holds the records.
const recordsFile = "records"
