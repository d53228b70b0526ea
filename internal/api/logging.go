package api

import (
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/ormosproject/ormos/app"
)

// rootLogger is the name of the one logger that there is, as Marathon's log library calls the one above all.
const rootLogger = "ROOT"

// levels shows and changes how much is logged.
type levels struct {
	log *slog.Logger

	mu    sync.Mutex
	level *slog.LevelVar
	reset *time.Timer // ends a change that lasts for a while
	after slog.Level  // what it goes back to
}

func newLevels(level *slog.LevelVar, log *slog.Logger) *levels {
	return &levels{level: level, log: log}
}

// names are Marathon's levels; slog has no trace.
var names = map[string]slog.Level{
	"trace": slog.LevelDebug - 4, "debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

func levelName(l slog.Level) string {
	if l < slog.LevelDebug {
		return "TRACE"
	}
	return l.String()
}

// showLevels is GET /logging.
func showLevels(a *API, _ *request) (*answer, error) {
	return say(map[string]string{rootLogger: levelName(a.levels.level.Level())})
}

// levelChange is the body of POST /logging, and its answer.
type levelChange struct {
	Logger          string `json:"logger"`
	Level           string `json:"level"`
	DurationSeconds *int   `json:"durationSeconds,omitempty"`
}

// setLevel is POST /logging.
func setLevel(a *API, r *request) (*answer, error) {
	var c levelChange
	if err := r.read(&c); err != nil {
		return nil, err
	}
	level, ok := names[strings.ToLower(c.Level)]
	var details []app.Detail
	if !ok {
		details = append(details, app.Detail{Path: "/level", Errors: []string{"is none of trace, debug, info, warn, error"}})
	}
	if c.Logger != rootLogger {
		details = append(details, app.Detail{Path: "/logger", Errors: []string{"there is one logger: " + rootLogger}})
	}
	if c.DurationSeconds != nil && (*c.DurationSeconds < 1 || *c.DurationSeconds > 1<<30) {
		details = append(details, app.Detail{Path: "/durationSeconds", Errors: []string{"is not between 1 and 1073741824"}})
	}
	if details != nil {
		return nil, &app.Error{Code: app.Invalid, Message: "Object is not valid", Details: details}
	}
	a.levels.set(level, c.DurationSeconds)
	return say(c)
}

// set changes the level, for some seconds or, with nil, until it is changed again.
func (l *levels) set(level slog.Level, seconds *int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.level.Level()
	if l.reset == nil || !l.reset.Stop() {
		l.after = before
	}
	l.reset = nil
	l.level.Set(level)
	l.log.Info("the log's level is changed", "level", levelName(level), "before", levelName(before))
	if seconds != nil {
		after := l.after
		l.reset = time.AfterFunc(time.Duration(*seconds)*time.Second, func() { l.level.Set(after) })
	}
}
