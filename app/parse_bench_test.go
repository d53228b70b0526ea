package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/app"
)

// BenchmarkGroup reads a group of 1,000 apps and applies it, to nothing and to itself.
func BenchmarkGroup(b *testing.B) {
	for name, f := range map[string]app.Format{"JSON": app.JSON, "YAML": app.YAML} {
		text := []byte(thousand(f))
		b.Run(name+"/parse", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				parseGroup(b, text, f)
			}
		})
		u := parseGroup(b, text, f)
		g, err := u.Apply(nil, app.Defaults{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/apply to itself", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				again, err := u.Apply(g, app.Defaults{})
				if err != nil || again.Apps[999] != g.Apps[999] {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/validate", func(b *testing.B) {
			for b.Loop() {
				if err := (&app.Group{ID: app.Root, Groups: []*app.Group{g}}).Validate(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkApp reads one app, as POST /v2/apps does.
func BenchmarkApp(b *testing.B) {
	text := fmt.Appendf(nil, `{"id": "/shop/%s`, one(1))
	b.ReportAllocs()
	for b.Loop() {
		doc, err := app.Parse(text, app.JSON)
		if err != nil {
			b.Fatal(err)
		}
		u, err := doc.App()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := u.ApplyFull(nil, app.Root, app.Defaults{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClone(b *testing.B) {
	g, err := parseGroup(b, []byte(thousand(app.JSON)), app.JSON).Apply(nil, app.Defaults{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		g.Apps[0].Clone()
	}
}

func parseGroup(b *testing.B, text []byte, f app.Format) *app.GroupUpdate {
	doc, err := app.Parse(text, f)
	if err != nil {
		b.Fatal(err)
	}
	u, err := doc.Group()
	if err != nil {
		b.Fatal(err)
	}
	return u
}

func thousand(f app.Format) string {
	var s strings.Builder
	if f == app.YAML {
		s.WriteString("id: /shop\napps:\n")
		for i := range 1000 {
			fmt.Fprintf(&s, `
- id: web%d
  cmd: python3 -m http.server $PORT0
  instances: 3
  cpus: 0.5
  mem: 256
  env: {A: "1", B: two}
  labels: {HAPROXY_GROUP: external, HAPROXY_0_VHOST: shop.example}
  portDefinitions: [{port: 0, name: http}]
  healthChecks: [{protocol: HTTP, path: /health, gracePeriodSeconds: 10}]
  upgradeStrategy: {minimumHealthCapacity: 0.5, maximumOverCapacity: 0.2}
  constraints: [[hostname, UNIQUE], [rack, GROUP_BY, "3"]]
`, i)
		}
		return s.String()
	}
	s.WriteString(`{"id": "/shop", "apps": [`)
	for i := range 1000 {
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteString(`{"id": "` + one(i))
	}
	s.WriteString(`]}`)
	return s.String()
}

// one is an app in JSON, from within its id on.
func one(i int) string {
	return fmt.Sprintf(`web%d",
		"cmd": "python3 -m http.server $PORT0",
		"instances": 3, "cpus": 0.5, "mem": 256,
		"env": {"A": "1", "B": "two"},
		"labels": {"HAPROXY_GROUP": "external", "HAPROXY_0_VHOST": "shop.example"},
		"portDefinitions": [{"port": 0, "name": "http"}],
		"healthChecks": [{"protocol": "HTTP", "path": "/health", "gracePeriodSeconds": 10}],
		"upgradeStrategy": {"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0.2},
		"constraints": [["hostname", "UNIQUE"], ["rack", "GROUP_BY", "3"]]}`, i)
}
