package executor

import (
	"math"
	"testing"
	"time"

	"github.com/ormosproject/ormos/mesos"
)

func TestGrace(t *testing.T) {
	policy := func(nanoseconds int64) *mesos.KillPolicy {
		return &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: nanoseconds}}
	}
	for name, c := range map[string]struct {
		kill, task *mesos.KillPolicy
		want       time.Duration
	}{
		"nobody says":       {want: 3 * time.Second},
		"the kill says":     {kill: policy(1), task: policy(2), want: 1},
		"the task says":     {task: policy(2), want: 2},
		"a policy of none":  {kill: &mesos.KillPolicy{}, task: policy(2), want: 2},
		"two of none":       {kill: &mesos.KillPolicy{}, task: &mesos.KillPolicy{}, want: 3 * time.Second},
		"at once":           {kill: policy(0), task: policy(2), want: 0},
		"less than nothing": {kill: policy(-1), task: policy(2), want: 0},
		"for ever":          {kill: policy(math.MaxInt64), want: math.MaxInt64},
	} {
		if got := (&EventKill{KillPolicy: c.kill}).Grace(&mesos.TaskInfo{KillPolicy: c.task}); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := new(EventKill).Grace(nil); got != DefaultGrace {
		t.Errorf("of an unknown task: %v", got)
	}
}
