package agent

import (
	"cmp"
	"context"
	"log/slog"
	"syscall"
	"time"

	"github.com/ormosproject/ormos/local/internal/container"
	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
)

// Options of an agent. Address, WorkDir, Master and Containerizer are needed; the rest has defaults.
type Options struct {
	// Address is where the agent's HTTP API can be reached. An empty Hostname is the IP.
	Address link.Address
	// WorkDir holds sandboxes and checkpoints. It is made when it does not exist.
	WorkDir string
	// Resources is all that the agent offers (see Detect).
	Resources []mesos.Resource
	// Attributes are told to frameworks in offers.
	Attributes []mesos.Attribute
	// Domain is the agent's fault domain, nil for none.
	Domain *mesos.DomainInfo
	// Master is where the agent registers.
	Master link.Dialer
	// Containerizer runs what frameworks launch. NewContainerizer makes one of processes.
	Containerizer Containerizer
	// FetchStats tells what the Containerizer has fetched; nil is nothing.
	FetchStats func() container.FetchStats
	// Credentials are asked for by the operator endpoints, HTTP basic; nil asks for none.
	Credentials daemon.Credentials
	// CAFile names the file of those whom executors are to believe, where Address says that TLS is spoken.
	CAFile string
	// DestroyOnStop ends all executors when Run ends, also those that could be recovered.
	DestroyOnStop bool
	// DiskFull tells, where it is set, whether to take the disk for full whatever is on it.
	DiskFull func() bool
	// Flags have the meaning of Mesos' flags.
	Flags Flags
	// Shown are further flags, as text, for /flags and /state, which say how the agent was started.
	Shown map[string]string
	// Logger hears what happens; nil is silence.
	Logger *slog.Logger
}

// Flags are settings that are named after Mesos' flags. Zero is Mesos' default.
type Flags struct {
	// ExecutorRegistrationTimeout is how long a launched executor may take to subscribe (1 min).
	ExecutorRegistrationTimeout time.Duration
	// ExecutorReregistrationTimeout is how long a recovered executor may take to subscribe again (2 s).
	ExecutorReregistrationTimeout time.Duration
	// ExecutorShutdownGracePeriod is how long an executor may take to shut down (5 s), unless its ExecutorInfo says so.
	ExecutorShutdownGracePeriod time.Duration
	// RecoveryTimeout is how long executors try to get back to an agent that is away (15 min).
	RecoveryTimeout time.Duration
	// StatusUpdateRetryMin and Max bound the time after which an unacknowledged status update is sent again (10 s, 10 min).
	StatusUpdateRetryMin, StatusUpdateRetryMax time.Duration
	// RegistrationBackoff is the first wait of a registration that is not answered (1 s); it doubles up to 1 min.
	RegistrationBackoff time.Duration
	// HTTPCommandExecutor lets a KILL's kill policy reach the command executor, which it does not by default in Mesos.
	HTTPCommandExecutor bool
	// AuthenticateReadonly and AuthenticateReadwrite say whether the endpoints of that realm ask for credentials; nil is yes if
	// Options.Credentials are there.
	AuthenticateReadonly, AuthenticateReadwrite *bool
	// HTTPCredentials names a file of principals and secrets that hold in place of Options.Credentials; "" is none.
	HTTPCredentials string
	// AuthenticateHTTPExecutors lets executors speak for nobody but themselves, which they prove by the token that their agent gave them. It is
	// signed with what is in the file JWTSecretKey; "" gives none.
	AuthenticateHTTPExecutors bool
	JWTSecretKey              string
	// Isolation lists isolators: with cgroups/mem executors that use more memory than they were given are ended, with cgroups/cpu they get
	// CPU time as they requested it, with disk/du and EnforceContainerDiskQuota those that fill more disk are ended
	// (posix/cpu,posix/mem,filesystem/posix).
	Isolation                 string
	EnforceContainerDiskQuota bool
	// CgroupsHierarchy is where control groups are mounted (/sys/fs/cgroup), and CgroupsRoot the group below which the agent's are (mesos).
	CgroupsHierarchy, CgroupsRoot string
	// CgroupsEnableCFS limits CPU time to what was requested, CgroupsLimitSwap memory and swap together.
	CgroupsEnableCFS, CgroupsLimitSwap bool
	// ContainerDiskWatchInterval is how often it is looked what is in sandboxes (15 s).
	ContainerDiskWatchInterval time.Duration
	// GCDelay is how long sandboxes of ended executors are kept (1 week), less when the disk fills up.
	GCDelay time.Duration
	// DiskWatchInterval is how often it is checked which sandboxes are to be removed (1 min).
	DiskWatchInterval time.Duration
	// MaxCompletedExecutorsPerFramework is how many ended executors are remembered for each framework (150).
	MaxCompletedExecutorsPerFramework int
}

// complete gives f with defaults in place of zeros.
func (f Flags) complete() Flags {
	for _, d := range []struct {
		value *time.Duration
		is    time.Duration
	}{
		{&f.ExecutorRegistrationTimeout, time.Minute},
		{&f.ExecutorReregistrationTimeout, 2 * time.Second},
		{&f.ExecutorShutdownGracePeriod, 5 * time.Second},
		{&f.RecoveryTimeout, 15 * time.Minute},
		{&f.StatusUpdateRetryMin, 10 * time.Second},
		{&f.StatusUpdateRetryMax, 10 * time.Minute},
		{&f.RegistrationBackoff, time.Second},
		{&f.ContainerDiskWatchInterval, 15 * time.Second},
		{&f.GCDelay, 7 * 24 * time.Hour},
		{&f.DiskWatchInterval, time.Minute},
	} {
		if *d.value == 0 {
			*d.value = d.is
		}
	}
	f.Isolation = cmp.Or(f.Isolation, "posix/cpu,posix/mem,filesystem/posix")
	f.CgroupsHierarchy, f.CgroupsRoot = cmp.Or(f.CgroupsHierarchy, "/sys/fs/cgroup"), cmp.Or(f.CgroupsRoot, "mesos")
	if f.MaxCompletedExecutorsPerFramework == 0 {
		f.MaxCompletedExecutorsPerFramework = 150
	}
	return f
}

// Containerizer runs containers. Its methods may be called from any goroutine.
type Containerizer interface {
	// Launch fetches what the command needs and starts it. ctx ends the fetching only.
	Launch(ctx context.Context, s container.Spec) (Container, error)
	// Recover adopts a container that was launched with this checkpoint directory before the agent was killed. An error
	// means that it is gone.
	Recover(id, checkpoint string) (Container, error)
}

// Container is something that runs.
type Container interface {
	PID() int
	// Done is closed when it has ended with all of its processes.
	Done() <-chan struct{}
	// Exit tells how it ended; it is called after Done.
	Exit() container.Exit
	// Signal signals every process.
	Signal(sig syscall.Signal) error
	// Destroy kills every process and waits for their end.
	Destroy()
	// Usage measures what its processes use now.
	Usage() container.Usage
}

// NewContainerizer makes containers of processes.
func NewContainerizer(p *container.Processes) Containerizer { return processes{p} }

// processes turns concrete results into Containers.
type processes struct{ p *container.Processes }

func (c processes) Launch(ctx context.Context, s container.Spec) (Container, error) {
	launched, err := c.p.Launch(ctx, s)
	if err != nil {
		return nil, err
	}
	return launched, nil
}

func (c processes) Recover(id, checkpoint string) (Container, error) {
	recovered, err := c.p.Recover(id, checkpoint)
	if err != nil {
		return nil, err
	}
	return recovered, nil
}

var _ Container = (*container.Container)(nil)
