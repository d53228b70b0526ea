package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/ormosproject/ormos/app"
)

// initCommand is `ormos init`: a file to begin with.
func initCommand() *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write an app file to begin with",
		Long:  "Write an app file with the fields that most apps need, explained. FILE is app.yaml unless it is named.",
		Example: `  ormos init
  ormos init --id /shop/web --cmd './server --port $PORT0' web.yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.file = "app.yaml"
			if len(args) > 0 {
				o.file = args[0]
			}
			return o.run(screenOf(cmd))
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&o.id, "id", "", "the app's id (default: by the directory's name)")
	cmd.Flags().StringVar(&o.command, "cmd", "", "the command to run (default: a web server of Ormos' own says hello)")
	cmd.Flags().BoolVar(&o.force, "force", false, "write over a file that is there")
	return cmd
}

type initOptions struct {
	file, id, command string
	force             bool
}

func (o *initOptions) run(s *screen) error {
	if app.FormatOf(o.file) != app.YAML {
		return &exitError{exitCalled, fmt.Errorf("%s would not be read as YAML; name it %s.yaml", o.file, strings.TrimSuffix(o.file, filepath.Ext(o.file)))}
	}
	id, err := o.appID()
	if err != nil {
		return err
	}
	text, err := o.text(id)
	if err != nil {
		return err
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if o.force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(o.file, flags, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already; name another file, or write over it with --force", o.file)
	}
	if err != nil {
		return fmt.Errorf("cannot write the app file: %w", unwrapPath(err))
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("cannot write the app file: %w", err)
	}
	fmt.Fprintf(s.out, "%s defines the app %s. Next: 'ormos up %s' runs it here, 'ormos apply %s' on a server.\n", o.file, id, o.file, o.file)
	return nil
}

// appID is the id that was asked for, or one after the directory.
func (o *initOptions) appID() (app.ID, error) {
	if o.id != "" {
		return app.ID(o.id).Under(app.Root), nil
	}
	dir, err := filepath.Abs(filepath.Dir(o.file))
	if err != nil {
		return "", fmt.Errorf("cannot name the app after the directory: %w; use --id", err)
	}
	name := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, filepath.Base(dir)), "-")
	if name == "" {
		name = "web"
	}
	return app.ID("/" + name), nil
}

// text is the file. What was written is read back: a mistake in an id is told here.
func (o *initOptions) text(id app.ID) (string, error) {
	runs := "serve:                     # Ormos' own web server; or cmd: './server --port $PORT0'\n  body: Hello from Ormos\n"
	if o.command != "" {
		quoted, err := yaml.Marshal(map[string]string{"cmd": o.command})
		if err != nil {
			return "", fmt.Errorf("cannot write the command: %w", err)
		}
		runs = string(quoted)
	}
	text := fmt.Sprintf(starter, id, runs)
	doc, err := app.Parse([]byte(text), app.YAML)
	if err != nil {
		return "", err
	}
	update, err := doc.App()
	if err != nil {
		return "", err
	}
	_, err = update.ApplyFull(nil, app.Root, app.Defaults{})
	return text, err
}

// starter is the file, with the id and what runs.
const starter = `# An app of Ormos: Marathon's definition, as YAML.
id: %s
instances: 1               # how many of it run
%scpus: 0.1                  # processors, for each instance
mem: 32                    # MiB of memory, for each
portDefinitions:
  - name: http             # the task finds its port in $PORT0 and $PORT_HTTP
healthChecks:              # a deployment waits until they pass; what fails is replaced
  - protocol: MESOS_HTTP   # asked on the agent
    path: /
    gracePeriodSeconds: 30
    intervalSeconds: 5
    delaySeconds: 1
upgradeStrategy:
  minimumHealthCapacity: 1 # never fewer than all healthy: start the new one first
  maximumOverCapacity: 1
`
