package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/internal/detect"
	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/security"
)

// faultCommand is `ormos local fault`: something bad for a cluster that runs.
func faultCommand() *cobra.Command {
	var cluster faulty
	cmd := &cobra.Command{
		Use:   "fault FAULT",
		Short: "Do something bad to a running local cluster",
		Long: `Do something bad to a local cluster that runs, to see what a framework makes of it.

Faults:
` + local.FaultHelp + `
  list                    print what is in force
  heal                    end all of it`,
		Example: `  ormos local fault kill-agent 0
  ormos local fault --master 127.0.0.1:5050 delay-updates 2s
  ormos local fault heal`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, words []string) error {
			cluster.log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
			faults, err := cluster.do(cmd.Context(), words)
			if err != nil {
				return err
			}
			if words[0] == "list" {
				for _, fault := range faults {
					fmt.Fprintln(cmd.OutOrStdout(), fault)
				}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&cluster.master, "master", "127.0.0.1:5050", "the cluster's master, host:port or https://host:port")
	flags.StringVar(&cluster.security.Principal, "principal", "", "who we are, for a cluster with --credentials")
	flags.StringVar(&cluster.security.SecretFile, "secret-file", "", "file of the principal's secret")
	flags.StringVar(&cluster.security.TLS.CAFile, "ca-file", "", "file of the certificate authority of a cluster with --tls-cert")
	return cmd
}

// faulty is a running cluster.
type faulty struct {
	master   string
	security security.Options
	log      *slog.Logger
}

// maxFaultAnswer is the longest answer that is read, in bytes.
const maxFaultAnswer = 1 << 20

// do has the cluster do what the words say, and gives the faults in force then.
func (f *faulty) do(ctx context.Context, words []string) ([]string, error) {
	method, body := http.MethodPost, any(map[string]string{"fault": strings.Join(words, " ")})
	switch {
	case len(words) == 1 && words[0] == "list":
		method, body = http.MethodGet, nil
	case len(words) == 1 && words[0] == "heal":
		method, body = http.MethodDelete, nil
	}
	text, err := f.ask(ctx, method, body)
	if err != nil {
		return nil, err
	}
	var answer struct{ Faults []string }
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("%s is no local cluster: %w", f.master, err)
	}
	return answer.Faults, nil
}

// ask makes a request of the cluster's faults.
func (f *faulty) ask(ctx context.Context, method string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	url, err := detect.BaseURL(f.master, f.security.TLS.On(), detect.MasterPort)
	if err != nil {
		return nil, fmt.Errorf("cannot understand the master's address %q: %w", f.master, err)
	}
	request, err := http.NewRequestWithContext(ctx, method, url+"/ormos/faults", bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	credentials, err := f.security.Load(f.log)
	if err != nil {
		return nil, err
	}
	credentials.Authorize(request)
	client := http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: credentials.TLS, DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("cannot ask the local cluster: %w", err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxFaultAnswer))
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot read what the local cluster answers: %w", err)
	case answer.StatusCode == http.StatusNotFound:
		return nil, fmt.Errorf("%s is no local cluster: it takes no faults", f.master)
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s", cmp.Or(string(said), answer.Status))
	}
	return said, nil
}
