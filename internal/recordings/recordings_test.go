package recordings

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOurs(t *testing.T) {
	t.Setenv("ORMOS_RECORDINGS", "")
	streams, inJSON := 0, 0
	all := Messages(t)
	for _, r := range all {
		if r.Stream() {
			streams++
		}
		if r.JSON() {
			inJSON++
		}
	}
	if streams < 6 || inJSON == 0 || inJSON == len(all) {
		t.Errorf("%d recordings, %d of them streams, %d in JSON", len(all), streams, inJSON)
	}
}

func TestOthers(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("ORMOS_RECORDINGS", dir)
	for name, text := range map[string]string{
		"index.json": `{"files": [{"file": "one.pb", "message": "mesos.v1.TaskID"}, {"file": "redirect.txt"}]}`, "one.pb": "\n\x01t",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if all := Messages(t); len(all) != 1 || string(all[0].Data) != "\n\x01t" || all[0].JSON() || all[0].Stream() {
		t.Errorf("found %+v", all)
	}
}
