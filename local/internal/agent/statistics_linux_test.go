package agent

import (
	"os"
	"testing"
)

func TestParseStat(t *testing.T) {
	line := "42 (a ) b) S 1 42 41 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 1 0 12345 1000000 25 18446744073709551615"
	session, u, ok := parseStat(line, 4096)
	if !ok || session != 41 || u.user.Milliseconds() != 1500 || u.system.Milliseconds() != 500 || u.memory != 25*4096 {
		t.Errorf("got %d, %+v, %v", session, u, ok)
	}
	own, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Fatal(err)
	}
	if _, u, ok := parseStat(string(own), 4096); !ok || u.memory == 0 {
		t.Errorf("own: %+v, %v", u, ok)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add("1 (x) S 1 1 1")
	f.Add(")")
	f.Fuzz(func(_ *testing.T, line string) { parseStat(line, 4096) })
}
