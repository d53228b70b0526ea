package main

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// comment is the schema's comment on something, on one line.
func comment(d protoreflect.Descriptor) string {
	loc := d.ParentFile().SourceLocations().ByDescriptor(d)
	return strings.Join(strings.Fields(loc.LeadingComments), " ")
}

// describe is the doc comment of a message or an enum: the schema's, which begins with the name, or what can be told
// from where it stands.
func describe(d protoreflect.Descriptor) string {
	name := goName(d).name
	full := d.FullName()
	if full == "google.protobuf.Duration" {
		return name + " is a span of time: google.protobuf.Duration."
	}
	if text := comment(d); text != "" {
		if first, rest, _ := strings.Cut(text, " "); strings.HasSuffix("."+string(full), "."+first) {
			text = name + " " + rest
		}
		return fmt.Sprintf("%s (%s)", text, full)
	}
	parent, nested := d.Parent().(protoreflect.MessageDescriptor)
	if !nested {
		return fmt.Sprintf("%s is %s.", name, full)
	}
	outer := goName(parent).name
	if _, ok := d.(protoreflect.EnumDescriptor); ok {
		if d.Name() == "Type" {
			return fmt.Sprintf("%s tells which kind of [%s] it is, and so which of its members counts. (%s)", name, outer, full)
		}
		return fmt.Sprintf("%s is an enum of [%s]. (%s)", name, outer, full)
	}
	kind := snakeUpper(string(d.Name()))
	switch parent.Name() {
	case "Call", "Event", "Response", "Operation":
		if types := parent.Enums().ByName("Type"); types != nil && types.Values().ByName(protoreflect.Name(kind)) != nil {
			return fmt.Sprintf("%s is what %s of type %s carries. (%s)", name, article(outer), kind, full)
		}
	}
	return fmt.Sprintf("%s is a part of [%s]. (%s)", name, outer, full)
}

func article(name string) string {
	if strings.ContainsAny(name[:1], "AEIOU") {
		return "an [" + name + "]"
	}
	return "a [" + name + "]"
}

// snakeUpper turns LaunchGroup into LAUNCH_GROUP.
func snakeUpper(s string) string {
	var b strings.Builder
	for i, c := range s {
		if i > 0 && c >= 'A' && c <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(c)
	}
	return strings.ToUpper(b.String())
}

// describeField is the doc comment of a field; "" is none.
func describeField(f protoreflect.FieldDescriptor) string {
	text := comment(f)
	if f.HasDefault() {
		text += fmt.Sprintf(" Default: %v.", defaultText(f))
	}
	if isDeprecated(f) {
		text += " (Out of use.)"
	}
	if oneof := f.ContainingOneof(); oneof != nil {
		text += fmt.Sprintf(" (One of %s.)", oneof.Name())
	}
	return strings.TrimSpace(text)
}

func defaultText(f protoreflect.FieldDescriptor) any {
	if v := f.DefaultEnumValue(); v != nil {
		return v.Name()
	}
	if f.Kind() == protoreflect.StringKind {
		return fmt.Sprintf("%q", f.Default().String())
	}
	return f.Default().Interface()
}

// wrap breaks text into lines of at most width characters.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
