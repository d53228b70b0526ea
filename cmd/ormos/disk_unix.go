//go:build unix

package main

import "golang.org/x/sys/unix"

// diskSpace gives what is free for this user and what there is in the file system of a directory, in bytes.
func diskSpace(dir string) (free, total uint64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), uint64(s.Blocks) * uint64(s.Bsize), nil
}
