package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/cmd/protoc-gen-go/internal_gengo"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/pluginpb"
)

// stockPackage is where benchmarks find what the stock generator makes of the schema. It is not committed.
const stockPackage = "internal/gen/testdata/stock"

// writeStock runs the stock generator on what a scheduler's events need.
func writeStock(root string) error {
	files, err := compile(context.Background(), filepath.Join(root, "schema"))
	if err != nil {
		return err
	}
	request := &pluginpb.CodeGeneratorRequest{FileToGenerate: schemaFiles[:2]}
	var parameters []string
	for _, f := range files[:2] {
		request.ProtoFile = append(request.ProtoFile, protodesc.ToFileDescriptorProto(f))
		parameters = append(parameters, fmt.Sprintf("M%s=github.com/ormosproject/ormos/%s/%s", f.Path(), stockPackage, placeOf(f.Package()).pkg))
	}
	parameters = append(parameters, "module=github.com/ormosproject/ormos")
	request.Parameter = new(strings.Join(parameters, ","))
	plugin, err := protogen.Options{}.New(request)
	if err != nil {
		return fmt.Errorf("cannot run the stock generator: %w", err)
	}
	for _, f := range plugin.Files {
		internal_gengo.GenerateFile(plugin, f)
	}
	response := plugin.Response()
	if response.Error != nil {
		return fmt.Errorf("cannot run the stock generator: %s", response.GetError())
	}
	for _, f := range response.File {
		path := filepath.Join(root, f.GetName())
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("cannot write stock code: %w", err)
		}
		if err := os.WriteFile(path, []byte(f.GetContent()), 0o644); err != nil {
			return fmt.Errorf("cannot write stock code: %w", err)
		}
	}
	return nil
}
