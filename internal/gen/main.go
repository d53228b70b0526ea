// Command gen writes the Go types of Mesos' messages and their codec tables from the schema.
//
//	go run ./internal/gen          # in the module's root: writes mesos/types_gen.go and so on
//	go run ./internal/gen -check   # fails when one of them is stale
//	go run ./internal/gen -stock   # writes the stock runtime's code, which benchmarks with -tags stock compare with
//
// The schema is compiled by a Go library, so no protoc is needed. The output depends on the schema alone.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := flag.String("root", ".", "directory of the module")
	check := flag.Bool("check", false, "write nothing; fail when a file is not what would be written")
	stock := flag.Bool("stock", false, "write what the stock generator makes of the schema, for benchmarks with the tag stock")
	flag.Parse()
	work := func() error { return run(*root, *check) }
	if *stock {
		work = func() error { return writeStock(*root) }
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(root string, check bool) error {
	files, err := generate(context.Background(), filepath.Join(root, "schema"))
	if err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(root, f.path)
		if !check {
			if err := os.WriteFile(path, f.text, 0o644); err != nil {
				return fmt.Errorf("cannot write generated code: %w", err)
			}
			continue
		}
		have, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("cannot compare generated code: %w", err)
		}
		if !bytes.Equal(have, f.text) {
			return fmt.Errorf("%s is stale: run go generate ./internal/gen", f.path)
		}
	}
	return nil
}
