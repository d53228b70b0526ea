package main

import (
	"context"
	"errors"
	"io"

	"github.com/ormosproject/ormos/app"
)

// desired is what files want, beside what there is.
type desired struct {
	parts   []app.Part
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
			changes, err := changesOf(ctx, client, part, defaults)
			if err != nil {
				return nil, inFile(file, err)
			}
			d.changes = append(d.changes, changes...)
		}
		d.parts = append(d.parts, parts...)
	}
	return d, nil
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
