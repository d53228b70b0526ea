package app

import "reflect"

// Difference is what makes two definitions of an app differ.
type Difference int

// The differences.
const (
	// Same: nothing but versions.
	Same Difference = iota
	// Scaled: the number of instances only.
	Scaled
	// Changed: something that running instances have to be replaced for.
	Changed
)

// Compare tells how the definition b differs from a, of the same app. The deadline of deployments changes nothing for
// instances, yet is no scaling: it is Scaled.
func Compare(a, b *App) Difference {
	if a == b {
		return Same
	}
	x, y := *a, *b
	x.Version, y.Version = Timestamp{}, Timestamp{}
	x.VersionInfo, y.VersionInfo = nil, nil
	if reflect.DeepEqual(x, y) {
		return Same
	}
	x.Instances, y.Instances = 0, 0
	x.Deadline, y.Deadline = nil, nil
	if reflect.DeepEqual(x, y) {
		return Scaled
	}
	return Changed
}
