package api

import (
	"net/http"

	"github.com/ormosproject/ormos/app"
)

// What several routes have in their queries.
var (
	force      = parameter{"force", "ends deployments of the same apps that are under way", "boolean", "false"}
	scale      = parameter{"scale", "has the apps run so many less, which is a deployment", "boolean", "false"}
	wipe       = parameter{"wipe", "forgets the instances with what is reserved for them", "boolean", "false"}
	partial    = parameter{"partialUpdate", "keeps what the body does not say; false gives it its default", "boolean", "true"}
	appEmbed   = parameter{"embed", "apps.tasks, apps.counts, apps.deployments, apps.readiness, apps.lastTaskFailure, apps.failures, apps.taskStats", "array", ""}
	groupEmbed = parameter{"embed", "group.groups, group.apps, group.pods, and group.apps. before what apps have; all three without it", "array", ""}
	eventType  = parameter{"event_type", "tells only events of these types", "array", ""}
)

// The shapes of answers that have no name of their own.
type (
	appList struct {
		Apps []app.Info `json:"apps"`
	}
	oneApp struct {
		App app.Info `json:"app"`
	}
	taskList struct {
		Tasks []app.Task `json:"tasks"`
	}
	versionList struct {
		Versions []app.Timestamp `json:"versions"`
	}
	queueList struct {
		Queue []app.QueueItem `json:"queue"`
	}
	taskIDs struct {
		IDs []string `json:"ids"`
	}
	enforceRole struct {
		EnforceRole *bool `json:"enforceRole"`
	}
	leaderAnswer struct {
		Leader string `json:"leader"`
	}
	messageAnswer struct {
		Message string `json:"message"`
	}
	pluginsAnswer struct {
		Plugins []string `json:"plugins"`
	}
	deploymentKind = app.DeploymentResult
)

