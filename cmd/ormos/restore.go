package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/internal/framework"
	"github.com/ormosproject/ormos/store"
)

// restoreCommand is `ormos restore`: a backup into the state of a server that does not run.
func restoreCommand() *cobra.Command {
	var o restoreOptions
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup into the state directory of a server that does not run",
		Long: `Put a backup into the state directory of a server. The server must not run; records that are there are refused, or with --force replaced,
after they were written to a backup beside them; a file that cannot be read any more is kept under another name. The server that is started then takes up the framework of the backup: tasks that have been running since are found
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
	if err := framework.CheckRecords(backup); err != nil {
		return fmt.Errorf("cannot restore %s: %w", path, err)
	}
	kept, err := o.put(ctx, backup)
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

// put puts a backup where the records are, also where they cannot be read any more.
func (o *restoreOptions) put(ctx context.Context, backup map[string][]byte) (kept string, err error) {
	path := filepath.Join(o.stateDir, recordsFile)
	records, err := store.OpenFile(path)
	switch {
	case errors.Is(err, store.ErrInUse):
		return "", fmt.Errorf("%w; end the server that runs with %s first", err, o.stateDir)
	case errors.Is(err, store.ErrDamaged), errors.Is(err, store.ErrNewer):
		if !o.force {
			return "", fmt.Errorf("%w; --force puts the backup in its place, and keeps the file under another name", err)
		}
		return o.exchange(ctx, path, backup)
	case err != nil:
		return "", err
	}
	defer records.Close()
	return o.replace(ctx, records, backup)
}

// exchange puts a new file with the backup in the place of one that cannot be read, which gets another name. At no moment is there none.
func (o *restoreOptions) exchange(ctx context.Context, path string, backup map[string][]byte) (kept string, err error) {
	dir, err := os.MkdirTemp(o.stateDir, ".restore-*")
	if err != nil {
		return "", fmt.Errorf("cannot restore: %w", unwrapPath(err))
	}
	defer os.RemoveAll(dir)
	records, err := store.OpenFile(filepath.Join(dir, recordsFile))
	if err != nil {
		return "", err
	}
	if err := errors.Join(records.Commit(ctx, backup), records.Close()); err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		kept = fmt.Sprintf("%s.unreadable-%d", path, n)
		if err = os.Link(path, kept); !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err == nil {
		err = os.Rename(records.Path(), path)
	}
	if err != nil {
		return "", fmt.Errorf("cannot restore: %w", err)
	}
	return kept, nil
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
		if kept, err = store.KeepBackup(o.stateDir, "before-restore", before); err != nil {
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
