package app

// normalise gives what a user did not write the value that Marathon would.
func (a *App) normalise(d Defaults) {
	if a.Role == "" {
		a.Role = d.Role
	}
	if a.Role == "" {
		a.Role = "*"
	}
	if len(a.Networks) == 0 {
		a.Networks = []Network{{Mode: HostNetwork}}
	}
	if a.Labels == nil {
		a.Labels = map[string]string{}
	}
	if a.PortDefinitions == nil && a.Networks[0].Mode == HostNetwork {
		a.PortDefinitions = []PortDefinition{{Name: "default", Protocol: "tcp"}}
	}
}
