package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/ormosproject/ormos/"

// TestFloors compares the imports with the block "floors" of CONTRIBUTING.md: a package
// imports those of its own room and of the floors below.
func TestFloors(t *testing.T) {
	floors := floors(t)
	list := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	list.Dir = root
	list.Stderr = os.Stderr
	output, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(output)) {
		packages := strings.Fields(line)
		importer, _ := strings.CutPrefix(packages[0], module)
		room := roomOf(importer, floors)
		if room == "" {
			t.Errorf("%s stands on no floor of CONTRIBUTING.md", importer)
			continue
		}
		for _, imported := range packages[1:] {
			imported, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			if below := roomOf(imported, floors); below != room && floors[below] <= floors[room] {
				t.Errorf("%s imports %s, which is not below it", importer, imported)
			}
		}
	}
}

// floors gives the floor of each room, counted from the top.
func floors(t *testing.T) map[string]int {
	t.Helper()
	floors := map[string]int{}
	for _, doc := range documents(t) {
		for _, one := range doc.blocks {
			if one.note != "floors" {
				continue
			}
			for i, line := range one.text {
				for room := range strings.FieldsSeq(line) {
					floors[room] = i
				}
			}
		}
	}
	return floors
}

// roomOf gives the room with the longest name that the package lies in.
func roomOf(path string, floors map[string]int) string {
	longest := ""
	for room := range floors {
		if (path == room || strings.HasPrefix(path, room+"/")) && len(room) > len(longest) {
			longest = room
		}
	}
	return longest
}

// TestDependencies compares the direct dependencies with docs/dependencies.md.
func TestDependencies(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, match := range regexp.MustCompile(`(?m)^\*\*([\w./-]+)\*\*`).FindAllStringSubmatch(string(text), -1) {
		told = append(told, match[1])
	}
	used := slices.Concat(direct(t, "go.mod"), direct(t, "tools/go.mod"))
	for _, one := range used {
		if !slices.ContainsFunc(told, func(name string) bool { return one == name || strings.HasPrefix(one, name+"/") }) {
			t.Errorf("docs/dependencies.md does not say why there is %s", one)
		}
	}
	for _, name := range told {
		if !slices.ContainsFunc(used, func(one string) bool { return one == name || strings.HasPrefix(one, name+"/") }) {
			t.Errorf("docs/dependencies.md tells of %s, which is not used", name)
		}
	}
}

// direct gives what a go.mod requires for itself, and the packages of its tools.
func direct(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	section := ""
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || strings.HasSuffix(strings.TrimSpace(line), "// indirect"):
		case len(fields) == 2 && fields[1] == "(":
			section = fields[0]
		case fields[0] == ")":
			section = ""
		case section == "require" || section == "tool":
			names = append(names, fields[0])
		case fields[0] == "require" || fields[0] == "tool":
			names = append(names, fields[1])
		}
	}
	return names
}
