package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
)

// eventsCommand is `ormos events`: what happens.
func eventsCommand() *cobra.Command {
	var o eventsOptions
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Follow what happens, until Ctrl-C",
		Long: `Follow what happens: instances, health, deployments, changes. When the connection breaks it goes on behind the last event; with -o json
each line is an event as Marathon's API gives it.`,
		Example: `  ormos events
  ormos events --app web --type deployment_success,deployment_failed
  ormos events -o json`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringSliceVar(&o.types, "type", nil, "only events of these types")
	cmd.Flags().StringVar(&o.app, "app", "", "only events about this app")
	cmd.Flags().StringVarP(&o.format, "output", "o", "table", "table, json")
	_ = cmd.RegisterFlagCompletionFunc("app", func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		return o.completeApps(cmd, args, word)
	})
	return o.verb(cmd, o.run)
}

type eventsOptions struct {
	connection
	types       []string
	app, format string
}

func (o *eventsOptions) run(ctx context.Context, s *session, _ []string) error {
	if o.format != "table" && o.format != "json" {
		return &exitError{exitCalled, fmt.Errorf("cannot print events as %q; use table or json", o.format)}
	}
	var id app.ID
	if o.app != "" {
		var err error
		if id, err = findApp(ctx, s.client, o.app); err != nil {
			return err
		}
	}
	var choice app.EventsOptions
	for _, t := range o.types {
		choice.Types = append(choice.Types, app.EventType(t))
	}
	return followEvents(ctx, s, choice, func(e app.StreamEvent) error {
		if id != "" && !about(e, id) {
			return nil
		}
		if o.format == "json" {
			_, err := fmt.Fprintf(s.out, "%s\n", e.Data)
			return err
		}
		_, err := fmt.Fprintln(s.out, printable(eventLine(e)))
		return err
	})
}

// followEvents passes events on until ctx ends, across lost connections. The first connection must come about.
func followEvents(ctx context.Context, s *session, choice app.EventsOptions, tell func(app.StreamEvent) error) error {
	first := true
	for ctx.Err() == nil {
		for e, err := range s.client.Events(ctx, choice) {
			if refused, ok := errors.AsType[*app.Error](err); err != nil && (first || ok && refused.Code == app.Forbidden) {
				return err
			}
			if err != nil {
				fmt.Fprintln(s.err, printable("the connection is lost, trying on: "+err.Error()))
				break
			}
			first = false
			choice.After = e.ID
			if err := tell(e); err != nil {
				return err
			}
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
	return nil
}

// subject is what events tell of what they are about.
type subject struct {
	Timestamp   app.Timestamp `json:"timestamp"`
	AppID       app.ID        `json:"appId"`
	RunSpecID   app.ID        `json:"runSpecId"`
	GroupID     app.ID        `json:"groupId"`
	TaskID      string        `json:"taskId"`
	InstanceID  string        `json:"instanceId"`
	TaskStatus  string        `json:"taskStatus"`
	Condition   string        `json:"condition"`
	Host        string        `json:"host"`
	Message     string        `json:"message"`
	Reason      string        `json:"reason"`
	ID          string        `json:"id"`
	Alive       *bool         `json:"alive"`
	Healthy     *bool         `json:"healthy"`
	Definition  *app.Ref      `json:"appDefinition"`
	Plan        app.EventPlan `json:"plan"`
	CurrentStep app.DeploymentStep
}

// about tells whether an event is about an app.
func about(e app.StreamEvent, id app.ID) bool {
	s := subjectOf(e)
	if s.AppID == id || s.RunSpecID == id || s.Definition != nil && app.ID(s.Definition.ID) == id {
		return true
	}
	for _, step := range s.Plan.Steps {
		for _, a := range step.Actions {
			if a.App == id {
				return true
			}
		}
	}
	return false
}

// subjectOf reads what it can.
func subjectOf(e app.StreamEvent) subject {
	var s subject
	_ = json.Unmarshal(e.Data, &s) // framework_message_event has another message: the rest is read
	return s
}

// eventLine is an event for people.
func eventLine(e app.StreamEvent) string {
	s := subjectOf(e)
	words := []string{s.Timestamp.Time().Local().Format("15:04:05.000"), string(e.Type)}
	add := func(texts ...string) {
		for _, text := range texts {
			if text != "" {
				words = append(words, text)
			}
		}
	}
	add(string(s.AppID), string(s.RunSpecID), string(s.GroupID))
	if s.Definition != nil {
		add(s.Definition.ID)
	}
	if s.TaskID != "" {
		add(shortTask(s.TaskID))
	} else if s.InstanceID != "" {
		add(shortTask(s.InstanceID))
	}
	add(strings.ToLower(strings.TrimPrefix(s.TaskStatus, "TASK_")), strings.ToLower(s.Condition))
	for _, well := range []*bool{s.Alive, s.Healthy} {
		if well != nil {
			add(map[bool]string{true: "healthy", false: "unhealthy"}[*well])
		}
	}
	if s.ID != "" {
		add(shortID(s.ID))
	} else if s.Plan.ID != "" {
		add(shortID(s.Plan.ID))
	}
	if s.Host != "" {
		add("on " + s.Host)
	}
	for _, a := range s.CurrentStep.Actions {
		add(actionWord(a.Action) + " " + string(a.App))
	}
	add(firstOf(s.Message), firstOf(s.Reason))
	return strings.Join(words, "  ")
}
