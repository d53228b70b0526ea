package mesos_test

import (
	"strings"
	"testing"

	"github.com/ormosproject/ormos/mesos"
)

// What is read must be valid, and plain resources must be read again as they are
// written.
func FuzzParseResources(f *testing.F) {
	for _, text := range []string{
		"cpus:4;mem:2048;ports:[31000-32000]", "cpus(web):0.5;disks:{a, b}", "ports:[1-2,5-5]", "cpus:1e-9", "x():", "[",
		`[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}]`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := mesos.ParseResources(text)
		if err != nil {
			return
		}
		if err := parsed.Validate(); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if strings.HasPrefix(strings.TrimSpace(text), "[") {
			return // JSON can say more than the text form
		}
		plain := parsed.Unreserved()
		again, err := mesos.ParseResources(plain.String())
		if err != nil || !again.Equal(plain) {
			t.Fatalf("%q is written %q and read %q, %v", text, plain, again, err)
		}
	})
}

func FuzzParseAttributes(f *testing.F) {
	for _, text := range []string{"rack:r1;level:10;span:[1-5]", "a:b:c", "a:{b}", "a: b ", ";"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := mesos.ParseAttributes(text)
		if err != nil {
			return
		}
		again, err := mesos.ParseAttributes(parsed.String())
		if err != nil || again.String() != parsed.String() {
			t.Fatalf("%q is written %q and read %q, %v", text, parsed, again, err)
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	for _, text := range []string{"5secs", "15mins", "1.5weeks", "-1ns", "1e3ms", "9223372036854775807ns"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := mesos.ParseDuration(text)
		if err != nil {
			return
		}
		if again, err := mesos.ParseDuration(mesos.FormatDuration(d)); err != nil || (again-d).Abs() > d.Abs()/1e14 {
			t.Fatalf("%q is %v, written %q and read %v, %v", text, d, mesos.FormatDuration(d), again, err)
		}
	})
}

func FuzzValidID(f *testing.F) {
	for _, text := range []string{"a", ".", "a/b", "web/front", "*", "-x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if mesos.ValidContainerID(text) == nil && mesos.ValidID(text) != nil {
			t.Fatalf("container id %q is no id", text)
		}
		if mesos.ValidRole(text) == nil && mesos.IsStrictSubrole(text, text) {
			t.Fatalf("role %q lies below itself", text)
		}
	})
}
