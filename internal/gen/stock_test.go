package main

import (
	"context"
	"sync"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/ormosproject/ormos/internal/codec"
)

// The stock runtime, fed with the same schema, is the referee.
var descriptors = sync.OnceValue(func() map[protoreflect.FullName]protoreflect.MessageDescriptor {
	files, err := compile(context.Background(), "../../schema")
	if err != nil {
		panic(err)
	}
	all := make(map[protoreflect.FullName]protoreflect.MessageDescriptor)
	messages, _ := collect(files)
	for _, m := range messages {
		all[m.FullName()] = m
	}
	return all
})

// newMessage makes an empty message of ours.
func newMessage(t testing.TB, name string) codec.Message {
	t.Helper()
	newOf := constructors[name]
	if newOf == nil {
		t.Fatalf("no message %s", name)
	}
	return newOf()
}

// stock makes an empty message of the stock runtime.
func stock(t testing.TB, name string) *dynamicpb.Message {
	t.Helper()
	d := descriptors()[protoreflect.FullName(name)]
	if d == nil {
		t.Fatalf("no message %s in the schema", name)
	}
	return dynamicpb.NewMessage(d)
}

func unmarshalStock(t testing.TB, b []byte, m proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(b, m); err != nil {
		t.Fatalf("stock runtime: %v", err)
	}
}

// openEnum tells whether the bytes of a message hold a number that its enum does not have.
func openEnum(d protoreflect.MessageDescriptor, b []byte) bool {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeField(b)
		if n < 0 {
			return false
		}
		_, _, tag := protowire.ConsumeTag(b)
		value := b[tag:n]
		b = b[n:]
		f := d.Fields().ByNumber(num)
		switch {
		case f == nil:
		case f.Message() != nil && typ == protowire.BytesType:
			if content, _ := protowire.ConsumeBytes(value); openEnum(f.Message(), content) {
				return true
			}
		case f.Enum() != nil:
			if typ == protowire.BytesType {
				value, _ = protowire.ConsumeBytes(value)
			}
			for len(value) > 0 {
				v, n := protowire.ConsumeVarint(value)
				if n < 0 {
					break
				}
				if f.Enum().Values().ByNumber(protoreflect.EnumNumber(v)) == nil {
					return true
				}
				value = value[n:]
			}
		}
	}
	return false
}
