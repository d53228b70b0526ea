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

// appsOf gives the apps that a user means among names: all in a group by its id, or one as choose finds it.
func appsOf(word string, names []string) ([]app.ID, error) {
	whole := app.ID(strings.TrimRight(word, "/")).Under(app.Root)
	var all []app.ID
	for _, name := range names {
		switch id := app.ID(name); {
		case id == whole:
			return []app.ID{id}, nil
		case word != "" && id.In(whole):
			all = append(all, id)
		}
	}
	if len(all) > 0 {
		return all, nil
	}
	found, err := choose("app", word, names)
	return []app.ID{app.ID(found)}, err
}

// findTasks gives the tasks that a user means by some words, each once: all of an app, all in a group, or one by its id or the beginning of it.
func findTasks(ctx context.Context, client *app.Client, words ...string) ([]app.Task, error) {
	tasks, err := client.Tasks(ctx)
	if err != nil {
		return nil, err
	}
	var names []string // asked for once, when a word is no task's
	var found []app.Task
	for _, word := range words {
		some := tasksCalled(word, tasks)
		if len(some) == 0 {
			if names == nil {
				if names, err = appNames(ctx, client); err != nil {
					return nil, err
				}
			}
			ids, err := appsOf(word, names)
			if err != nil {
				return nil, err
			}
			some = slices.DeleteFunc(slices.Clone(tasks), func(t app.Task) bool { return !slices.Contains(ids, t.AppID) })
		}
		for _, task := range some {
			if !slices.ContainsFunc(found, func(t app.Task) bool { return t.ID == task.ID }) {
				found = append(found, task)
			}
		}
	}
	return found, nil
}

// tasksCalled are the tasks that a word names: that very one, or those that it begins.
func tasksCalled(word string, tasks []app.Task) (found []app.Task) {
	for _, task := range tasks {
		short := shortTask(task.ID)
		if task.ID == word || short == word {
			return []app.Task{task}
		}
		if strings.Contains(word, ".") && (strings.HasPrefix(task.ID, word) || strings.HasPrefix(short, word)) {
			found = append(found, task)
		}
	}
	return found
}
