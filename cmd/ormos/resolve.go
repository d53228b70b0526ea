package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ormosproject/ormos/app"
)

// choose finds the one that a user means among names: that very one, the only one whose last part it is, or the only one that it begins. What is the noun for
// errors.
func choose(what, word string, names []string) (string, error) {
	wanted := strings.Trim(word, "/")
	for _, is := range []func(string) bool{
		func(name string) bool { return name == word || strings.Trim(name, "/") == wanted },
		func(name string) bool { return string(app.ID(name).Name()) == wanted },
		func(name string) bool { return wanted != "" && strings.HasPrefix(strings.Trim(name, "/"), wanted) },
		func(name string) bool { return wanted != "" && strings.HasPrefix(string(app.ID(name).Name()), wanted) },
	} {
		var found []string
		for _, name := range names {
			if is(name) {
				found = append(found, name)
			}
		}
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			slices.Sort(found)
			return "", fmt.Errorf("%q may be any of %s; say more of it", word, some(found))
		}
	}
	return "", unknown(what, word, names)
}

// unknown says that there is no such thing, and what may have been meant.
func unknown(what, word string, names []string) error {
	var last []string
	for _, name := range names {
		last = append(last, strings.Trim(name, "/"), string(app.ID(name).Name()))
	}
	if likely := app.Likely(strings.Trim(word, "/"), last); likely != "" {
		for _, name := range names {
			if strings.Trim(name, "/") == likely || string(app.ID(name).Name()) == likely {
				return fmt.Errorf("there is no %s %q; did you mean %s?", what, word, name)
			}
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("there is no %s %q, nor any other; 'ormos apply FILE' makes one", what, word)
	}
	return fmt.Errorf("there is no %s %q; 'ormos status' lists what there is", what, word)
}

// some lists the first of many.
func some(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// findApp gives the id of the app that a user means.
func findApp(ctx context.Context, client *app.Client, word string) (app.ID, error) {
	names, err := appNames(ctx, client)
	if err != nil {
		return "", err
	}
	found, err := choose("app", word, names)
	return app.ID(found), err
}

func appNames(ctx context.Context, client *app.Client) ([]string, error) {
	apps, err := client.Apps(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(apps))
	for i := range apps {
		names[i] = string(apps[i].ID)
	}
	return names, nil
}

// shortTask is a task's id as people can type it: the app's name and the beginning of the instance's uuid.
func shortTask(id string) string {
	name, rest, ok := strings.Cut(id, ".instance-")
	if !ok {
		return id
	}
	uuid, rest, _ := strings.Cut(rest, ".")
	short := name + "." + uuid[:min(len(uuid), 8)]
	if i := strings.LastIndexByte(rest, '.'); i >= 0 && rest[i+1:] != "1" {
		short += "." + rest[i+1:] // not the instance's first task
	}
	return short
}

// findTasks gives the tasks that a user means: all of an app, or one by its id or the beginning of it.
func findTasks(ctx context.Context, client *app.Client, word string) ([]app.Task, error) {
	tasks, err := client.Tasks(ctx)
	if err != nil {
		return nil, err
	}
	var found []app.Task
	for _, task := range tasks {
		if task.ID == word || shortTask(task.ID) == word {
			return []app.Task{task}, nil
		}
		if strings.Contains(word, ".") && (strings.HasPrefix(task.ID, word) || strings.HasPrefix(shortTask(task.ID), word)) {
			found = append(found, task)
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	id, err := findApp(ctx, client, word)
	if err != nil {
		return nil, err
	}
	for _, task := range tasks {
		if task.AppID == id {
			found = append(found, task)
		}
	}
	return found, nil
}
