package app

import "reflect"

// legacy is what older Marathons understood, to be translated.
type legacy struct{}

// readOther reads a field that no noun has: deprecated ones, those of servers, and those that come later.
func (d *decoder) readOther(in reflect.Type, name string, n *node, path string) bool {
	return false
}
