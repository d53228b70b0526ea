package app

// A Group is a folder of apps and groups. The root's ID is "/". Groups are shared like apps: nobody changes one.
type Group struct {
	ID           ID        `json:"id"`
	Apps         []*App    `json:"apps,omitempty"`
	Groups       []*Group  `json:"groups,omitempty"`
	Dependencies []ID      `json:"dependencies,omitempty"`
	Version      Timestamp `json:"version"`
	// EnforceRole has the apps below a top-level group use the group's name as their role; nil everywhere else.
	EnforceRole *bool `json:"enforceRole,omitempty"`
}
