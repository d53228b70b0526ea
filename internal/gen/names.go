package main

import (
	"regexp"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// place is where a message of the schema goes: the Go package, and what is put in front of its name.
type place struct{ pkg, prefix string }

// placeOf gives the place of a protobuf package.
func placeOf(pkg protoreflect.FullName) place {
	switch pkg {
	case "mesos.v1":
		return place{"mesos", ""}
	case "mesos.v1.scheduler":
		return place{"scheduler", ""}
	case "mesos.v1.executor":
		return place{"executor", ""}
	case "mesos.v1.maintenance":
		return place{"operator", "Maintenance"}
	case "mesos.v1.quota":
		return place{"operator", "Quota"}
	case "mesos.v1.master":
		return place{"operator", "Master"}
	case "mesos.v1.agent":
		return place{"operator", "Agent"}
	case "mesos.v1.resource_provider":
		return place{"operator", "ResourceProvider"}
	}
	return place{"operator", ""} // allocator; google.protobuf for Duration
}

// ident is the name of something in Go.
type ident struct{ pkg, name string }

// from is the name as written in package pkg.
func (i ident) from(pkg string) string {
	if i.pkg == pkg {
		return i.name
	}
	return i.pkg + "." + i.name
}

// goName is the Go name of a message or an enum.
func goName(d protoreflect.Descriptor) ident {
	pkg := d.ParentFile().Package()
	at := placeOf(pkg)
	words := strings.Split(strings.TrimPrefix(string(d.FullName()), string(pkg)+"."), ".")
	if words[0] == "OfferConstraints" || words[0] == "AttributeConstraint" {
		at.pkg = "mesos" // nouns of the framework, used by more than its calls
	}
	name := at.prefix
	if strings.HasPrefix(words[0], at.prefix) {
		name = ""
	}
	for _, w := range words {
		name += initialsIn(w)
	}
	return ident{at.pkg, name}
}

// lowerInitials are the words inside the schema's message names that Go writes in capitals.
var lowerInitials = regexp.MustCompile(`(Http|Tcp|Icmp|Udp|Snmp)([A-Z]|$)`)

func initialsIn(word string) string {
	return lowerInitials.ReplaceAllStringFunc(word, strings.ToUpper)
}

// initials are the words of field names that are not just capitalized.
var initials = map[string]string{
	"id": "ID", "ids": "IDs", "url": "URL", "uri": "URI", "uris": "URIs", "uuid": "UUID", "http": "HTTP", "https": "HTTPS",
	"tcp": "TCP", "udp": "UDP", "icmp": "ICMP", "snmp": "SNMP", "ip": "IP", "ips": "IPs", "cpu": "CPU", "cpus": "CPUs",
	"gpu": "GPU", "gpus": "GPUs", "pid": "PID", "io": "IO", "dns": "DNS", "csi": "CSI", "uids": "UIDs", "ttl": "TTL",
	"webui": "WebUI", "tty": "TTY", "os": "OS", "rss": "RSS", "cfs": "CFS", "json": "JSON",
}

// camel turns task_id and TASK_ID into TaskID.
func camel(s string) string {
	var b strings.Builder
	for w := range strings.SplitSeq(s, "_") {
		if w == "" {
			continue
		}
		if known := initials[strings.ToLower(w)]; known != "" {
			b.WriteString(known)
			continue
		}
		rest := w[1:]
		if w == strings.ToUpper(w) {
			rest = strings.ToLower(rest)
		}
		b.WriteString(strings.ToUpper(w[:1]) + rest)
	}
	return b.String()
}

// constName is the Go name of an enum's value: the enum's name comes first unless all values begin with a word of their own.
func constName(v protoreflect.EnumValueDescriptor) ident {
	e := v.Parent().(protoreflect.EnumDescriptor)
	id := goName(e)
	if ownPrefix(e) {
		return ident{id.pkg, camel(string(v.Name()))}
	}
	return ident{id.pkg, id.name + camel(string(v.Name()))}
}

func ownPrefix(e protoreflect.EnumDescriptor) bool {
	values := e.Values()
	first, _, _ := strings.Cut(string(values.Get(0).Name()), "_")
	for i := range values.Len() {
		word, _, more := strings.Cut(string(values.Get(i).Name()), "_")
		if !more || word != first {
			return false
		}
	}
	return values.Len() > 1
}
