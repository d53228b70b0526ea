package mesos_test

import (
	"testing"

	"github.com/ormosproject/ormos/mesos"
)

// An agent's resources and a task's, as an allocator and a master meet them all day.
func benchmarkOperands(b *testing.B) (agent, task mesos.Resources) {
	b.Helper()
	b.ReportAllocs()
	agent = parse(b, "cpus:64;mem:262144;disk:1048576;ports:[31000-31099,31105-31200,31300-32000];cpus(web):4;mem(web):4096")
	return agent.AllocatedTo("web"), parse(b, "cpus:0.1;mem:32;ports:[31010-31010]").AllocatedTo("web")
}

func BenchmarkContains(b *testing.B) {
	agent, task := benchmarkOperands(b)
	for b.Loop() {
		if !agent.Contains(task...) {
			b.Fatal("the task does not fit")
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	agent, task := benchmarkOperands(b)
	for b.Loop() {
		agent.Add(task...)
	}
}

func BenchmarkSubtract(b *testing.B) {
	agent, task := benchmarkOperands(b)
	for b.Loop() {
		agent.Subtract(task...)
	}
}

func BenchmarkTake(b *testing.B) {
	agent, _ := benchmarkOperands(b)
	for b.Loop() {
		if _, _, ok := agent.Take(mesos.CPUs(0.1), mesos.Mem(32)); !ok {
			b.Fatal("the task does not fit")
		}
	}
}
