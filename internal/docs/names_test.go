package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// public are the packages whose names documents use.
var public = []string{"mesos", "scheduler", "offer", "executor", "operator", "store", "security", "zk", "local"}

var (
	quoted  = regexp.MustCompile("`[^`]+`")
	ourName = regexp.MustCompile(`\b(` + strings.Join(public, "|") + `)\.([A-Z]\w*)(\.[A-Z]\w*)?`)
)

// TestNames looks for each name of ours that a document mentions, such as `executor.Run` or `scheduler.Session.Accept`. In the first
// column of from-mesos-go.md stand those of another library.
func TestNames(t *testing.T) {
	declared := map[string]bool{}
	for _, name := range public {
		for declaration := range declarations(t, name) {
			declared[declaration] = true
		}
	}
	found := 0
	for _, doc := range documents(t) {
		for i, line := range doc.lines {
			if cells := strings.SplitN(line, "|", 3); doc.name == "docs/from-mesos-go.md" && len(cells) == 3 {
				line = cells[2]
			}
			for _, code := range quoted.FindAllString(line, -1) {
				for _, name := range ourName.FindAllString(code, -1) {
					if found++; !declared[name] {
						t.Errorf("%s:%d: there is no %s", doc.name, i+1, name)
					}
				}
			}
		}
	}
	if found == 0 {
		t.Error("the documents mention nothing of ours")
	}
}

// declarations are the exported names of a package, and those of its types' methods and fields behind the type's.
func declarations(t *testing.T, name string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, name, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range parsed.Decls {
			for _, declared := range declaredBy(one) {
				names[name+"."+declared] = true
			}
		}
	}
	return names
}

func declaredBy(one ast.Decl) (names []string) {
	switch d := one.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
		receiver := d.Recv.List[0].Type
		if pointer, ok := receiver.(*ast.StarExpr); ok {
			receiver = pointer.X
		}
		if named, ok := receiver.(*ast.Ident); ok {
			return []string{named.Name + "." + d.Name.Name}
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			names = append(names, specified(spec)...)
		}
	}
	return names
}

func specified(spec ast.Spec) (names []string) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range s.Names {
			names = append(names, name.Name)
		}
	case *ast.TypeSpec:
		names = []string{s.Name.Name}
		var members *ast.FieldList
		switch typ := s.Type.(type) {
		case *ast.StructType:
			members = typ.Fields
		case *ast.InterfaceType:
			members = typ.Methods
		default:
			return names
		}
		for _, field := range members.List {
			for _, name := range field.Names {
				names = append(names, s.Name.Name+"."+name.Name)
			}
		}
	}
	return names
}
