package local

import "context"

// T is what RunT needs of a *testing.T, *testing.B or *testing.F: its methods Helper, Cleanup, Fatal and Error are theirs.
type T interface {
	Helper()
	Cleanup(func())
	Fatal(args ...any)
	Error(args ...any)
}

// RunT starts a cluster for a test, with the options if any are given, and stops it in the end. It fails the test if the cluster
// cannot be started, or ends with an error, or if options are given twice: no cluster could follow both.
func RunT(t T, options ...Options) *Cluster {
	t.Helper()
	if len(options) > 1 {
		t.Fatal("cannot start a local cluster: it takes one Options, not", len(options))
	}
	var o Options
	if len(options) > 0 {
		o = options[0]
	}
	cluster, err := Start(context.Background(), o)
	if err != nil {
		t.Fatal("cannot start a local cluster:", err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error("local cluster:", err)
		}
	})
	return cluster
}
