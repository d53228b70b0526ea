package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "hello.json")
	r, err := readRecord(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Save("f"); err != nil {
		t.Fatal(err)
	}
	if err := r.add("t", launched{Agent: "a", URL: "u"}); err != nil {
		t.Fatal(err)
	}
	again, err := readRecord(path)
	if err != nil || again.FrameworkID != "f" || again.Tasks["t"].Agent != "a" {
		t.Errorf("read again: %+v, %v", again, err)
	}
	for range 2 { // also when somebody has removed the file already
		if err := r.Save(""); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) || len(r.Tasks) > 0 {
		t.Errorf("the record is left: %v, %v", err, r.Tasks)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readRecord(path); err == nil {
		t.Error("a damaged record is read")
	}
}
