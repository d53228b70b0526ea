package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ormosproject/ormos/app"
)

// desired is what files want, beside what there is.
type desired struct {
	parts   []app.Part
	files   []string // of the parts
	changes []appChange
}

// wanted reads files and compares them with what there is.
func wanted(ctx context.Context, client *app.Client, files []string, stdin io.Reader) (*desired, error) {
	d := &desired{}
	server, err := client.Server(ctx)
	if err != nil {
		return nil, err
	}
	defaults := app.Defaults{Role: server.Config.MesosRole, NetworkName: server.Config.DefaultNetworkName}
	for _, file := range files {
		parts, err := readParts(file, stdin)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			if err := d.distinct(file, part); err != nil {
				return nil, err
			}
			changes, err := changesOf(ctx, client, part, defaults)
			if err != nil {
				return nil, inFile(file, err)
			}
			d.changes = append(d.changes, changes...)
			d.parts, d.files = append(d.parts, part), append(d.files, file)
		}
	}
	return d, nil
}

// distinct finds out that what a part defines is in another one, too: then it would not be clear which of them counts.
func (d *desired) distinct(file string, part app.Part) error {
	id := part.ID().Under(app.Root)
	for i, other := range d.parts {
		there := other.ID().Under(app.Root)
		switch {
		case id == there:
			return fmt.Errorf("%s and %s both define %s; leave one of them out", d.files[i], file, id)
		case other.Group != nil && id.In(there):
			return fmt.Errorf("%s defines %s, which is in the group %s of %s; leave one of them out", file, id, there, d.files[i])
		case part.Group != nil && there.In(id):
			return fmt.Errorf("%s defines %s, which is in the group %s of %s; leave one of them out", d.files[i], there, id, file)
		}
	}
	return nil
}

// body is all parts, for one request.
func (d *desired) body() []byte {
	if len(d.parts) == 1 {
		return d.parts[0].JSON()
	}
	all := make([][]byte, len(d.parts))
	for i, part := range d.parts {
		all[i] = part.JSON()
	}
	return append(append([]byte{'['}, bytes.Join(all, []byte{','})...), ']')
}

// changesOf tells what would become of the apps of one part.
func changesOf(ctx context.Context, client *app.Client, part app.Part, defaults app.Defaults) ([]appChange, error) {
	id := part.ID().Under(app.Root)
	if part.Group != nil {
		old, err := groupNow(ctx, client, id)
		if err != nil {
			return nil, err
		}
		changed, err := part.Group.Apply(old, defaults)
		if err != nil {
			return nil, err
		}
		return compare(appsIn(old), appsIn(changed)), nil
	}
	var old []*app.App
	info, err := client.App(ctx, id)
	switch {
	case err == nil:
		old = append(old, &info.App)
	case !isMissing(err):
		return nil, err
	}
	var before *app.App
	if len(old) > 0 {
		before = old[0]
	}
	changed, err := part.App.ApplyFull(before, app.Root, defaults)
	if err != nil {
		return nil, err
	}
	return compare(old, []*app.App{changed}), nil
}

// groupNow gives a group as it is; one that is missing is empty.
func groupNow(ctx context.Context, client *app.Client, id app.ID) (*app.Group, error) {
	info, err := client.Group(ctx, id)
	if isMissing(err) {
		return &app.Group{ID: id}, nil
	}
	if err != nil {
		return nil, err
	}
	return groupOf(info), nil
}

// groupOf takes what runs away from a group.
func groupOf(info *app.GroupInfo) *app.Group {
	g := &app.Group{ID: info.ID, Dependencies: info.Dependencies, Version: info.Version, EnforceRole: info.EnforceRole}
	for i := range info.Apps {
		g.Apps = append(g.Apps, &info.Apps[i].App)
	}
	for i := range info.Groups {
		g.Groups = append(g.Groups, groupOf(&info.Groups[i]))
	}
	return g
}

// isMissing tells whether the server says that there is no such thing.
func isMissing(err error) bool {
	refused, ok := errors.AsType[*app.Error](err)
	return ok && refused.Code == app.NotFound
}
