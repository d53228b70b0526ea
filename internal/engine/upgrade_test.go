package engine

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// twice are migrations to a format that there is not: names become longer, and one record goes.
func twice() []migration {
	return []migration{
		func(records map[string][]byte) error {
			records["app//web"] = append([]byte("longer "), records["app//web"]...)
			return nil
		},
		func(records map[string][]byte) error {
			if strings.HasPrefix(string(records["app//web"]), "bad") {
				return errors.New("it is bad")
			}
			delete(records, "group//old")
			records["group//new"] = []byte("g")
			return nil
		},
	}
}

func TestUpgrade(t *testing.T) {
	records := func(meta, web string) map[string][]byte {
		return map[string][]byte{"meta": []byte(meta), "app//web": []byte(web), "group//old": []byte("o"), "framework-id": []byte("f")}
	}
	for _, test := range []struct {
		name    string
		records map[string][]byte
		from    int
		changes map[string][]byte
	}{
		{"over two formats", records(`{"format":1}`, "w"), 1, map[string][]byte{
			"meta": []byte(`{"format":3}`), "app//web": []byte("longer w"), "group//old": nil, "group//new": []byte("g"),
		}},
		{"over one", records(`{"format":2}`, "w"), 2, map[string][]byte{"meta": []byte(`{"format":3}`), "group//old": nil, "group//new": []byte("g")}},
		{"over none", records(`{"format":3}`, "w"), 3, nil},
		{"of nothing", map[string][]byte{"framework-id": []byte("f")}, 3, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := cmp.Diff(test.records, map[string][]byte{})
			changes, from, err := upgrade(test.records, twice())
			if err != nil || from != test.from {
				t.Errorf("from %d, %v", from, err)
			}
			if d := cmp.Diff(test.changes, changes); d != "" {
				t.Error(d)
			}
			if cmp.Diff(test.records, map[string][]byte{}) != before {
				t.Error("the records were changed")
			}
		})
	}
	for meta, want := range map[string]string{
		`{"format":4}`: "their format is 4, the latest it knows is 3", `{"format":0}`: "there is no format 0", `{}`: "there is no format 0", `x`: "cannot read the record meta",
	} {
		if _, _, err := upgrade(records(meta, "w"), twice()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", meta, err, want)
		}
	}
	if _, _, err := upgrade(records(`{"format":2}`, "bad"), twice()); err == nil || !strings.Contains(err.Error(), "from format 2 to 3: it is bad") {
		t.Errorf("a migration that fails: %v", err)
	}
}
