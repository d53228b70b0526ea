package main

import (
	"strings"
	"testing"

	"github.com/ormosproject/ormos/internal/codec"
	"github.com/ormosproject/ormos/internal/recordings"
)

// TestReadJSON reads what Mesos reads.
func TestReadJSON(t *testing.T) {
	const (
		id, status, filters, health = "mesos.v1.TaskID", "mesos.v1.TaskStatus", "mesos.v1.Filters", "mesos.v1.HealthCheck"
		framework                   = "mesos.v1.FrameworkInfo"
	)
	for _, c := range []struct{ what, message, in, want string }{
		{"as it is", id, `{"value":"a"}`, `{"value":"a"}`},
		{"spaces", id, " {\n\t\"value\" : \"a\" }\r\n", `{"value":"a"}`},
		{"unknown keys", id, `{"x":{"y":[1,2.5e3,null,true,{"z":"\u0041"}]},"value":"a","":[]}`, `{"value":"a"}`},
		{"null is unset", status, `{"task_id":{"value":"a"},"state":"TASK_LOST","message":null,"labels":null}`, `{"task_id":{"value":"a"},"state":"TASK_LOST"}`},
		{"number as text", filters, `{"refuse_seconds":"2.5"}`, `{"refuse_seconds":2.5}`},
		{"infinity", filters, `{"refuse_seconds":"Infinity"}`, `{"refuse_seconds":"Infinity"}`},
		{"minus infinity", filters, `{"refuse_seconds":"-Infinity"}`, `{"refuse_seconds":"-Infinity"}`},
		{"default", filters, `{}`, `{"refuse_seconds":5.0}`},
		{"whole double", filters, `{"refuse_seconds":7}`, `{"refuse_seconds":7.0}`},
		{"large double", filters, `{"refuse_seconds":1e300}`, `{"refuse_seconds":1e+300}`},
		{"minus zero", filters, `{"refuse_seconds":-0}`, `{"refuse_seconds":-0.0}`},
		{"truth as text", framework, `{"user":"u","name":"n","checkpoint":"true"}`, `{"user":"u","name":"n","failover_timeout":0.0,"checkpoint":true}`},
		{"fraction cut off", "mesos.v1.TimeInfo", `{"nanoseconds":1.9e1}`, `{"nanoseconds":19}`},
		{"64 bits", "mesos.v1.TimeInfo", `{"nanoseconds":-9223372036854775808}`, `{"nanoseconds":-9223372036854775808}`},
		{"64 bits as text", "mesos.v1.TimeInfo", `{"nanoseconds":"9223372036854775807"}`, `{"nanoseconds":9223372036854775807}`},
		{"unknown enum dropped", "mesos.v1.scheduler.Event", `{"type":"NO_SUCH"}`, `{}`},
		{"enum as number", "mesos.v1.scheduler.Event", `{"type":"8"}`, `{}`},
		{"enum in other case", "mesos.v1.scheduler.Event", `{"type":"Heartbeat"}`, `{}`},
		{"one for a list", "mesos.v1.Labels", `{"labels":{"key":"a"}}`, `{"labels":[{"key":"a"}]}`},
		{"null in a list", "mesos.v1.Labels", `{"labels":[null,{"key":"a"}]}`, `{"labels":[{"key":"a"}]}`},
		{"empty list", "mesos.v1.Labels", `{"labels":[]}`, `{}`},
		{"last key wins", id, `{"value":"a","value":"b"}`, `{"value":"b"}`},
		{"last key wins over an error", id, `{"value":[1],"value":"b"}`, `{"value":"b"}`},
		{"last key wins, list", "mesos.v1.Labels", `{"labels":[{"key":"a"},{"key":"b"}],"labels":[{"key":"c"}]}`, `{"labels":[{"key":"c"}]}`},
		{"last key wins, unset", filters, `{"refuse_seconds":2.0,"refuse_seconds":null}`, `{"refuse_seconds":5.0}`},
		{"escapes", id, `{"value":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}`, `{"value":"\"\\/\u0008\u000c\n\r\té😀"}`},
		{"escaped key", id, `{"v\u0061lue":"a"}`, `{"value":"a"}`},
		{"half of a pair", id, `{"value":"\ud83d!"}`, `{"value":"�!"}`},
		{"halves in the wrong order", id, `{"value":"\ude00\ud83d"}`, `{"value":"��"}`},
		{"bytes", status, `{"task_id":{"value":"a"},"state":"TASK_LOST","uuid":"AP8="}`, `{"task_id":{"value":"a"},"state":"TASK_LOST","uuid":"AP8="}`},
		{"map", "mesos.v1.OfferFilters.ResourceQuantities", `{"quantities":{"b":{"value":1},"a":{"value":2}}}`, `{"quantities":{"a":{"value":2.0},"b":{"value":1.0}}}`},

		{"not JSON", id, `{"value"`, "at byte 8"},
		{"empty", id, ``, "expected an object at byte 0"},
		{"no object", id, `[]`, "expected an object"},
		{"text after it", id, `{"value":"a"} x`, "unexpected text after the object at byte 14"},
		{"comma at the end", id, `{"value":"a",}`, "expected a key"},
		{"missing", status, `{"task_id":{},"state":"TASK_LOST"}`, "mesos.v1.TaskStatus: task_id.value: required field is missing at byte 11"},
		{"null for required", id, `{"value":null}`, "value: required field is missing"},
		{"unknown enum, required", status, `{"task_id":{"value":"a"},"state":"X"}`, `state: "X" is no mesos.v1.TaskState at byte 33`},
		{"number for text", id, `{"value":1}`, "value: expected a string at byte 9"},
		{"number for an enum", status, `{"task_id":{"value":"a"},"state":1}`, "state: expected a string"},
		{"number for a truth", health, `{"tcp":{"port":1},"http":1}`, "http: expected an object"},
		{"array for one", filters, `{"refuse_seconds":[1]}`, "refuse_seconds: expected a number"},
		{"text for a number", filters, `{"refuse_seconds":"many"}`, "refuse_seconds: not a number"},
		{"too large", health, `{"consecutive_failures":4294967296}`, "consecutive_failures: not a number of 32 bits"},
		{"negative", health, `{"consecutive_failures":-1}`, "consecutive_failures: not a number of 32 bits"},
		{"leading zero", health, `{"consecutive_failures":01}`, "at byte"},
		{"not base64", status, `{"task_id":{"value":"a"},"state":"TASK_LOST","uuid":"?"}`, "uuid: not base64"},
		{"in a list", "mesos.v1.Labels", `{"labels":[{"key":"a"},{"key":2}]}`, "labels[1].key: expected a string at byte 30"},
		{"control character", id, "{\"value\":\"a\nb\"}", "control character"},
		{"not UTF-8", id, "{\"value\":\"\xff\"}", "string is not UTF-8"},
		{"not UTF-8, unknown", id, "{\"x\":\"\xff\",\"value\":\"a\"}", "string is not UTF-8"},
		{"unknown escape", id, `{"value":"\x"}`, "unknown escape"},
		{"nested 10,000 deep", id, `{"x":` + strings.Repeat("[", 10_000), "nested too deeply"},
		{"messages 10,000 deep", "mesos.v1.ContainerID", strings.Repeat(`{"parent":`, 10_000), "nested too deeply"},
	} {
		t.Run(c.what, func(t *testing.T) {
			m := newMessage(t, c.message)
			got := ""
			err := m.UnmarshalJSON([]byte(c.in))
			if err != nil {
				got = err.Error()
			} else if b, err := m.AppendJSON(nil); err == nil {
				got = string(b)
			}
			if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestSameInBoth reads a recording's JSON and its protobuf, which were made of the same call of another moment: what does
// not change with time must be the same.
func TestSameInBoth(t *testing.T) {
	byName := make(map[string]recordings.Recording)
	for _, r := range recordings.Messages(t) {
		byName[r.Name] = r
	}
	for _, name := range []string{"agent/GET_CONTAINERS", "agent/GET_STATE", "agent/GET_TASKS", "agent/GET_EXECUTORS", "master/GET_TASKS", "master/GET_FRAMEWORKS"} {
		var types [2]string
		for i, suffix := range []string{".json", ".pb"} {
			r := byName[name+suffix]
			m := newMessage(t, r.Message)
			read := m.DecodeJSON
			if suffix == ".pb" {
				read = m.Decode
			}
			if err := read(r.Data, codec.NewArena()); err != nil {
				t.Fatal(err)
			}
			b, err := m.AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			types[i] = shape(jsonValue(t, b))
		}
		if types[0] != types[1] {
			t.Errorf("%s:\nJSON     %s\nprotobuf %s", name, types[0], types[1])
		}
	}
}
