package docs_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var word = regexp.MustCompile(`\w+`)

// TestFromMesosGo looks for each name that mesos-go's api/v1/lib exports, but for the messages and what is generated of them, in the first column of
// from-mesos-go.md. testdata/mesos-go.txt has them by their packages, of a method its type's too. Of a method called as everywhere the type is enough.
func TestFromMesosGo(t *testing.T) {
	mentioned := map[string]bool{}
	for _, doc := range documents(t) {
		if doc.name != "docs/from-mesos-go.md" {
			continue
		}
		for _, line := range doc.lines {
			if cells := strings.SplitN(line, "|", 3); len(cells) == 3 {
				for _, name := range word.FindAllString(cells[1], -1) {
					mentioned[name] = true
				}
			}
		}
	}
	list, err := os.ReadFile("testdata/mesos-go.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		pkg, names, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if pkg == "resourcetest" { // all of it, says the document
			continue
		}
		for name := range strings.FieldsSeq(names) {
			of, method, isMethod := strings.Cut(name, ".")
			if !mentioned[of] && !(isMethod && mentioned[method]) {
				t.Errorf("%s of mesos-go has nothing in its place", pkg+"."+name)
			}
		}
	}
	if len(mentioned) == 0 || len(list) == 0 {
		t.Error("there is nothing to compare")
	}
}
