package app

// What fields are where a document is silent: Marathon's defaults.

func (a *App) setDefaults() {
	*a = App{
		Instances:             1,
		CPUs:                  1,
		Mem:                   128,
		BackoffSeconds:        1,
		BackoffFactor:         1.15,
		MaxLaunchDelaySeconds: 300,
		UpgradeStrategy:       UpgradeStrategy{1, 1},
		KillSelection:         YoungestFirst,
	}
}

func (u *UpgradeStrategy) setDefaults() { *u = UpgradeStrategy{1, 1} }

func (e *ExecutorResources) setDefaults() { *e = ExecutorResources{CPUs: 0.1, Mem: 32, Disk: 10} }

func (c *Container) setDefaults() { c.Type = DockerContainer }

func (n *Network) setDefaults() { n.Mode = ContainerNetwork }

func (p *PortDefinition) setDefaults() { p.Protocol = "tcp" }

func (p *PortMapping) setDefaults() { p.Protocol = "tcp" }

func (a *Artifact) setDefaults() { a.Extract = true }

func (h *HealthCheck) setDefaults() {
	*h = HealthCheck{
		Protocol:               HTTP,
		GracePeriodSeconds:     300,
		IntervalSeconds:        60,
		TimeoutSeconds:         20,
		MaxConsecutiveFailures: 3,
		DelaySeconds:           15,
		IPProtocol:             "IPv4",
	}
}

func (c *Check) setDefaults() { *c = Check{IntervalSeconds: 60, TimeoutSeconds: 20, DelaySeconds: 15} }

func (h *HTTPCheck) setDefaults() { h.Scheme = "HTTP" }

func (r *ReadinessCheck) setDefaults() {
	*r = ReadinessCheck{
		Name:                    "readinessCheck",
		Protocol:                "HTTP",
		Path:                    "/",
		PortName:                "http-api",
		IntervalSeconds:         30,
		TimeoutSeconds:          10,
		HTTPStatusCodesForReady: []int{200},
	}
}
