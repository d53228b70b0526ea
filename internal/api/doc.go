// Package api is the framework's REST API: Marathon's /v2 as Marathon answers it, and what is ours below /v1.
package api

import (
	"context"

	"github.com/ormosproject/ormos/internal/engine"
)

// Framework is what the routes need of the framework.
type Framework interface {
	// View is what there is now.
	View() *engine.View
	// Do has the engine carry out a command, and returns when what it decided is saved. The error is about the framework
	// (it ends, ctx ended); what is wrong with the command is in the result.
	Do(ctx context.Context, c engine.Command) (engine.Result, error)
}
