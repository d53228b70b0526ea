package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ormosproject/ormos/app"
)

// maxFile is the longest file of apps that is read, in bytes.
const maxFile = 64 << 20

// readParts reads what a file defines, "-" being the standard input. Errors name the file and the place in it.
func readParts(path string, stdin io.Reader) ([]app.Part, error) {
	doc, err := readDocument(path, stdin)
	if err != nil {
		return nil, err
	}
	return partsOf(path, doc)
}

func readDocument(path string, stdin io.Reader) (*app.Document, error) {
	text, format, err := readFile(path, stdin)
	if err != nil {
		return nil, err
	}
	doc, err := app.Parse(text, format)
	if err != nil {
		return nil, inFile(path, err)
	}
	return doc, nil
}

func partsOf(path string, doc *app.Document) ([]app.Part, error) {
	parts, err := doc.Updates()
	if err != nil {
		return nil, inFile(path, err)
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("%s defines nothing: it holds neither an app nor a group", path)
	}
	for _, part := range parts {
		if part.ID() == "" && part.Group == nil {
			return nil, fmt.Errorf("%s: an app has no id; give it one, such as id: /web", path)
		}
	}
	return parts, nil
}

func readFile(path string, stdin io.Reader) ([]byte, app.Format, error) {
	var r io.Reader
	if path == "-" {
		r = stdin
	} else {
		file, err := os.Open(path)
		if err != nil {
			return nil, 0, fmt.Errorf("cannot read the app file: %w", unwrapPath(err))
		}
		defer file.Close()
		r = file
	}
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, 0, fmt.Errorf("cannot read %s: %w", path, err)
	}
	if len(text) > maxFile {
		return nil, 0, fmt.Errorf("%s has more than %d MiB", path, maxFile>>20)
	}
	format := app.FormatOf(path)
	if path == "-" && !strings.HasPrefix(strings.TrimSpace(string(text)), "{") && !strings.HasPrefix(strings.TrimSpace(string(text)), "[") {
		format = app.YAML
	}
	return text, format, nil
}

// unwrapPath shortens "open x: no such file" to what people ask.
func unwrapPath(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("%s: %w", p.Path, p.Err)
	}
	return err
}

// inFile says in which file something is wrong.
func inFile(path string, err error) error {
	refused, ok := errors.AsType[*app.Error](err)
	if !ok || len(refused.Details) == 0 {
		return fmt.Errorf("%s: %w", path, err)
	}
	var b strings.Builder
	for i, d := range refused.Details {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s:", path)
		if d.Line > 0 {
			fmt.Fprintf(&b, "%d:", d.Line)
		}
		if d.Column > 0 {
			fmt.Fprintf(&b, "%d:", d.Column)
		}
		if d.Path != "" && d.Path != "/" {
			fmt.Fprintf(&b, " %s:", d.Path)
		}
		fmt.Fprintf(&b, " %s", strings.Join(d.Errors, "; "))
	}
	if refused.Hint != "" {
		b.WriteString("\n" + refused.Hint)
	}
	return errors.New(b.String())
}
