package container

import (
	"crypto/rand"
	"os"
	"os/exec"
	"testing"
)

// BenchmarkLaunch is a launch of /bin/sleep up to the moment where it runs, beside os/exec doing the same.
func BenchmarkLaunch(b *testing.B) {
	p, err := NewProcesses(Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	command := shell("/bin/sleep")
	command.Shell, command.Arguments = new(false), []string{"sleep", "1000"}
	for _, checkpoint := range []bool{false, true} {
		name := "plain"
		if checkpoint {
			name = "checkpoint"
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s := Spec{ID: rand.Text(), Sandbox: b.TempDir(), Command: command}
				if checkpoint {
					s.Checkpoint = s.Sandbox
				}
				c, err := p.Launch(b.Context(), s)
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				c.Destroy()
				b.StartTimer()
			}
		})
	}
	b.Run("os-exec", func(b *testing.B) {
		for b.Loop() {
			c := exec.Command("/bin/sleep", "1000")
			out, err := os.Create(b.TempDir() + "/stdout")
			if err != nil {
				b.Fatal(err)
			}
			c.Stdout = out
			if err := c.Start(); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			_ = c.Process.Kill()
			_ = c.Wait()
			out.Close()
			b.StartTimer()
		}
	})
}

// BenchmarkEnd is from the end of a command to Done, the sweep of the process table included.
func BenchmarkEnd(b *testing.B) {
	p, err := NewProcesses(Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	command := shell("/bin/true")
	command.Shell, command.Arguments = new(false), []string{"true"}
	for b.Loop() {
		c, err := p.Launch(b.Context(), Spec{ID: rand.Text(), Sandbox: b.TempDir(), Command: command})
		if err != nil {
			b.Fatal(err)
		}
		<-c.Done()
	}
}
