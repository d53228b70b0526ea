package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the repository, seen from this package's folder.
const root = "../.."

// document is a Markdown file.
type document struct {
	name   string // relative to root
	lines  []string
	blocks []block
}

// block is a fenced block.
type block struct {
	line     int    // of the opening fence, from 1
	language string // what stands behind the fence
	note     string // the HTML comment right above, without its marks
	text     []string
}

var (
	fence   = regexp.MustCompile("^```([a-z]*)$")
	comment = regexp.MustCompile(`^<!-- (.*) -->$`)
)

// documents reads all documents whose blocks are checked.
func documents(t *testing.T) []*document {
	t.Helper()
	names := []string{"README.md", "CONTRIBUTING.md"}
	more, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range more {
		names = append(names, filepath.Join("docs", filepath.Base(path)))
	}
	var all []*document
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := parseDocument(name, string(text))
		if err != nil {
			t.Error(err)
		}
		all = append(all, doc)
	}
	return all
}

// parseDocument finds the fenced blocks. Each has to name a known language, so that no
// command escapes by being written as something else.
func parseDocument(name, text string) (*document, error) {
	known := []string{"sh", "console", "go", "text", "json", "yaml", "proto", "mermaid"}
	doc := &document{name: name, lines: strings.Split(text, "\n")}
	var open *block
	for i, line := range doc.lines {
		switch match := fence.FindStringSubmatch(line); {
		case open != nil && line == "```":
			doc.blocks = append(doc.blocks, *open)
			open = nil
		case open != nil:
			open.text = append(open.text, line)
		case match != nil:
			if !slices.Contains(known, match[1]) {
				return doc, fmt.Errorf("%s:%d: a block of language %q; known are %v", name, i+1, match[1], known)
			}
			open = &block{line: i + 1, language: match[1], note: noteAbove(doc.lines[:i])}
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			return doc, fmt.Errorf("%s:%d: a fence that is not on a line of its own at the margin", name, i+1)
		}
	}
	if open != nil {
		return doc, fmt.Errorf("%s:%d: the block is not closed", name, open.line)
	}
	return doc, nil
}

// noteAbove gives the HTML comment on the last line.
func noteAbove(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	if match := comment.FindStringSubmatch(lines[len(lines)-1]); match != nil {
		return match[1]
	}
	return ""
}

func TestParseDocument(t *testing.T) {
	doc, err := parseDocument("x.md", "a\n<!-- dry -->\n```sh\nmake\n```\n\n```go\n// <!-- no -->\n```\n")
	if err != nil || len(doc.blocks) != 2 {
		t.Fatalf("got %+v, %v", doc, err)
	}
	first, second := doc.blocks[0], doc.blocks[1]
	if first.line != 3 || first.language != "sh" || first.note != "dry" || !slices.Equal(first.text, []string{"make"}) {
		t.Errorf("first is %+v", first)
	}
	if second.language != "go" || second.note != "" {
		t.Errorf("second is %+v", second)
	}
	for _, text := range []string{"```\nmake\n```", "```sh\nmake", "- x\n  ```sh\n  make\n  ```", "```bash\nmake\n```"} {
		if _, err := parseDocument("x.md", text); err == nil {
			t.Errorf("no error for %q", text)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestLinks follows the links inside the repository. What stands in blocks of code is none.
func TestLinks(t *testing.T) {
	docs := documents(t)
	style, err := os.ReadFile(filepath.Join(root, "STYLE.md"))
	if err != nil {
		t.Fatal(err)
	}
	docs = append(docs, &document{name: "STYLE.md", lines: strings.Split(string(style), "\n")})
	for _, doc := range docs {
		code := false
		for i, line := range doc.lines {
			if strings.HasPrefix(line, "```") {
				code = !code
			}
			if code {
				continue
			}
			for _, match := range link.FindAllStringSubmatch(line, -1) {
				target, _, _ := strings.Cut(match[1], "#")
				if target == "" || strings.Contains(target, "://") {
					continue
				}
				if _, err := os.Stat(filepath.Join(root, filepath.Dir(doc.name), target)); err != nil {
					t.Errorf("%s:%d: a link to %s, which does not exist", doc.name, i+1, target)
				}
			}
		}
	}
}
