package files

import (
	"time"

	"github.com/ormosproject/ormos/mesos"
)

// Info is the entry as LIST_FILES shows it.
func (e Entry) Info() mesos.FileInfo {
	return mesos.FileInfo{
		Path: e.Path, Nlink: new(int32(e.Links)), Size: new(uint64(e.Size)), Mode: new(e.Mode), Uid: new(e.UID), Gid: new(e.GID),
		Mtime: &mesos.TimeInfo{Nanoseconds: e.Modified * int64(time.Second)},
	}
}
