package main

import (
	"syscall"
	"testing"

	"github.com/ormosproject/ormos/internal/tlstest"
)

// TestTLS is hello with a cluster that speaks https: the scheduler is told whom to believe, the executor by its agent.
func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := tlstest.Certificate(t)
	c := startCluster(t, dir, "--tls-cert", cert, "--tls-key", key)
	p := start(t, dir, "hello", "--master", c.master, "--ca-file", cert)
	url := serving(t, p)
	if err := p.End(syscall.SIGTERM); err != nil {
		t.Errorf("hello ended with %v", err)
	}
	if page(url) != "" {
		t.Error("the web server still answers")
	}
}
