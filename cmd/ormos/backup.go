package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/store"
)

// backupCommand is `ormos backup`: all of a server's records in a file, while it runs.
func backupCommand() *cobra.Command {
	var o backupOptions
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write all that the server keeps into a file, while it runs",
		Long: `Write all that the server keeps into a file: apps, groups, their versions, deployments, instances, and the framework's id. It is what
there was at one moment, and is checked when it has been written. 'ormos restore' puts it back. It may hold secrets of apps: the file is for its owner alone.`,
		Example: `  ormos backup ormos.backup
  ormos backup - | gzip > ormos.backup.gz`,
		Args: cobra.ExactArgs(1),
	}
	return o.verb(cmd, o.run)
}

type backupOptions struct{ connection }

func (o *backupOptions) run(ctx context.Context, s *session, args []string) error {
	body, err := s.client.Backup(ctx)
	if err != nil {
		return err
	}
	defer body.Close()
	if args[0] == "-" {
		if _, err := io.Copy(s.out, body); err != nil {
			return fmt.Errorf("cannot pass the backup on: %w", err)
		}
		return nil
	}
	file, err := os.CreateTemp(filepath.Dir(args[0]), ".ormos-backup-*")
	if err != nil {
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			err = p.Err // the name is one of ours
		}
		return fmt.Errorf("cannot write the backup %s: %w", args[0], err)
	}
	defer os.Remove(file.Name())
	records, err := o.write(s, file, body)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), args[0]); err != nil {
		return fmt.Errorf("cannot write the backup: %w", err)
	}
	fmt.Fprintf(s.out, "%s holds %s. 'ormos restore %s' puts them back.\n", args[0], plural(records, "record"), args[0])
	return nil
}

// write writes the backup, and reads it again to see that it is whole.
func (o *backupOptions) write(s *session, file *os.File, body io.Reader) (int, error) {
	counted := &counter{Reader: body, p: &progress{screen: s.screen}}
	_, err := io.Copy(file, counted)
	counted.p.erase()
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		return 0, fmt.Errorf("cannot write the backup: %w", err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, fmt.Errorf("cannot check the backup: %w", err)
	}
	all, err := store.ReadBackup(file)
	return len(all), err
}

// counter shows how far a long read has come.
type counter struct {
	io.Reader
	p    *progress
	n    int64
	last time.Time
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	if now := time.Now(); c.p.live && now.Sub(c.last) > interval {
		c.last = now
		c.p.show(fmt.Sprintf("backup: %d KiB", c.n>>10))
	}
	return n, err
}
