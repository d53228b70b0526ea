package files

import (
	"io/fs"
	"os/user"
	"strconv"
	"syscall"
)

// owners remembers names of users and groups by number, for the time of one listing.
type owners map[string]string

func (o owners) entry(info fs.FileInfo) Entry {
	e := Entry{Size: info.Size(), Modified: info.ModTime().Unix()}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		e.Mode, e.Links = uint32(s.Mode), uint64(s.Nlink)
		e.UID = o.name('u', s.Uid)
		e.GID = o.name('g', s.Gid)
	}
	return e
}

func (o owners) name(kind byte, id uint32) string {
	number := strconv.FormatUint(uint64(id), 10)
	key := string(kind) + number
	if name, ok := o[key]; ok {
		return name
	}
	o[key] = number
	if kind == 'u' {
		if u, err := user.LookupId(number); err == nil {
			o[key] = u.Username
		}
	} else if g, err := user.LookupGroupId(number); err == nil {
		o[key] = g.Name
	}
	return o[key]
}

// ModeText writes an st_mode as ls does: drwxr-x---.
func ModeText(mode uint32) string {
	b := []byte("?rwxrwxrwx")
	b[0] = typeLetter(mode)
	for i := range 9 {
		if mode&(1<<(8-i)) == 0 {
			b[1+i] = '-'
		}
	}
	special(b, 3, mode&syscall.S_ISUID != 0, 's')
	special(b, 6, mode&syscall.S_ISGID != 0, 's')
	special(b, 9, mode&syscall.S_ISVTX != 0, 't')
	return string(b)
}

// special writes the letter in place of an x, or its capital where there is no x.
func special(b []byte, at int, set bool, letter byte) {
	switch {
	case set && b[at] == 'x':
		b[at] = letter
	case set:
		b[at] = letter - 'a' + 'A'
	}
}

func typeLetter(mode uint32) byte {
	switch mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		return 'd'
	case syscall.S_IFREG:
		return '-'
	case syscall.S_IFLNK:
		return 'l'
	case syscall.S_IFIFO:
		return 'p'
	case syscall.S_IFSOCK:
		return 's'
	case syscall.S_IFCHR:
		return 'c'
	case syscall.S_IFBLK:
		return 'b'
	}
	return '?'
}
