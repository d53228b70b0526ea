package framework

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/local"
	"github.com/ormosproject/ormos/store"
)

// BenchmarkDeploy deploys many apps of one instance each in one change, on simulated agents, through the API and with the records in a file: from the
// request until all run. Marathon's own continuous integration allows an hour for 10,000.
func BenchmarkDeploy(b *testing.B) {
	for _, apps := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint("apps=", apps), func(b *testing.B) {
			for b.Loop() {
				deployMany(b, apps)
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/float64(apps), "ms/app")
		})
	}
}

func deployMany(b *testing.B, apps int) {
	b.StopTimer()
	o := local.Simulated(nil)
	o.Agents = max(apps/50, 1)
	o.Resources = []string{"cpus:64;mem:65536;disk:65536;ports:[31000-32000]"}
	cluster := local.RunT(b, o)
	records, err := store.OpenFile(filepath.Join(b.TempDir(), "records"))
	if err != nil {
		b.Fatal(err)
	}
	p := start(b, cluster, records)
	all := make([]string, apps)
	for i := range all {
		all[i] = fmt.Sprintf(`{"id": "/group-%d/app-%d", "cmd": "./server --port $PORT0", "cpus": 0.1, "mem": 32, "labels": {"team": "a"}}`, i/100, i)
	}
	text, err := json.Marshal(rawAll(all))
	if err != nil {
		b.Fatal(err)
	}
	b.StartTimer()
	p.deploys(b, func(ctx context.Context) (app.DeploymentResult, error) {
		return p.client.ReplaceApps(ctx, text, false)
	})
	b.StopTimer()
	running := 0
	for state := range p.View().Apps() {
		running += state.TasksRunning
	}
	if running != apps {
		b.Errorf("%d run of %d", running, apps)
	}
	p.cancel()
	if err := records.Close(); err != nil {
		b.Error(err)
	}
	b.StartTimer()
}

func rawAll(texts []string) []json.RawMessage {
	all := make([]json.RawMessage, len(texts))
	for i, text := range texts {
		all[i] = json.RawMessage(text)
	}
	return all
}
