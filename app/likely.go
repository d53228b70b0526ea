package app

import (
	"reflect"
	"slices"
	"strings"
)

// unknown says that a type has no such field, and which one may have been meant: one of its own, or one of another part
// of an app.
func (d *decoder) unknown(name string, in reflect.Type) string {
	const message = "unknown field"
	var names []string
	for _, f := range d.shape(in).fields {
		names = append(names, f.name)
	}
	for other := range d.shape(in).besides {
		names = append(names, other)
	}
	slices.Sort(names)
	if likely := nearest(name, names); likely != "" {
		return message + ", did you mean " + likely + "?"
	}
	if home := d.home(name, reflect.TypeFor[App](), ""); home != "" {
		return message + ", it belongs to " + home
	}
	return message
}

// home finds where in an app a field of that name belongs, by its path; "" when there is no such field.
func (d *decoder) home(name string, t reflect.Type, path string) string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[Timestamp]() {
		return ""
	}
	fields := d.shape(t).fields
	if find(fields, name) != nil {
		if path == "" {
			return "the app itself"
		}
		return path
	}
	for _, f := range fields {
		if home := d.home(name, t.FieldByIndex(f.index).Type, path+"/"+f.name); home != "" {
			return home
		}
	}
	return ""
}

// Likely gives the word that was probably meant, for "did you mean"; empty when none is near.
func Likely(word string, words []string) string { return nearest(word, words) }

// nearest gives the word that was probably meant: the one with the fewest slips, if they are few for its length.
func nearest(word string, words []string) string {
	best, least := "", len(word)/3+1
	for _, w := range words {
		if strings.EqualFold(w, word) || len(word) > 3 && strings.HasPrefix(strings.ToLower(w), strings.ToLower(word)) {
			return w
		}
		if slips := distance(strings.ToLower(word), strings.ToLower(w)); slips < least || slips == least && best == "" {
			best, least = w, slips
		}
	}
	return best
}

// distance counts the letters to add, drop, change or swap with their neighbour to make b of a.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 { // no field's name: not worth the time
		return 64
	}
	var before, last [65]int
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		var row [65]int
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
