package docs_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the Go snippets of the documents anew")

// TestSnippets compares every block of Go with the declarations that its note names:
//
//	from path/file.go                      the whole file
//	from path/file.go: A, T.M              these declarations: functions, methods, types, variables, constants, imports
//	from path/file.go: A "first" to "last" those lines of a declaration: from the one that holds first to the next that holds last
func TestSnippets(t *testing.T) {
	for _, doc := range documents(t) {
		for _, one := range slices.Backward(doc.blocks) {
			if one.language != "go" {
				continue
			}
			where := fmt.Sprintf("%s:%d", doc.name, one.line)
			source, found := strings.CutPrefix(one.note, "from ")
			if !found {
				t.Errorf("%s: no note <!-- from path/file.go: Name --> above the Go code", where)
				continue
			}
			want, err := snippet(source)
			if err != nil {
				t.Errorf("%s: %v", where, err)
				continue
			}
			if slices.Equal(one.text, want) {
				continue
			}
			if !*update {
				t.Errorf("%s: the source has changed; run go test ./internal/docs -update", where)
			}
			doc.lines = slices.Replace(doc.lines, one.line, one.line+len(one.text), want...)
		}
		if *update {
			if err := os.WriteFile(filepath.Join(root, doc.name), []byte(strings.Join(doc.lines, "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

var part = regexp.MustCompile(`^([\w.]+) "([^"]+)" to "([^"]+)"$`)

// snippet takes the lines that a note names out of their source.
func snippet(note string) ([]string, error) {
	path, names, some := strings.Cut(note, ":")
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return nil, err
	}
	if !some {
		return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), nil
	}
	names = strings.TrimSpace(names)
	if match := part.FindStringSubmatch(names); match != nil {
		lines, err := declaration(path, text, match[1])
		if err != nil {
			return nil, err
		}
		return cut(lines, match[2], match[3])
	}
	var lines []string
	for name := range strings.SplitSeq(names, ",") {
		one, err := declaration(path, text, strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		if lines != nil {
			lines = append(lines, "")
		}
		lines = append(lines, one...)
	}
	return lines, nil
}

// declaration gives the lines of a top-level declaration with its comment.
func declaration(path string, text []byte, name string) ([]string, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	for _, one := range file.Decls {
		doc, names := named(one)
		if !slices.Contains(names, name) {
			continue
		}
		begin := one.Pos()
		if doc != nil {
			begin = doc.Pos()
		}
		first, last := files.Position(begin).Line, files.Position(one.End()).Line
		return strings.Split(string(text), "\n")[first-1 : last], nil
	}
	return nil, fmt.Errorf("%s does not declare %s", path, name)
}

// named gives the comment of a declaration and the names by which a note may ask for it.
func named(one ast.Decl) (*ast.CommentGroup, []string) {
	switch one := one.(type) {
	case *ast.FuncDecl:
		if one.Recv == nil {
			return one.Doc, []string{one.Name.Name}
		}
		receiver := one.Recv.List[0].Type
		if star, ok := receiver.(*ast.StarExpr); ok {
			receiver = star.X
		}
		return one.Doc, []string{fmt.Sprintf("%s.%s", receiver, one.Name.Name)}
	case *ast.GenDecl:
		var names []string
		for _, spec := range one.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name.Name)
			case *ast.ValueSpec:
				for _, ident := range spec.Names {
					names = append(names, ident.Name)
				}
			case *ast.ImportSpec:
				names = append(names, "imports")
			}
		}
		return one.Doc, names
	}
	return nil, nil
}

// cut gives the lines from the first that holds the one text to the next that holds the
// other, moved to the margin.
func cut(lines []string, from, to string) ([]string, error) {
	first := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, from) })
	if first < 0 {
		return nil, fmt.Errorf("no line holds %q", from)
	}
	length := slices.IndexFunc(lines[first:], func(line string) bool { return strings.Contains(line, to) })
	if length < 0 {
		return nil, fmt.Errorf("no line after %q holds %q", from, to)
	}
	some := slices.Clone(lines[first : first+length+1])
	indent := some[0][:len(some[0])-len(strings.TrimLeft(some[0], "\t"))]
	for i := range some {
		some[i] = strings.TrimPrefix(some[i], indent)
	}
	return some, nil
}

// aTestType is here to be found by TestSnippet.
type aTestType struct{}

// method is, too.
func (*aTestType) method() int {
	const (
		one = 1
		two = 2
	)
	return one + two
}

func TestSnippet(t *testing.T) {
	const here = "internal/docs/snippets_test.go"
	for note, want := range map[string][]string{
		here + ": aTestType":                           {"// aTestType is here to be found by TestSnippet.", "type aTestType struct{}"},
		here + `: aTestType.method "one =" to "two ="`: {"one = 1", "two = 2"},
		here + ": update, aTestType": {
			`var update = flag.Bool("update", false, "write the Go snippets of the documents anew")`, "",
			"// aTestType is here to be found by TestSnippet.", "type aTestType struct{}",
		},
	} {
		if got, err := snippet(note); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v", note, got, err)
		}
	}
	for _, note := range []string{"none.go", here + ": none", here + `: snippet "nowhere" to "x"`, here + `: snippet "path" to "nowhere at all` + `"`} {
		if got, err := snippet(note); err == nil {
			t.Errorf("%s: got %q", note, got)
		}
	}
	if (&aTestType{}).method() != 3 {
		t.Error("the example does not count")
	}
}
