package app

// Defaults are what a server fills in where an app does not say.
type Defaults struct {
	// Role is the Mesos role of apps outside groups that enforce theirs; "*" when empty.
	Role string
	// NetworkName is the container network of apps that name none; empty is an error for them.
	NetworkName string
}

// Update is an app of which every field may be missing: what a user has written. It is made by [Parse].
type Update struct{}

// GroupUpdate is a group as a user has written it. It is made by [Parse].
type GroupUpdate struct{}

// Explanation is why instances of an app wait: on our own endpoint, and for people by its String.
type Explanation struct {
	App   ID         `json:"app"`
	Since *Timestamp `json:"since,omitempty"`
}
