package container

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

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
