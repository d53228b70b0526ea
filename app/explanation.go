package app

// Explanation is why instances of an app wait: on our own endpoint, and for people by its String.
type Explanation struct {
	// App is the one that was asked about.
	App ID `json:"app"`
	// At is when it was asked for: what is in it was so then.
	At Timestamp `json:"at"`
	// Wanted is how many instances the app is to have, Placed how many have a place.
	Wanted int `json:"wanted"`
	Placed int `json:"placed"`
	// Waiting are the instances that wait, by the definition that they wait with: those of one wait for the same.
	Waiting []Waiting `json:"waiting,omitempty"`
	// Delay is the back-off after failures, during which no offers are looked at; nil without one.
	Delay *Backoff `json:"delay,omitempty"`
	// LastFailure is what the back-off is about.
	LastFailure *TaskFailure `json:"lastFailure,omitempty"`
	// Disconnected tells that there is no master that could offer anything.
	Disconnected bool `json:"disconnected,omitempty"`
}

// Backoff is a pause after failures.
type Backoff struct {
	// Failures is how many there were in a row, Until when the next try is.
	Failures int       `json:"failures"`
	Until    Timestamp `json:"until"`
}

// Waiting is what instances of one definition wait for.
type Waiting struct {
	// Version is their definition, Instances are their ids.
	Version   Timestamp `json:"version"`
	Instances []string  `json:"instances"`
	// Since is when the first of them came to be scheduled.
	Since Timestamp `json:"since"`
	// Wrong is set when no offer can ever serve them.
	Wrong string `json:"wrong,omitempty"`
	// Offers is how many agents' last offers were looked at, Latest when the last of them came; nil when there was none.
	Offers int        `json:"offers"`
	Latest *Timestamp `json:"latest,omitempty"`
	// Funnel counts the offers by what they failed at first.
	Funnel []Obstacle `json:"funnel,omitempty"`
	// Misses are the offers with all that is in the way, those with the least first, up to 10.
	Misses []Miss `json:"misses,omitempty"`
	// Remedies are what would have to be different in the definition for one instance to fit on the first of Misses.
	Remedies []Remedy `json:"remedies,omitempty"`
	// Fits are hosts that would serve it by their last offers: the next offers of theirs will.
	Fits []string `json:"fits,omitempty"`
}

// Obstacle is one reason why offers do not serve.
type Obstacle struct {
	// Reason is Marathon's name of it, Name what it is about: a constraint, resource, port or role.
	Reason string `json:"reason"`
	Name   string `json:"name,omitempty"`
	// Processed offers came so far, and Declined of them failed here.
	Processed int `json:"processed"`
	Declined  int `json:"declined"`
}

// Miss is an offer that does not serve.
type Miss struct {
	// Host and AgentID are the agent's, Offered is when it was offered.
	Host    string    `json:"host"`
	AgentID string    `json:"slaveId"`
	Offered Timestamp `json:"offered"`
	// Missing says all that is in the way.
	Missing []Missing `json:"missing"`
}

// Missing is one thing that is in the way on one agent.
type Missing struct {
	// Reason is in Marathon's words, such as InsufficientCpus; Name is the resource or the constraint's field.
	Reason string `json:"reason"`
	Name   string `json:"name,omitempty"`
	// Text says it for people: 0.5 cpus are missing.
	Text string `json:"text"`
	// Wanted and Offered are amounts of a resource.
	Wanted  float64 `json:"wanted,omitempty"`
	Offered float64 `json:"offered,omitempty"`
}

// Remedy is a change of a definition that helps.
type Remedy struct {
	// Path is the field's, as in a Detail.
	Path string `json:"path"`
	// Text says for people what to do: ask for 0.5 cpus, not 1.
	Text string `json:"text"`
	// Value is what the field would have to be, where that is one value.
	Value any `json:"value,omitempty"`
}
