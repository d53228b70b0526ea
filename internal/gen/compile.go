package main

import (
	"context"
	"fmt"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/reflect/protoreflect"
)

//go:generate go run . -root ../..

// schemaFiles are the files of the schema, in the order in which their messages are written.
var schemaFiles = [...]string{
	"mesos/v1/mesos.proto",
	"mesos/v1/scheduler/scheduler.proto",
	"mesos/v1/executor/executor.proto",
	"mesos/v1/allocator/allocator.proto",
	"mesos/v1/maintenance/maintenance.proto",
	"mesos/v1/quota/quota.proto",
	"mesos/v1/master/master.proto",
	"mesos/v1/agent/agent.proto",
	"mesos/v1/resource_provider/resource_provider.proto",
}

// compile reads the schema in a directory. The last file is protobuf's own duration.proto, which it imports.
func compile(ctx context.Context, dir string) ([]protoreflect.FileDescriptor, error) {
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{dir}}),
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	names := append(schemaFiles[:len(schemaFiles):len(schemaFiles)], "google/protobuf/duration.proto")
	files, err := compiler.Compile(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("cannot compile the schema: %w", err)
	}
	all := make([]protoreflect.FileDescriptor, len(files))
	for i, f := range files {
		all[i] = f
	}
	return all, nil
}
