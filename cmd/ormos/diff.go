package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ormosproject/ormos/app"
)

// fieldChange is a field that differs between two definitions; nil stands for none.
type fieldChange struct {
	Path string `json:"path"`
	Old  any    `json:"old"`
	New  any    `json:"new"`
}

// difference compares two definitions of an app field by field, but for what the server sets.
func difference(old, changed *app.App) []fieldChange {
	before, after := flatten(old), flatten(changed)
	var all []fieldChange
	for _, path := range slices.Sorted(maps.Keys(union(before, after))) {
		if before[path] == after[path] || assigned(path, before[path], after[path]) {
			continue
		}
		all = append(all, fieldChange{path, value(before[path]), value(after[path])})
	}
	return all
}

func union(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// assigned tells whether a port was left to the server, which has chosen one.
func assigned(path, old, changed string) bool {
	return changed == "0" && old != "" && (strings.HasSuffix(path, ".servicePort") || strings.HasPrefix(path, "portDefinitions") && strings.HasSuffix(path, ".port"))
}

// value is what stands for a field in a plan.
func value(text string) any {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

// flatten gives the fields of an app by their paths, as JSON. Empty lists and objects are as good as none.
func flatten(a *app.App) map[string]string {
	fields := map[string]string{}
	if a == nil {
		return fields
	}
	text, err := json.Marshal(a)
	if err != nil {
		return fields
	}
	var tree map[string]any
	if json.Unmarshal(text, &tree) != nil {
		return fields
	}
	delete(tree, "version")
	delete(tree, "versionInfo")
	flattenInto(fields, "", tree)
	return fields
}

func flattenInto(fields map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			flattenInto(fields, strings.TrimPrefix(path+"."+name, "."), inner)
		}
	case []any:
		for i, inner := range v {
			flattenInto(fields, fmt.Sprintf("%s(%d)", path, i), inner)
		}
	case nil:
	default:
		text, _ := json.Marshal(v) // it was JSON before
		fields[path] = string(text)
	}
}

// appChange is what would become of an app.
type appChange struct {
	ID app.ID `json:"app"`
	// Kind is create, change, scale or remove.
	Kind    string        `json:"kind"`
	Fields  []fieldChange `json:"fields,omitempty"`
	Removed int           `json:"-"`
	old     *app.App
	new     *app.App
}

// compare tells what becomes of apps: those of old that are missing in changed are removed.
func compare(old, changed []*app.App) []appChange {
	before, after := byID(old), byID(changed)
	var all []appChange
	for _, id := range slices.Sorted(maps.Keys(after)) {
		one := appChange{ID: id, Kind: "create", old: before[id], new: after[id]}
		if one.old != nil {
			one.Kind, one.Fields = "change", difference(one.old, one.new)
			if len(one.Fields) == 0 {
				continue
			}
			if len(one.Fields) == 1 && one.Fields[0].Path == "instances" {
				one.Kind = "scale"
			}
		}
		all = append(all, one)
	}
	for _, id := range slices.Sorted(maps.Keys(before)) {
		if after[id] == nil {
			all = append(all, appChange{ID: id, Kind: "remove", old: before[id]})
		}
	}
	return all
}

func byID(apps []*app.App) map[app.ID]*app.App {
	all := map[app.ID]*app.App{}
	for _, a := range apps {
		all[a.ID] = a
	}
	return all
}

// show prints the changes for people.
func showChanges(s *screen, changes []appChange) {
	for _, one := range changes {
		switch one.Kind {
		case "create":
			fmt.Fprintln(s.out, s.paint(green, fmt.Sprintf("+ %s  new, %s of %s", one.ID, plural(one.new.Instances, "instance"), does(one.new))))
		case "remove":
			fmt.Fprintln(s.out, s.paint(red, fmt.Sprintf("- %s  removed, with %s", one.ID, plural(one.old.Instances, "instance"))))
		case "scale":
			fmt.Fprintln(s.out, s.paint(yellow, fmt.Sprintf("~ %s  scaled", one.ID)))
		default:
			fmt.Fprintln(s.out, s.paint(yellow, fmt.Sprintf("~ %s  changed, all instances are replaced", one.ID)))
		}
		for _, f := range one.Fields {
			fmt.Fprintf(s.out, "    %s: %s -> %s\n", f.Path, shown(f.Old), shown(f.New))
		}
	}
}

// shown is a field's value for people.
func shown(v any) string {
	if v == nil {
		return "(none)"
	}
	text, _ := json.Marshal(v)
	return cut(printable(string(text)), 60)
}

// does says in a few words what an app runs.
func does(a *app.App) string {
	switch {
	case a.Cmd != nil:
		return fmt.Sprintf("%q", cut(printable(*a.Cmd), 50))
	case len(a.Args) > 0:
		return fmt.Sprintf("%q", cut(printable(strings.Join(a.Args, " ")), 50))
	case a.Serve != nil:
		return "a web server of ours"
	case a.Container != nil && a.Container.Docker != nil:
		return "the image " + printable(a.Container.Docker.Image)
	}
	return "nothing"
}
