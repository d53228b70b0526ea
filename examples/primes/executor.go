package main

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ormosproject/ormos/executor"
	"github.com/ormosproject/ormos/mesos"
)

// execute counts primes in as many ranges at a time as there are tasks.
func execute(ctx context.Context) error {
	return executor.Run(ctx, executor.RunOptions{Idle: time.Minute}, func(ctx context.Context, task *executor.Task) error {
		var from, to int64
		if _, err := fmt.Sscan(string(task.Info.Data), &from, &to); err != nil {
			return fmt.Errorf("cannot read the range: %w", err)
		}
		if err := task.Running(); err != nil {
			return err
		}
		primes := 0
		for n := from; n < to && ctx.Err() == nil; n++ {
			if big.NewInt(n).ProbablyPrime(0) {
				primes++
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx) // killed
		}
		return task.Update(mesos.TaskStatus{State: mesos.TaskFinished, Data: fmt.Append(nil, primes)})
	})
}
