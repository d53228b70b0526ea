package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ormosproject/ormos/app"
)

// followed are the tasks whose files are being followed.
type followed struct {
	ends map[string]context.CancelFunc
	wg   sync.WaitGroup
	mu   sync.Mutex
	errs []error
}

// lookInterval is how often it is asked which tasks an app has.
const lookInterval = time.Second

// followAll follows the tasks that some words mean, and those that come to be, until ctx ends. A task that is gone is followed for a moment longer: its
// last words.
func (o *logsOptions) followAll(ctx context.Context, s *session, m *clusterOf, words []string, to *lines) error {
	all := &followed{ends: map[string]context.CancelFunc{}}
	defer all.wg.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	many := false
	for ctx.Err() == nil {
		tasks, err := findTasks(ctx, s.client, words...)
		if refused, ok := errors.AsType[*app.Error](err); ok && refused.Code == app.Forbidden {
			return err
		}
		if err == nil {
			many = many || len(tasks) > 1 || len(all.ends) > 0
			all.update(ctx, tasks, func(ctx context.Context, id string) error {
				name := ""
				if many {
					name = shortTask(id)
				}
				return o.task(ctx, m, id, to, name)
			})
		}
		if err := all.failed(); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return nil
}

// update begins to follow new tasks, and ends with those that are gone.
func (f *followed) update(ctx context.Context, tasks []app.Task, follow func(context.Context, string) error) {
	there := map[string]bool{}
	for _, task := range tasks {
		there[task.ID] = true
		if f.ends[task.ID] != nil || task.State == "TASK_STAGING" {
			continue
		}
		one, end := context.WithCancel(ctx)
		f.ends[task.ID] = end
		f.wg.Go(func() {
			if err := follow(one, task.ID); err != nil && one.Err() == nil {
				f.mu.Lock()
				defer f.mu.Unlock()
				f.errs = append(f.errs, fmt.Errorf("cannot follow %s: %w", shortTask(task.ID), err))
			}
		})
	}
	for id, end := range f.ends {
		if !there[id] && end != nil {
			timer := time.AfterFunc(3*lookInterval, end) // what it wrote last
			context.AfterFunc(ctx, func() { timer.Stop() })
			delete(f.ends, id)
		}
	}
}

// failed gives what went wrong, once.
func (f *followed) failed() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := errors.Join(f.errs...)
	f.errs = nil
	return err
}
