package framework

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ormosproject/ormos/internal/engine"
	"github.com/ormosproject/ormos/store"
)

// lengthen is an upgrade to a format that there is not.
func lengthen(records map[string][]byte) (map[string][]byte, int, error) {
	if string(records["meta"]) != "old" {
		return nil, 2, nil
	}
	return map[string][]byte{"meta": []byte("new"), "app//web": append([]byte("longer "), records["app//web"]...), "group//gone": nil}, 1, nil
}

func old() map[string][]byte {
	return map[string][]byte{"meta": []byte("old"), "app//web": []byte("web"), "group//gone": []byte("x"), "framework-id": []byte("f")}
}

// mortal kills its process before or behind a commit.
type mortal struct {
	*store.File
	before, behind bool
}

func (m *mortal) Commit(ctx context.Context, changes map[string][]byte) error {
	if m.before {
		die()
	}
	err := m.File.Commit(ctx, changes)
	if m.behind {
		die()
	}
	return err
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// upgradeAndDie upgrades the records in a directory, and is killed at a moment of it.
func upgradeAndDie(dir, moment string) {
	records, err := store.OpenFile(filepath.Join(dir, "records"))
	if err != nil {
		os.Exit(1)
	}
	u := &upgrader{&mortal{records, moment == "before", moment == "behind"}, dir, lengthen, slog.New(slog.DiscardHandler)}
	if moment == "backup" {
		u.upgrade = func(records map[string][]byte) (map[string][]byte, int, error) {
			die()
			return lengthen(records)
		}
	}
	_, _ = u.load(context.Background())
}

func TestUpgradeThatIsKilled(t *testing.T) {
	for _, test := range []struct {
		moment  string
		backups int
	}{{"backup", 1}, {"before", 2}, {"behind", 1}} {
		t.Run(test.moment, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "records")
			commitTo(t, path, old())
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "ORMOS_UPGRADE_IN="+dir, "ORMOS_UPGRADE_DIES="+test.moment)
			if err := cmd.Run(); err == nil || !strings.Contains(err.Error(), "killed") {
				t.Fatalf("it was not killed: %v", err)
			}
			records, err := store.OpenFile(path)
			if err != nil {
				t.Fatal(err)
			}
			defer records.Close()
			got, err := (&upgrader{records, dir, lengthen, slog.New(slog.DiscardHandler)}).load(t.Context())
			want := map[string][]byte{"meta": []byte("new"), "app//web": []byte("longer web"), "framework-id": []byte("f")}
			if d := cmp.Diff(want, got); err != nil || d != "" {
				t.Errorf("%v\n%s", err, d)
			}
			backups, err := filepath.Glob(filepath.Join(dir, "before-upgrade-of-format-1*.backup"))
			if err != nil || len(backups) != test.backups {
				t.Errorf("there are the backups %v, %v", backups, err)
			}
			for _, one := range backups {
				file, err := os.Open(one)
				if err != nil {
					t.Fatal(err)
				}
				kept, err := store.ReadBackup(file)
				if d := cmp.Diff(old(), kept); errors.Join(err, file.Close()) != nil || d != "" {
					t.Errorf("%s: %v\n%s", one, err, d)
				}
			}
		})
	}
}

func commitTo(t *testing.T, path string, all map[string][]byte) {
	t.Helper()
	records, err := store.OpenFile(path)
	if err == nil {
		err = errors.Join(records.Commit(t.Context(), all), records.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Without a backup nothing is upgraded.
func TestUpgradeWithoutRoomForABackup(t *testing.T) {
	var records store.Memory
	if err := records.Commit(t.Context(), old()); err != nil {
		t.Fatal(err)
	}
	u := &upgrader{&records, filepath.Join(t.TempDir(), "absent"), lengthen, slog.New(slog.DiscardHandler)}
	if _, err := u.load(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot upgrade the records: cannot keep a backup in ") {
		t.Errorf("got %v", err)
	}
	if got, _ := records.Load(t.Context()); cmp.Diff(old(), got) != "" {
		t.Error("they were upgraded")
	}
}

func TestCheckRecords(t *testing.T) {
	if err := CheckRecords(map[string][]byte{"framework-id": []byte("f"), "meta": []byte(`{"format":1}`)}); err != nil {
		t.Error(err)
	}
	if err := CheckRecords(map[string][]byte{"meta": []byte(`{"format":99}`)}); !IsNewer(err) || !errors.Is(err, engine.ErrNewer) {
		t.Errorf("of a newer format: %v", err)
	}
	if err := CheckRecords(map[string][]byte{"app//web": []byte(`{"wanted":"2026-11-26T12:00:00.000Z"}`)}); err == nil || IsNewer(err) {
		t.Errorf("with a definition missing: %v", err)
	}
}
