package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocumented looks for a doc comment at each exported name of the packages that others may import: types, functions, methods,
// constants, variables, and the fields and methods of types that were written by hand. Constants and variables may share their block's comment. A
// field may be told of in the comment of its type or of a field above it, by its name.
func TestDocumented(t *testing.T) {
	checked := 0
	for _, directory := range importable(t) {
		files, err := filepath.Glob(filepath.Join(directory, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			checked++
			for _, one := range undocumented(file) {
				at := set.Position(one.Pos())
				t.Errorf("%s:%d: %s has no doc comment", strings.TrimPrefix(at.Filename, root+"/"), at.Line, one.Name)
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d files were found", checked)
	}
}

// importable are the directories with packages for others, seen from this one.
func importable(t *testing.T) (all []string) {
	t.Helper()
	closed := []string{".git", "bin", "cmd", "docs", "examples", "internal", "schema", "testdata", "tools"}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || !entry.IsDir():
			return err
		case slices.Contains(closed, entry.Name()):
			return fs.SkipDir
		}
		all = append(all, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// undocumented are the exported names in a file that have no comment.
func undocumented(file *ast.File) (bare []*ast.Ident) {
	generated := ast.IsGenerated(file)
	for _, one := range file.Decls {
		switch d := one.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d))) {
				bare = append(bare, d.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				bare = append(bare, bareSpec(d, spec, generated)...)
			}
		}
	}
	return bare
}

// receiver is the name of a method's type.
func receiver(d *ast.FuncDecl) string {
	typ := d.Recv.List[0].Type
	if pointer, ok := typ.(*ast.StarExpr); ok {
		typ = pointer.X
	}
	if generic, ok := typ.(*ast.IndexExpr); ok {
		typ = generic.X
	}
	name, _ := typ.(*ast.Ident)
	return name.String()
}

func bareSpec(d *ast.GenDecl, spec ast.Spec, generated bool) (bare []*ast.Ident) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		if d.Doc == nil && s.Doc == nil && s.Comment == nil {
			bare = exported(s.Names)
		}
	case *ast.TypeSpec:
		if !s.Name.IsExported() {
			return nil
		}
		above := comments(s.Doc, s.Comment)
		if !d.Lparen.IsValid() {
			above += comments(d.Doc)
		}
		if above == "" {
			bare = append(bare, s.Name)
		}
		if !generated {
			bare = append(bare, bareMembers(s.Type, above)...)
		}
	}
	return bare
}

// bareMembers are the fields of a struct, or the methods of an interface, that have no comment and are not named by one above.
func bareMembers(typ ast.Expr, above string) (bare []*ast.Ident) {
	var members *ast.FieldList
	switch typ := typ.(type) {
	case *ast.StructType:
		members = typ.Fields
	case *ast.InterfaceType:
		members = typ.Methods
	default:
		return nil
	}
	for _, field := range members.List {
		own := comments(field.Doc, field.Comment)
		above += own
		for _, name := range exported(field.Names) {
			if own == "" && !regexp.MustCompile(`\b`+name.Name+`\b`).MatchString(above) {
				bare = append(bare, name)
			}
		}
		if inner, ok := field.Type.(*ast.StructType); ok {
			bare = append(bare, bareMembers(inner, above)...)
		}
	}
	return bare
}

func exported(names []*ast.Ident) (all []*ast.Ident) {
	for _, name := range names {
		if name.IsExported() {
			all = append(all, name)
		}
	}
	return all
}

// comments is the text of all of them, "" where there is none.
func comments(groups ...*ast.CommentGroup) (text string) {
	for _, one := range groups {
		text += one.Text()
	}
	return text
}

func TestUndocumented(t *testing.T) {
	const source = `package x

// A is documented, and names Told.
type A struct {
	Told, Bare int
	Own        int // here
	// Above is, and so is Beside.
	Above  int
	Beside int
	hidden int
	Inner  struct{ Deep int } // it is
}

type B interface {
	Method()
	// Other is documented.
	Other()
}

// These have no comments of their own.
type (
	C int
	// D has.
	D int
)

// Both.
const (
	E = 1
	F = 2
)

const (
	G = 1
	H = 2 // has
	i = 3
)

var J, k = 1, 2

func L()          {}
func (A) M()      {}
func (*A) N()     {}
func (hidden) O() {}

// P is.
func (A) P() {}
`
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(undocumented(file)), "[Bare Deep B Method C G J L M N]"; got != want {
		t.Errorf("got %s, not %s", got, want)
	}
}
