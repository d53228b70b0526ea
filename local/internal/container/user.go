package container

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// barred explains why a user may not start a command, where it is because a directory above the sandbox is closed to them: a command begins there.
func barred(err error, s Spec, who *syscall.Credential) error {
	if who == nil || !errors.Is(err, syscall.EACCES) {
		return err
	}
	for dir := filepath.Dir(s.Sandbox); ; dir = filepath.Dir(dir) {
		if info, bad := os.Stat(dir); bad == nil && !enters(who, info) {
			return fmt.Errorf("user %q cannot enter the sandbox, which is below %s: open that with chmod o+x, or keep the cluster's files elsewhere (%w)", s.User, dir, err)
		}
		if dir == filepath.Dir(dir) {
			return err
		}
	}
}

// enters tells whether somebody may pass through a directory.
func enters(who *syscall.Credential, dir os.FileInfo) bool {
	of, ok := dir.Sys().(*syscall.Stat_t)
	switch mode := dir.Mode().Perm(); {
	case !ok:
		return true
	case of.Uid == who.Uid:
		return mode&0o100 != 0
	case of.Gid == who.Gid || slices.Contains(who.Groups, of.Gid):
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

// credential is who runs the commands of the user with that name: nil when it is who runs us, or when only root could
// become another.
func credential(name string) (*syscall.Credential, error) {
	if name == "" || os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("cannot run as user %q: %w", name, err)
	}
	if u.Uid == "0" {
		return nil, nil
	}
	groups, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("cannot run as user %q: %w", name, err)
	}
	ids := make([]uint32, 0, len(groups)+2)
	for _, s := range append([]string{u.Uid, u.Gid}, groups...) {
		id, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("cannot run as user %q: %w", name, err)
		}
		ids = append(ids, uint32(id))
	}
	return &syscall.Credential{Uid: ids[0], Gid: ids[1], Groups: ids[2:]}, nil
}
