package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/store"
)

// restoreCommand is `ormos restore`: a backup into the state of a server that does not run.
func restoreCommand() *cobra.Command {
	var o restoreOptions
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup into the state directory of a server that does not run",
		Long: `Put a backup into the state directory of a server. The server must not run; records that are there are refused, or with --force replaced,
after they were written to a backup beside them. The server that is started then takes up the framework of the backup: tasks that have been running since are found
again, those that it does not know are ended.`,
		Example: `  ormos restore ormos.backup
  ormos restore --state /var/lib/ormos --force ormos.backup`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), screenOf(cmd), args[0]) },
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&o.stateDir, "state", filepath.Join(stateDir(), "up"), "directory of the server's state")
	cmd.Flags().BoolVar(&o.force, "force", false, "replace the records that are there; they are kept in a backup beside")
	return cmd
}

type restoreOptions struct {
	stateDir string
	force    bool
}

func (o *restoreOptions) run(ctx context.Context, s *screen, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("cannot read the backup: %w", unwrapPath(err))
	}
	defer file.Close()
	backup, err := store.ReadBackup(file)
	if err != nil {
		return err
	}
	records, err := store.OpenFile(filepath.Join(o.stateDir, recordsFile))
	if errors.Is(err, store.ErrInUse) {
		return fmt.Errorf("%w; end the server that runs with %s first", err, o.stateDir)
	}
	if err != nil {
		return err
	}
	defer records.Close()
	kept, err := o.replace(ctx, records, backup)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s holds the %s of %s.\n", o.stateDir, plural(len(backup), "record"), path)
	if kept != "" {
		fmt.Fprintf(s.out, "What was there is in %s.\n", kept)
	}
	fmt.Fprintln(s.out, "Next: start the server again.")
	return nil
}

// replace puts a backup in place of the records, in one commit; what was there is kept first.
func (o *restoreOptions) replace(ctx context.Context, records *store.File, backup map[string][]byte) (kept string, err error) {
	before, err := records.Load(ctx)
	if err != nil {
		return "", err
	}
	if len(before) > 0 {
		if !o.force {
			return "", fmt.Errorf("%s holds %s already; --force replaces them", o.stateDir, plural(len(before), "record"))
		}
		if kept, err = o.keep(before); err != nil {
			return "", err
		}
	}
	changes := map[string][]byte{}
	for key := range before {
		changes[key] = nil
	}
	for key, value := range backup {
		changes[key] = value
	}
	return kept, records.Commit(ctx, changes)
}

// keep writes records to a backup that has a name of its own.
func (o *restoreOptions) keep(records map[string][]byte) (string, error) {
	for n := 1; ; n++ {
		path := filepath.Join(o.stateDir, fmt.Sprintf("before-restore-%d.backup", n))
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("cannot keep what is there: %w", unwrapPath(err))
		}
		err = store.WriteBackup(file, records)
		return path, errors.Join(err, file.Sync(), file.Close())
	}
}
