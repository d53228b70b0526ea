package framework

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"log/slog"
	"net"
	"os"

	"github.com/ormosproject/ormos/internal/api"
	"github.com/ormosproject/ormos/internal/engine"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/scheduler"
)

// FailoverTimeout is for how long Mesos lets the tasks run while no scheduler is subscribed, in seconds: a week, as Marathon's.
const FailoverTimeout = 7 * 24 * 3600

// DefaultName is the framework's.
const DefaultName = "ormos"

// Options say what Run is for. Scheduler.Master and Store have no default.
type Options struct {
	// Scheduler says where the masters are, who we are, and as what to subscribe. Of its Framework, what is not set is filled in: Name,
	// Checkpoint, FailoverTimeout, Hostname, WebUIURL. Roles and Capabilities are always ours. FrameworkID is kept in the Store.
	Scheduler scheduler.Options
	// GPUs has agents with GPUs offered.
	GPUs bool
	// Store keeps all that has to outlive the process.
	Store scheduler.Store
	// BackupDir is where the records are kept as they were before this version of the program upgrades those of an older one. Empty keeps nothing.
	BackupDir string
	// Engine is how the engine decides. Seed, Principal and Serve are filled in.
	Engine engine.Options
	// Listen is where the API listens. With AnyPort it takes any free port of that host where the port is taken.
	Listen  api.ServerOptions
	AnyPort bool
	// API says who is let in and how much. Framework, Hub, Metrics, Backup and Abdicate are filled in, and Server's URL and Config.
	API api.Options
	// Artifact is where agents fetch this program, which is Ormos' own executor too (the verb executor), for apps with serve.
	Artifact scheduler.ArtifactOptions
	// Ready is told, once, when requests are answered. It may be nil.
	Ready func(*Server)
	// Logger hears what goes wrong and, at the level Info, what goes on; nil drops it.
	Logger *slog.Logger
}

// complete fills in what does not depend on what runs.
func (o Options) complete() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Scheduler.Dial == nil {
		o.Scheduler.Dial = new(net.Dialer).DialContext
	}
	o.Scheduler.Logger, o.Listen.Log, o.API.Log, o.Artifact.Logger = o.Logger, o.Logger, o.Logger, o.Logger
	info := o.Scheduler.Framework.Clone()
	info.Name = cmp.Or(info.Name, DefaultName)
	info.Roles, info.Role = nil, nil
	info.Capabilities = scheduler.Capabilities{
		PartitionAware: true, TaskKillingState: true, MultiRole: true, RegionAware: true, GPUResources: o.GPUs,
	}.List()
	if info.Checkpoint == nil {
		info.Checkpoint = new(true)
	}
	if info.FailoverTimeout == nil {
		info.FailoverTimeout = new(float64(FailoverTimeout))
	}
	if host, err := os.Hostname(); info.Hostname == nil && err == nil {
		info.Hostname = &host
	}
	o.Scheduler.Framework = *info
	o.Engine.Principal = cmp.Or(o.Engine.Principal, info.GetPrincipal(), o.Scheduler.Security.Principal)
	o.Engine.Defaults.Role = cmp.Or(o.Engine.Defaults.Role, o.Engine.Role)
	o.Engine.PerOffer = cmp.Or(o.Engine.PerOffer, -1) // what an offer has left over would be refused for a while
	o.Engine.Seed = randomSeed()
	return o
}

func randomSeed() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}

// config is what /v2/info tells of the options, under Marathon's names.
func (o *Options) config(info *mesos.FrameworkInfo) map[string]any {
	return map[string]any{
		"master": o.Scheduler.Master, "framework_name": info.Name, "checkpoint": info.GetCheckpoint(),
		"failover_timeout": int64(info.GetFailoverTimeout()), "hostname": info.GetHostname(), "webui_url": info.GetWebUIURL(), "mesos_user": info.User,
		"mesos_role": cmp.Or(o.Engine.Role, "*"), "executor": cmp.Or(o.Engine.Executor, "//cmd"), "env_vars_prefix": o.Engine.EnvPrefix,
		"default_network_name": o.Engine.Defaults.NetworkName, "ha": false, "max_running_deployments": cmp.Or(o.Engine.MaxDeployments, 100),
	}
}
