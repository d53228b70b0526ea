package master

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ormosproject/ormos/mesos"
)

// inferHealthCheck gives a health check without a type the one that its only member names.
func inferHealthCheck(h *mesos.HealthCheck) {
	if h == nil || h.Type != nil {
		return
	}
	switch {
	case h.HTTP != nil && h.Command == nil && h.TCP == nil:
		h.Type = new(mesos.HealthCheckTypeHTTP)
	case h.Command != nil && h.HTTP == nil && h.TCP == nil:
		h.Type = new(mesos.HealthCheckTypeCommand)
	}
}

func validateHealthCheck(h *mesos.HealthCheck) error {
	if h == nil {
		return nil
	}
	if err := validateHealthCheckKind(h); err != nil {
		return says("Task uses invalid health check: %w", err)
	}
	for name, value := range map[string]*float64{
		"delay_seconds": h.DelaySeconds, "grace_period_seconds": h.GracePeriodSeconds, "interval_seconds": h.IntervalSeconds,
		"timeout_seconds": h.TimeoutSeconds,
	} {
		if value != nil && *value < 0 {
			return says("Task uses invalid health check: expecting '%s' to be non-negative", name)
		}
	}
	return nil
}

func validateHealthCheckKind(h *mesos.HealthCheck) error {
	switch h.GetType() {
	case mesos.HealthCheckTypeCommand:
		if h.Command == nil {
			return errors.New("expecting 'command' to be set for COMMAND health check")
		}
		return validateCheckCommand(h.Command)
	case mesos.HealthCheckTypeHTTP:
		if h.HTTP == nil {
			return errors.New("expecting 'http' to be set for HTTP health check")
		}
		if s := h.HTTP.Scheme; s != nil && *s != "http" && *s != "https" {
			return fmt.Errorf("unsupported HTTP health check scheme: '%s'", *s)
		}
		return validatePath(h.HTTP.Path)
	case mesos.HealthCheckTypeTCP:
		if h.TCP == nil {
			return errors.New("expecting 'tcp' to be set for TCP health check")
		}
		return nil
	}
	return errors.New("'HealthCheck' must specify 'type'")
}

func validateCheck(info *mesos.TaskInfo) error {
	c := info.Check
	if c == nil {
		return nil
	}
	if err := validateCheckKind(c); err != nil {
		return says("Task uses invalid check: %w", err)
	}
	for name, value := range map[string]*float64{
		"delay_seconds": c.DelaySeconds, "interval_seconds": c.IntervalSeconds, "timeout_seconds": c.TimeoutSeconds,
	} {
		if value != nil && *value < 0 {
			return says("Task uses invalid check: expecting '%s' to be non-negative", name)
		}
	}
	return nil
}

func validateCheckKind(c *mesos.CheckInfo) error {
	switch c.GetType() {
	case mesos.CheckInfoTypeCommand:
		if c.Command == nil {
			return errors.New("expecting 'command' to be set for COMMAND check")
		}
		return validateCheckCommand(&c.Command.Command)
	case mesos.CheckInfoTypeHTTP:
		if c.HTTP == nil {
			return errors.New("expecting 'http' to be set for HTTP check")
		}
		return validatePath(c.HTTP.Path)
	case mesos.CheckInfoTypeTCP:
		if c.TCP == nil {
			return errors.New("expecting 'tcp' to be set for TCP check")
		}
		return nil
	}
	return errors.New("'CheckInfo' must specify 'type'")
}

func validateCheckCommand(c *mesos.CommandInfo) error {
	if c.Value == nil {
		return errors.New("the command must contain 'shell command' or 'executable path'")
	}
	return validateCommand(c)
}

func validatePath(path *string) error {
	if path != nil && !strings.HasPrefix(*path, "/") {
		return fmt.Errorf("the path '%s' of HTTP check must start with '/'", *path)
	}
	return nil
}

// validateCommand judges the environment of a command.
func validateCommand(c *mesos.CommandInfo) error {
	if c == nil || c.Environment == nil {
		return nil
	}
	for i := range c.Environment.Variables {
		if err := validateVariable(&c.Environment.Variables[i]); err != nil {
			return says("Environment variable '%s' %w", c.Environment.Variables[i].Name, err)
		}
	}
	return nil
}

func validateVariable(v *mesos.EnvironmentVariable) error {
	switch v.GetType() {
	case mesos.EnvironmentVariableTypeSecret:
		if v.Secret == nil {
			return errors.New("of type 'SECRET' must have a secret set")
		}
		if v.Value != nil {
			return errors.New("of type 'SECRET' must not have a value set")
		}
	case mesos.EnvironmentVariableTypeValue:
		if v.Value == nil {
			return errors.New("of type 'VALUE' must have a value set")
		}
		if v.Secret != nil {
			return errors.New("of type 'VALUE' must not have a secret set")
		}
	default:
		return errors.New("of type 'UNKNOWN' is not allowed")
	}
	return nil
}

// validateContainer judges a ContainerInfo.
func validateContainer(c *mesos.ContainerInfo) error {
	if c == nil {
		return nil
	}
	for i := range c.Volumes {
		if err := validateVolume(&c.Volumes[i]); err != nil {
			return says("Invalid volume: %w", err)
		}
	}
	if c.Type != mesos.ContainerInfoTypeDocker {
		return nil
	}
	if c.Docker == nil {
		return says("DockerInfo 'docker' is not set for DOCKER typed ContainerInfo")
	}
	for _, p := range c.Docker.Parameters {
		if p.Key == "name" {
			return says("Parameter in DockerInfo must not be 'name'")
		}
	}
	return nil
}

func validateVolume(v *mesos.Volume) error {
	set := 0
	for _, is := range []bool{v.HostPath != nil, v.Image != nil, v.Source != nil} {
		if is {
			set++
		}
	}
	if set != 1 {
		return errors.New("exactly one of 'host_path', 'image' and 'source' must be set")
	}
	return nil
}