// routes is the whole API. Of several that fit a path the first one answers.
func routes() []route {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	return []route{
		// Apps
		{method: get, pattern: "/v2/apps", does: "Lists apps with their counts and deployments", handle: listApps, gives: appList{}, codes: []int{422}, query: []parameter{
			{"cmd", "has only apps whose command holds this, in whatever case", "string", ""},
			{"id", "has only apps whose id holds this, in whatever case", "string", ""},
			{"label", "has only apps with these labels: key, key==value, key!=value, key in (a, b), key notin (a, b), with commas between", "string", ""},
			appEmbed,
		}},
		{method: post, pattern: "/v2/apps", does: "Adds an app", handle: createApp, takes: app.App{}, gives: app.Info{}, codes: []int{201, 409, 422}, query: []parameter{force}},
		{method: put, pattern: "/v2/apps", does: "Changes several apps in one deployment, and adds those that are missing", handle: putApps, takes: []app.App{}, gives: deploymentKind{}, codes: []int{409, 422}, query: []parameter{force, partial}},
		{method: patch, pattern: "/v2/apps", does: "Changes several apps in one deployment", handle: patchApps, takes: []app.App{}, gives: deploymentKind{}, codes: []int{404, 409, 422}, query: []parameter{force}},
		{method: post, pattern: "/v2/apps/{id...}/restart", does: "Replaces all tasks of an app", handle: restartApp, gives: deploymentKind{}, codes: []int{404, 409}, query: []parameter{force}},
		{method: get, pattern: "/v2/apps/{id...}/tasks", does: "Lists the tasks of an app, or with /* of all apps in a group; text/plain for scripts of load balancers", handle: appTasks, gives: taskList{}, codes: []int{404}},
		{method: del, pattern: "/v2/apps/{id...}/tasks", does: "Kills the tasks of an app; with scale the answer is a deployment", handle: killApp, gives: taskList{}, codes: []int{404, 409}, query: []parameter{
			{"host", "kills only tasks on agents whose name holds this; * is all", "string", ""}, scale, wipe, force,
		}},
		{method: del, pattern: "/v2/apps/{id...}/tasks/{task}", does: "Kills a task; with scale the answer is a deployment", handle: killOne, gives: struct {
			Task app.Task `json:"task"`
		}{}, codes: []int{404, 409}, query: []parameter{scale, wipe, force}},
		{method: get, pattern: "/v2/apps/{id...}/versions", does: "Lists the versions of an app that are kept", handle: appVersions, gives: versionList{}, codes: []int{404}},
		{method: get, pattern: "/v2/apps/{id...}/versions/{version}", does: "Gives an app as it was", handle: appVersion, gives: app.App{}, codes: []int{404, 422}},
		{method: get, pattern: "/v2/apps/{id...}", does: "Gives an app with its tasks, counts, deployments and last failure; with /* all apps in a group", handle: getApp, gives: oneApp{}, codes: []int{404}, query: []parameter{appEmbed}},
		{method: put, pattern: "/v2/apps/{id...}", does: "Changes an app, or adds it when it is missing", handle: putApp, takes: app.App{}, gives: deploymentKind{}, codes: []int{201, 409, 422}, query: []parameter{force, partial}},
		{method: patch, pattern: "/v2/apps/{id...}", does: "Changes an app", handle: patchApp, takes: app.App{}, gives: deploymentKind{}, codes: []int{404, 409, 422}, query: []parameter{force}},
		{method: del, pattern: "/v2/apps/{id...}", does: "Ends an app", handle: removeApp, gives: deploymentKind{}, codes: []int{404, 409}, query: []parameter{
			{"force", "ends deployments of the same apps that are under way", "boolean", "true"},
		}},

		// Groups
		{method: get, pattern: "/v2/groups", does: "Gives the tree of all groups and apps", handle: getGroup, gives: app.GroupInfo{}, query: []parameter{groupEmbed}},
		{method: post, pattern: "/v2/groups", does: "Adds a group", handle: createGroup, takes: app.Group{}, gives: deploymentKind{}, codes: []int{201, 409, 422}, query: []parameter{force}},
		{method: put, pattern: "/v2/groups", does: "Changes the tree, all in one deployment", handle: putGroup, takes: app.Group{}, gives: deploymentKind{}, codes: []int{409, 422}, query: []parameter{force, dryRun}},
		{method: del, pattern: "/v2/groups", does: "Ends everything", handle: removeGroup, gives: deploymentKind{}, codes: []int{409}, query: []parameter{force}},
		{method: get, pattern: "/v2/groups/apps", does: "Lists the apps of all groups", handle: groupApps, gives: []app.Info{}, query: []parameter{groupEmbed}},
		{method: get, pattern: "/v2/groups/versions", does: "Lists the versions of the tree that are kept", handle: groupVersions, gives: []app.Timestamp{}},
		{method: get, pattern: "/v2/groups/versions/{version}", does: "Gives the tree as it was", handle: groupVersion, gives: app.GroupInfo{}, codes: []int{404, 422}, query: []parameter{groupEmbed}},
		{method: get, pattern: "/v2/groups/{id...}/apps", does: "Lists the apps in a group", handle: groupApps, gives: []app.Info{}, codes: []int{404}, query: []parameter{groupEmbed}},
		{method: get, pattern: "/v2/groups/{id...}/versions", does: "Lists the versions of a group that are kept", handle: groupVersions, gives: []app.Timestamp{}, codes: []int{404}},
		{method: get, pattern: "/v2/groups/{id...}/versions/{version}", does: "Gives a group as it was", handle: groupVersion, gives: app.GroupInfo{}, codes: []int{404, 422}, query: []parameter{groupEmbed}},
		{method: get, pattern: "/v2/groups/{id...}", does: "Gives a group with everything in it", handle: getGroup, gives: app.GroupInfo{}, codes: []int{404}, query: []parameter{groupEmbed}},
		{method: post, pattern: "/v2/groups/{id...}", does: "Adds a group", handle: createGroup, takes: app.Group{}, gives: deploymentKind{}, codes: []int{201, 409, 422}, query: []parameter{force}},
		{method: put, pattern: "/v2/groups/{id...}", does: "Changes a group, or adds it, all in one deployment", handle: putGroup, takes: app.Group{}, gives: deploymentKind{}, codes: []int{409, 422}, query: []parameter{force, dryRun}},
		{method: patch, pattern: "/v2/groups/{id...}", does: "Says whether the apps of a top-level group use its name as their role", handle: patchGroup, takes: enforceRole{}, codes: []int{404, 422}},
		{method: del, pattern: "/v2/groups/{id...}", does: "Ends everything in a group", handle: removeGroup, gives: deploymentKind{}, codes: []int{404, 409}, query: []parameter{force}},

		// What is under way
		{method: get, pattern: "/v2/deployments", does: "Lists the deployments under way", handle: listDeployments, gives: []app.Deployment{}},
		{method: del, pattern: "/v2/deployments/{deployment}", does: "Ends a deployment and begins one that goes back; with force it only ends, with 202 and no body", handle: cancelDeployment, gives: deploymentKind{}, codes: []int{202, 404}, query: []parameter{force}},
		{method: get, pattern: "/v2/tasks", does: "Lists all tasks; text/plain for scripts of load balancers", handle: listTasks, gives: taskList{}, query: []parameter{
			{"status", "has only tasks that are running or staging", "array", ""},
		}},
		{method: post, pattern: "/v2/tasks/delete", does: "Kills tasks; with scale the answer is a deployment", handle: killTasks, takes: taskIDs{}, gives: taskList{}, codes: []int{409, 422}, query: []parameter{scale, wipe, force}},
		{method: get, pattern: "/v2/queue", does: "Lists the apps that have instances to launch, and why they wait", handle: queue, gives: queueList{}, query: []parameter{
			{"embed", "lastUnusedOffers adds the last offers that did not serve", "array", ""},
		}},
		{method: del, pattern: "/v2/queue/{id...}/delay", does: "Ends an app's back-off", handle: resetDelay, codes: []int{204, 404}},
		{method: get, pattern: "/v2/events", does: "Tells what happens, as Marathon's event stream; it needs Accept: text/event-stream", stream: marathonEvents, media: eventMedia, codes: []int{405}, query: []parameter{eventType}},

		// The server
		{method: get, pattern: "/v2/info", does: "Tells what this server is and how it is configured", handle: info, gives: map[string]any{}},
		{method: get, pattern: "/v2/leader", does: "Tells who leads", handle: leads, gives: leaderAnswer{}, codes: []int{404}},
		{method: del, pattern: "/v2/leader", does: "Has the server end, for its supervisor to start it again", handle: abdicate, gives: messageAnswer{}, codes: []int{404, 422}},
		{method: get, pattern: "/v2/plugins", does: "Lists plugins, of which there are none", handle: plugins, gives: pluginsAnswer{}},
		{method: get, pattern: "/ping", does: "Answers pong", handle: ping, media: "text/plain", codes: []int{204}, open: true},
		{method: get, pattern: "/metrics", does: "Gives the metrics as Marathon's library shows them", handle: metricsJSON, gives: map[string]any{}},
		{method: get, pattern: "/metrics/prometheus", does: "Gives the metrics for Prometheus", handle: prometheusText, media: "text/plain"},
		{method: get, pattern: "/logging", does: "Tells how much is logged", handle: showLevels, gives: map[string]string{}},
		{method: post, pattern: "/logging", does: "Changes how much is logged, for a while or for good", handle: setLevel, takes: levelChange{}, gives: levelChange{}, codes: []int{422}},
		{method: get, pattern: "/config", does: "Gives the effective configuration", handle: effective, gives: map[string]any{}},
		{method: get, pattern: "/", does: "Leads browsers to /ui/", handle: toUI, codes: []int{302}},
		{method: get, pattern: "/ui", does: "Shows this list", handle: page, media: "text/html"},

		// Ours
		{method: get, pattern: "/v1/explain/{id...}", does: "Tells why instances of an app wait", handle: explainApp, gives: app.Explanation{}, codes: []int{404}},
		{method: get, pattern: "/v1/apps/{id...}/diff", does: "Tells which fields differ between two versions of an app", handle: diffApp, gives: differences{}, codes: []int{404, 422}, query: []parameter{
			{"from", "is a version; the one before to without it", "string", ""},
			{"to", "is a version; the one that is wanted without it", "string", ""},
		}},
		{method: post, pattern: "/v1/plan", does: "Tells what it would do to have an app, a group, or an array of both as the body defines them; nothing happens", handle: plan, takes: app.App{}, gives: app.Plan{}, codes: []int{404, 422}},
		{method: post, pattern: "/v1/apply", does: "Has an app, a group, or an array of both as the body defines them, all in one deployment", handle: applyAll, takes: app.App{}, gives: deploymentKind{}, codes: []int{409, 422}, query: []parameter{force}},
		{method: get, pattern: "/v1/deployments", does: "Lists the deployments under way, and how far each app is", handle: deploymentProgress, gives: []progress{}},
		{method: get, pattern: "/v1/deployments/{deployment}", does: "Gives a deployment under way, and how far each app is", handle: oneProgress, gives: progress{}, codes: []int{404}},
		{method: get, pattern: "/v1/health", does: "Tells whether the server can do its work: 200 or 503", handle: health, gives: map[string]any{}},
		{method: get, pattern: "/v1/events", does: "Tells what happens, with ids: Last-Event-ID goes on behind one, and event_stream_gap tells what is missing", stream: ownEvents, media: eventMedia, query: []parameter{eventType}},
		{method: get, pattern: "/v1/backup", does: "Gives all records as they are at one moment", stream: backup, media: "application/octet-stream"},
		{method: get, pattern: "/v1/openapi.json", does: "Gives the description of this API", handle: openAPIFile, gives: map[string]any{}},
	}
}

var dryRun = parameter{"dryRun", "only tells the steps; nothing happens", "boolean", "false"}
