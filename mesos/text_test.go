package mesos_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ormosproject/ormos/mesos"
)

func TestParseResources(t *testing.T) {
	for text, want := range map[string]string{
		"cpus:4;mem:2048;ports:[31000-32000]": "cpus:4; mem:2048; ports:[31000-32000]",
		" cpus : 4 ; mem(*):1e3;":             "cpus:4; mem:1000",
		"cpus:0":                              "cpus:0",
		"":                                    "",
		"cpus(web/front):.5":                  "cpus(reservations: [(STATIC,web/front)]):0.5",
		"ports:[1-2, 5-5];disks:{a, b};x:{};y:[]":  "ports:[1-2, 5-5]; disks:{a, b}; x:{}; y:[]",
		"ports:[5-6,1-4]":                          "ports:[5-6, 1-4]",
		"ports:[0-18446744073709551615]":           "ports:[0-18446744073709551615]",
		"cpus:1;cpus:2":                            "cpus:1; cpus:2",
		"cpus:0.1;mem:1234567.891;disk:1000000000": "cpus:0.1; mem:1234567.891; disk:1000000000",
	} {
		if got, err := mesos.ParseResources(text); err != nil || got.String() != want {
			t.Errorf("%q is read as %q, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"cpus":                           "want name:value",
		"cpus:1:2":                       "want name:value",
		":1":                             "no name",
		"cpus:":                          "empty",
		"cpus:many":                      "neither a number",
		"cpus:inf":                       "neither a number",
		"cpus:0x10":                      "neither a number",
		"cpus:-1":                        "negative",
		"cpus:1e999":                     "neither a number",
		"cpus(web:1":                     "not closed",
		"cpus(a b):1":                    "white space",
		"cpus():1":                       "empty string",
		"ports:[1-2":                     "not closed",
		"ports:[1]":                      "not a range",
		"ports:[2-1]":                    "beyond",
		"ports:[-1-2]":                   "not a range",
		"ports:[1-2,2-3]":                "overlap",
		"disks:{a,a}":                    "twice",
		"disks:{a":                       "not a set",
		"x:a[1-2]":                       "bracket",
		"cpus:1;cpus:{a}":                "two types",
		"ports:[1-99999999999999999999]": "not a range",
	} {
		if got, err := mesos.ParseResources(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is read as %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestParseResourcesJSON(t *testing.T) {
	const text = ` [{"name":"cpus","type":"SCALAR","scalar":{"value":4.0},"role":"web"},
		{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":31000,"end":31001}]}},
		{"name":"disk","type":"SCALAR","scalar":{"value":300},"disk":{"source":{"type":"MOUNT","mount":{"root":"/mnt"}}}}]`
	got, err := mesos.ParseResources(text)
	if want := "cpus(reservations: [(STATIC,web)]):4; ports:[31000-31001]; disk[MOUNT:/mnt]:300"; err != nil || got.String() != want {
		t.Errorf("read as %q, %v", got, err)
	}
	for _, text := range []string{
		"[", "[{}]", "[1]", `[{"name":"cpus","type":"SCALAR"}]`, `[{"name":"cpus","type":"SCALAR","scalar":{"value":-1}}]`,
		`[{"name":"cpus","type":"SCALAR","scalar":{"value":"many"}}]`,
	} {
		if got, err := mesos.ParseResources(text); err == nil {
			t.Errorf("%s is read as %q", text, got)
		}
	}
}

func TestResourcesText(t *testing.T) {
	mount := mesos.Disk(5)
	mount.Disk = &mesos.ResourceDiskInfo{Source: &mesos.ResourceDiskInfoSource{
		Type: mesos.ResourceDiskInfoSourceTypeMount, Mount: &mesos.ResourceDiskInfoSourceMount{Root: new("/mnt")},
	}}
	path := mount
	path.Disk = &mesos.ResourceDiskInfo{Source: &mesos.ResourceDiskInfoSource{
		Type: mesos.ResourceDiskInfoSourceTypePath, Path: &mesos.ResourceDiskInfoSourcePath{Root: new("/p")},
	}}
	revocable := mesos.CPUs(1)
	revocable.Revocable = &mesos.ResourceRevocableInfo{}
	shared := volume("v", 1)
	shared.Shared = &mesos.ResourceSharedInfo{}
	for want, one := range map[string]mesos.Resource{
		"disk[MOUNT:/mnt]:5": mount,
		"disk[PATH:/p]:5":    path,
		"cpus{REV}:1":        revocable,
		"disk(reservations: [(DYNAMIC,web)])[v]<SHARED>:1":         shared,
		"cpus(reservations: [(STATIC,web),(DYNAMIC,web/front)]):1": cpusFor(reservation(static, "web"), reservation(dynamic, "web/front")),
		"cpus(allocated: web):1":                                   mesos.Resources{mesos.CPUs(1)}.AllocatedTo("web")[0],
		"cpus(reservations: [(DYNAMIC,web)]):1":                    cpusOf("web", &mesos.ResourceReservationInfo{}),
	} {
		if got := (mesos.Resources{one}).String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAttributes(t *testing.T) {
	const text = "rack:r1;level:10;span:[1-5];url:http://a:80/b"
	attributes, err := mesos.ParseAttributes(text + ";\n os : linux x86 ")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := attributes.String(), text+";os:linuxx86"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for name, want := range map[string]mesos.ValueType{"rack": mesos.ValueTypeText, "level": mesos.ValueTypeScalar, "span": mesos.ValueTypeRanges} {
		if got := attributes.Get(name); got == nil || got.Type != want {
			t.Errorf("%s is %v", name, got)
		}
	}
	if attributes.Get("none") != nil || (&mesos.Attribute{}).ValueText() != "" {
		t.Error("something out of nothing")
	}
	for _, text := range []string{"rack", ":r1", "rack:", "rack:{a}", "rack:[1", "a:b;c"} {
		if got, err := mesos.ParseAttributes(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0ns": 0, "1ns": 1, "999ns": 999, "1us": time.Microsecond, "1500ns": 1500, "5secs": 5 * time.Second, "90secs": 90 * time.Second,
		"15mins": 15 * time.Minute, "1500ms": 1500 * time.Millisecond, "2hrs": 2 * time.Hour, "10days": 240 * time.Hour,
		"2weeks": 14 * 24 * time.Hour, "-5secs": -5 * time.Second, "1.0001secs": time.Second + 100*time.Microsecond,
	} {
		if got, err := mesos.ParseDuration(text); err != nil || got != want {
			t.Errorf("%q is read as %v, %v", text, got, err)
		}
		if got := mesos.FormatDuration(want); got != text {
			t.Errorf("%v is written %q, want %q", want, got, text)
		}
	}
	for text, want := range map[string]time.Duration{
		"0.5mins": 30 * time.Second, ".1secs": 100 * time.Millisecond, "0.1ns": 0, "+1secs": time.Second,
	} {
		if got, err := mesos.ParseDuration(text); err != nil || got != want {
			t.Errorf("%q is read as %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "5", "secs", "5 secs", "5s", "5secs ", "1e9secs", "infsecs", "--1secs", "1-1secs", "1.2.3secs", "20000weeks", "99999999999999999999ns"} {
		if got, err := mesos.ParseDuration(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestDurationsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(-1e15, 1e15).Draw(t, "nanoseconds"))
		text := mesos.FormatDuration(d)
		got, err := mesos.ParseDuration(text)
		if diff := (got - d).Abs(); err != nil || diff > d.Abs()/1e14 {
			t.Fatalf("%d ns are written %s and read %d ns, %v", d, text, got, err)
		}
	})
}

func TestTaskStates(t *testing.T) {
	terminal, returns := "", ""
	for state := range mesos.TaskState(20) {
		if state.Terminal() {
			terminal += " " + state.String()
		}
		if state.MayReturn() {
			returns += " " + state.String()
		}
	}
	if want := " TASK_FINISHED TASK_FAILED TASK_KILLED TASK_LOST TASK_ERROR TASK_DROPPED TASK_GONE TASK_GONE_BY_OPERATOR"; terminal != want {
		t.Errorf("terminal are%s", terminal)
	}
	if want := " TASK_LOST TASK_UNREACHABLE TASK_UNKNOWN"; returns != want {
		t.Errorf("may return:%s", returns)
	}
}
