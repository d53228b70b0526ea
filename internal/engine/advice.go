package engine

import (
	"cmp"
	"fmt"
	"runtime"
	"strings"

	"github.com/ormosproject/ormos/app"
)

// advised is a failure's message with what to do about it, where Ormos' own executor has not even started: that is no fault of the app's. What agents and
// their fetcher write of it is told by its words.
func (o *LaunchOptions) advised(a *app.App, message string) string {
	if a == nil || a.Serve == nil || strings.Contains(message, adviceMark) {
		return message
	}
	if advice := o.advice(a, message); advice != "" {
		return strings.TrimSpace(message) + adviceMark + advice
	}
	return message
}

// adviceMark stands before an advice.
const adviceMark = "\nhint: "

func (o *LaunchOptions) advice(a *app.App, message string) string {
	says := func(words ...string) bool {
		for _, one := range words {
			if !strings.Contains(strings.ToLower(message), strings.ToLower(one)) {
				return false
			}
		}
		return true
	}
	switch from := o.executorURL(); {
	case says("exec format error"):
		return fmt.Sprintf("the agent's machine cannot run Ormos' executor, which is this program, built for %s/%s: keep the app off that machine with a constraint",
			runtime.GOOS, runtime.GOARCH)
	case says("glibc_"), says("failed to execute", "no such file or directory"):
		return "Ormos' executor needs libraries that the agent's machine has not: run the scheduler as a program that was built with CGO_ENABLED=0"
	case from != "" && says("fetch", from), len(a.Fetch) == 0 && a.Serve.Archive == "" && says("failed to fetch all uris"):
		return "the agent cannot fetch Ormos' executor from " + cmp.Or(from, "the scheduler") + ": name an address of the scheduler that agents reach with --advertise"
	}
	return ""
}

// executorURL is where agents fetch Ormos' own executor; empty when they do not.
func (o *LaunchOptions) executorURL() string {
	if o.Serve == nil || len(o.Serve.URIs) == 0 {
		return ""
	}
	return o.Serve.URIs[0].Value
}
