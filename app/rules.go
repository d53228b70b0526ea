package app

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rules checks what an app says, by itself and together. Messages are Marathon's where it has one.
type rules struct {
	*faults
	// source is where the app was written, at the path prefix of its document; nil when that is not known.
	source *node
	prefix string
	// alone leaves out what depends on several fields: those that could not be read are not what the user meant.
	alone bool
}

// add notes a fault of the value at a path below the app, "" for itself.
func (r *rules) add(path, message string) {
	line, column := r.source.locate(path)
	r.addAt(line, column, r.prefix+path, message)
}

// together notes a fault that another field has a part in.
func (r *rules) together(path, message string) {
	if !r.alone {
		r.add(path, message)
	}
}

func (r *rules) filled(path, value string) {
	if value == "" {
		r.add(path, "must not be empty")
	}
}

func (r *rules) atLeast(path string, got, least int) {
	if got < least {
		r.add(path, fmt.Sprintf("got %d, expected %d or more", got, least))
	}
}

func (r *rules) notBelow(path string, got, least float64) {
	if got < least {
		r.add(path, "got "+decimal(got)+", expected "+decimal(least)+" or more")
	}
}

func (r *rules) between(path string, got, least, most float64) {
	if got < least || got > most {
		r.add(path, "got "+decimal(got)+", expected between "+decimal(least)+" and "+decimal(most))
	}
}

func (r *rules) port(path string, got int) {
	if got < 0 || got > 65535 {
		r.add(path, fmt.Sprintf("got %d, expected between 0 and 65535", got))
	}
}

func (r *rules) length(path, value string, most int) {
	r.filled(path, value)
	if len(value) > most {
		r.add(path, fmt.Sprintf("has %d characters, expected %d at most", len(value), most))
	}
}

func (r *rules) matches(path, value string, pattern *regexp.Regexp) {
	if !pattern.MatchString(value) {
		r.add(path, "must fully match regular expression '"+pattern.String()+"'")
	}
}

func (r *rules) among(path, value string, choices ...string) {
	if !slices.Contains(choices, value) {
		r.add(path, oneOf(value, choices))
	}
}

// repeats tells whether something is in the list twice.
func repeats[T comparable](list []T) bool {
	seen := make(map[T]bool, len(list))
	for _, each := range list {
		if seen[each] {
			return true
		}
		seen[each] = true
	}
	return false
}

// decimal writes a number as Marathon does: 1 is 1.0.
func decimal(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// locate finds where the value at a path stands; when it does not, where what should have had it does.
func (n *node) locate(path string) (line, column int) {
	if n == nil {
		return 0, 0
	}
	for at := n; at != nil; at, path = at.step(path) {
		n = at
	}
	return n.line, n.column
}

// step goes down to what the first part of a path, /name or (index), leads to; nil when there is nothing.
func (n *node) step(path string) (next *node, rest string) {
	if path == "" {
		return nil, ""
	}
	end := strings.IndexAny(path[1:], "/(") + 1
	if end == 0 {
		end = len(path)
	}
	part, rest := path[:end], path[end:]
	if part[0] == '/' {
		for i, k := range n.keys {
			if k.name == part[1:] {
				return n.items[i], rest
			}
		}
		return nil, ""
	}
	i, err := strconv.Atoi(strings.Trim(part, "()"))
	if err != nil || n.kind != list || i < 0 || i >= len(n.items) {
		return nil, ""
	}
	return n.items[i], rest
}
