package app

import "reflect"

// What may be written beside the fields of our nouns: what older Marathons had, what only servers write, and what comes
// later.

// beside reads a field that is none of the noun's.
type beside func(d *decoder, n *node)

// besides gives, by name, the fields that are read in another way than the noun's own.
func besides(noun reflect.Type) map[string]beside {
	switch noun {
	case reflect.TypeFor[App]():
		return besideApp()
	case reflect.TypeFor[Docker]():
		return map[string]beside{
			"network":      func(d *decoder, n *node) { into(d, n, &d.legacy.network) },
			"portMappings": func(d *decoder, n *node) { into(d, n, &d.legacy.portMappings) },
			"pullConfig":   later("secrets, and with them pullConfig,"),
			"credential": func(d *decoder, n *node) {
				d.add(n, "must be empty: credentials come by fetching a docker.tar.gz")
			},
		}
	case reflect.TypeFor[Volume]():
		return map[string]beside{
			"persistent": later("persistent volumes"),
			"external":   later("external volumes"),
			"secret":     later("secrets"),
		}
	case reflect.TypeFor[groupFields]():
		return map[string]beside{"pods": later("pods")}
	}
	return nil
}

func besideApp() map[string]beside {
	return map[string]beside{
		"ports":     func(d *decoder, n *node) { into(d, n, &d.legacy.ports) },
		"uris":      func(d *decoder, n *node) { into(d, n, &d.legacy.uris) },
		"ipAddress": func(d *decoder, n *node) { into(d, n, &d.legacy.ipAddress) },

		"residency": ignore, // Marathon takes it, to no effect
		"secrets":   later("secrets"),

		"versionInfo":           fromServer,
		"tasksStaged":           fromServer,
		"tasksRunning":          fromServer,
		"tasksHealthy":          fromServer,
		"tasksUnhealthy":        fromServer,
		"deployments":           fromServer,
		"readinessCheckResults": fromServer,
		"tasks":                 fromServer,
		"lastTaskFailure":       fromServer,
		"tasksStats":            fromServer,
	}
}

func ignore(*decoder, *node) {}

// fromServer ignores what a server tells of an app, so that what it has answered can be sent back.
func fromServer(d *decoder, _ *node) { d.legacy.fromServer = true }

// later refuses what is not there yet, unless it is empty.
func later(what string) beside {
	return func(d *decoder, n *node) {
		if len(n.items) > 0 || n.kind != list && n.kind != object {
			d.add(n, what+" are not supported yet: they come with a later version")
		}
	}
}

func into[T any](d *decoder, n *node, v *T) { d.read(n, reflect.ValueOf(v).Elem()) }
