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

// Compare tells how the definition b differs from a, of the same app. What is empty and what is absent are the same. The
// deadline of deployments changes nothing for instances: it is Scaled.
func Compare(a, b *App) Difference {
	if a == b {
		return Same
	}
	x, y := *a, *b
	x.Version, y.Version = Timestamp{}, Timestamp{}
	x.VersionInfo, y.VersionInfo = nil, nil
	if alike(reflect.ValueOf(x), reflect.ValueOf(y)) {
		return Same
	}
	x.Instances, y.Instances = 0, 0
	x.Deadline, y.Deadline = nil, nil
	if alike(reflect.ValueOf(x), reflect.ValueOf(y)) {
		return Scaled
	}
	return Changed
}

// alike is reflect.DeepEqual for our nouns, but that an empty list or map is like none.
func alike(v, w reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || w.IsNil() {
			return v.IsNil() == w.IsNil()
		}
		return alike(v.Elem(), w.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if !alike(v.Field(i), w.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if v.Len() != w.Len() {
			return false
		}
		for i := range v.Len() {
			if !alike(v.Index(i), w.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		return alikeMaps(v, w)
	}
	return v.Equal(w)
}

func alikeMaps(v, w reflect.Value) bool {
	if v.Len() != w.Len() {
		return false
	}
	for each := v.MapRange(); each.Next(); {
		other := w.MapIndex(each.Key())
		if !other.IsValid() || !alike(each.Value(), other) {
			return false
		}
	}
	return true
}
