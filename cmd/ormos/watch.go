package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// watching is the flag of what can be shown again and again.
type watching struct{ watch bool }

func (w *watching) flag(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&w.watch, "watch", "w", false, "show it again whenever it has changed, until Ctrl-C")
}

// run shows something once, or until ctx ends.
func (w *watching) run(ctx context.Context, s *screen, show func(*screen) error) error {
	if !w.watch {
		return show(s)
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var last string
	for {
		var b bytes.Buffer
		inner := *s
		inner.out = &b
		if err := show(&inner); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if b.String() != last {
			last = b.String()
			if s.width > 0 {
				fmt.Fprint(s.out, "\x1b[H\x1b[2J")
			}
			if _, err := fmt.Fprint(s.out, last); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
