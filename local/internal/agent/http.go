package agent

import (
	"github.com/ormosproject/ormos/local/internal/daemon"
)

// routes is the agent's URL space.
func (a *Agent) routes() *daemon.Mux {
	m := daemon.NewMux("slave(1)")
	m.Default("/api/v1/executor", a.executorAPI)
	m.Default("/health", daemon.Health)
	return m
}
