// Package api is the framework's REST API: Marathon's /v2 as Marathon answers it, and what is ours below /v1.
//
//	hub := api.NewHub(api.HubOptions{})
//	handler, err := api.New(api.Options{Framework: framework, Hub: hub})
//	server, err := api.Listen(handler, api.ServerOptions{})   // 127.0.0.1:8080
//	err = server.Run(ctx)                                     // until ctx ends
//	...
//	hub.Publish(effects.Events...)                            // from the framework's loop, after what they tell is saved
//
// All routes stand in one table, routes.go: the router, the OpenAPI file, which /v1/openapi.json gives, and the page that
// a browser finds at / are made of it.
//
// Reading never asks the framework's loop: an answer is made of one View. What a View holds is constant, so what was
// rendered of an app or a task is kept as long as the app's state lives, and nothing is rendered twice.
//
// The caller's duties: call Close of the Hub before the server ends, so that event streams end (Server.Run does it); and give
// a Framework whose View and Do may be called from many goroutines.
package api

import (
	"context"

	"github.com/ormosproject/ormos/internal/engine"
)

// Framework is what the routes need of the framework.
type Framework interface {
	// View is what there is now; nil while there is nothing yet.
	View() *engine.View
	// Do has the engine carry out a command, and returns when what it decided is saved. The error is about the framework
	// (it ends, ctx ended); what is wrong with the command is in the result.
	Do(ctx context.Context, c engine.Command) (engine.Result, error)
}
