package agent

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// maxReregistration is the longest executor_reregistration_timeout, as in Mesos.
const maxReregistration = 15 * time.Second

// Set sets the flag that Mesos calls name. An unknown name, and a value that cannot be read or is not allowed, are errors.
func (f *Flags) Set(name, value string) error {
	durations := f.durations()
	if d, ok := durations[name]; ok {
		return setDuration(d, name, value)
	}
	switch name {
	case "http_command_executor":
		return setWith(&f.HTTPCommandExecutor, name, value, strconv.ParseBool)
	case "authenticate_http_readonly":
		return setWith(&f.AuthenticateReadonly, name, value, someBool)
	case "authenticate_http_readwrite":
		return setWith(&f.AuthenticateReadwrite, name, value, someBool)
	case "authenticate_http_executors":
		return setWith(&f.AuthenticateHTTPExecutors, name, value, strconv.ParseBool)
	case "jwt_secret_key":
		f.JWTSecretKey = value
		return nil
	case "enforce_container_disk_quota":
		return setWith(&f.EnforceContainerDiskQuota, name, value, strconv.ParseBool)
	case "cgroups_hierarchy":
		f.CgroupsHierarchy = value
		return nil
	case "cgroups_root":
		f.CgroupsRoot = value
		return nil
	case "cgroups_enable_cfs":
		return setWith(&f.CgroupsEnableCFS, name, value, strconv.ParseBool)
	case "cgroups_limit_swap":
		return setWith(&f.CgroupsLimitSwap, name, value, strconv.ParseBool)
	case "isolation":
		return setWith(&f.Isolation, name, value, isolators)
	case "http_credentials":
		f.HTTPCredentials = value
		return nil
	case "max_completed_executors_per_framework":
		return setWith(&f.MaxCompletedExecutorsPerFramework, name, value, positive)
	}
	known := append(
		slices.Collect(maps.Keys(durations)), "authenticate_http_executors", "authenticate_http_readonly", "authenticate_http_readwrite",
		"cgroups_enable_cfs", "cgroups_hierarchy", "cgroups_limit_swap", "cgroups_root",
		"enforce_container_disk_quota", "http_command_executor", "http_credentials", "isolation", "jwt_secret_key",
		"max_completed_executors_per_framework",
	)
	slices.Sort(known)
	return fmt.Errorf("cannot set the agent's flag %q: there is none of that name; known are %s", name, strings.Join(known, ", "))
}

// isolators takes a list of those that are there; what they isolate on Mesos beyond limits is not.
func isolators(text string) (string, error) {
	known := []string{"cgroups/all", "cgroups/cpu", "cgroups/mem", "disk/du", "filesystem/posix", "posix/cpu", "posix/disk", "posix/mem"}
	for one := range strings.SplitSeq(text, ",") {
		if !slices.Contains(known, strings.TrimSpace(one)) {
			return "", fmt.Errorf("there is no isolator %q; known are %s", one, strings.Join(known, ", "))
		}
	}
	return text, nil
}

func someBool(text string) (*bool, error) {
	b, err := strconv.ParseBool(text)
	return &b, err
}

// durations are the flags that are times, by name.
func (f *Flags) durations() map[string]*time.Duration {
	return map[string]*time.Duration{
		"executor_registration_timeout":   &f.ExecutorRegistrationTimeout,
		"executor_reregistration_timeout": &f.ExecutorReregistrationTimeout,
		"executor_shutdown_grace_period":  &f.ExecutorShutdownGracePeriod,
		"recovery_timeout":                &f.RecoveryTimeout,
		"registration_backoff_factor":     &f.RegistrationBackoff,
		"container_disk_watch_interval":   &f.ContainerDiskWatchInterval,
		"gc_delay":                        &f.GCDelay,
		"disk_watch_interval":             &f.DiskWatchInterval,
	}
}

// setDuration takes what is longer than 0: in Flags 0 is the default.
func setDuration(d *time.Duration, name, value string) error {
	return setWith(d, name, value, func(text string) (time.Duration, error) {
		parsed, err := mesos.ParseDuration(text)
		switch {
		case err != nil:
			return 0, err
		case parsed <= 0:
			return 0, fmt.Errorf("%s is not longer than 0", text)
		case name == "executor_reregistration_timeout" && parsed > maxReregistration:
			return 0, fmt.Errorf("%s is longer than %s", text, mesos.FormatDuration(maxReregistration))
		}
		return parsed, nil
	})
}

func positive(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err == nil && n <= 0 {
		err = fmt.Errorf("%d is not more than 0", n)
	}
	return n, err
}

func setWith[T any](target *T, name, value string, parse func(string) (T, error)) error {
	parsed, err := parse(value)
	if err != nil {
		return fmt.Errorf("cannot set the agent's flag %s: %w", name, err)
	}
	*target = parsed
	return nil
}
