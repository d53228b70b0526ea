package container

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// proc is a line of the process table.
type proc struct {
	pid, parent, group, session int
	start                       uint64 // clock ticks since boot
	user, system                uint64 // clock ticks, with those of children that were waited for
	rss                         int64  // pages
	status                      int32  // of a dead one, as wait gives it; 0 also when we may not know
	dead                        bool   // nothing of it runs any more; its parent has yet to wait for it
	settled                     bool   // it has an environment, empty or not
}

// table is the process table at one moment.
type table struct {
	procs     map[int]proc
	children  map[int][]int
	sessions  map[int][]int
	groups    map[int][]int
	container map[string][]int // by the marker in their environment
}

// walker reads the process table for everybody who asks at the same time.
type walker struct {
	mu   sync.Mutex
	next *walk
	turn sync.Mutex
}

type walk struct {
	done  chan struct{}
	table *table
}

// take returns a table that was begun after the call. Reading it costs about 10 us a process of the machine, so that
// callers who meet share one. filter returns whose environments are to be read.
func (w *walker) take(filter func() func(proc) bool) *table {
	w.mu.Lock()
	mine, leads := w.next, false
	if mine == nil {
		mine, leads = &walk{done: make(chan struct{})}, true
		w.next = mine
	}
	w.mu.Unlock()
	if !leads {
		<-mine.done
		return mine.table
	}
	w.turn.Lock()
	defer w.turn.Unlock()
	w.mu.Lock()
	w.next = nil
	w.mu.Unlock()
	mine.table = readTable(filter())
	close(mine.done)
	return mine.table
}

// readTable reads /proc, and the environments of those that wanted says.
func readTable(wanted func(proc) bool) *table {
	t := &table{
		procs: map[int]proc{}, children: map[int][]int{}, sessions: map[int][]int{}, groups: map[int][]int{},
		container: map[string][]int{},
	}
	dir, err := os.Open("/proc")
	if err != nil {
		return t
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	self, buffer := os.Getpid(), make([]byte, 1024)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == self {
			continue
		}
		if p, ok := readProcWith(pid, buffer); ok {
			t.add(p, wanted)
		}
	}
	return t
}

func (t *table) add(p proc, wanted func(proc) bool) {
	const kthreadd = 2
	if p.pid == kthreadd || p.parent == kthreadd {
		return
	}
	t.procs[p.pid] = p
	t.children[p.parent] = append(t.children[p.parent], p.pid)
	t.sessions[p.session] = append(t.sessions[p.session], p.pid)
	t.groups[p.group] = append(t.groups[p.group], p.pid)
	if !wanted(p) {
		return
	}
	if id := containerOf(p.pid); id != "" {
		t.container[id] = append(t.container[id], p.pid)
	}
}

// tree returns root's descendants and the processes marked with id, with theirs; root is 0 when it is not to be
// looked at. A session or group that one of them leads belongs to it as a whole.
func (t *table) tree(root int, id string) []proc {
	seen := map[int]bool{}
	var queue []int
	add := func(pids ...int) {
		for _, pid := range pids {
			if _, there := t.procs[pid]; pid > 1 && !seen[pid] && (there || pid == root) {
				seen[pid] = true
				queue = append(queue, pid)
			}
		}
	}
	if root != 0 {
		add(root)
	}
	add(t.container[id]...)
	var found []proc
	for len(queue) > 0 {
		pid := queue[0]
		queue = queue[1:]
		if p, ok := t.procs[pid]; ok && !p.dead {
			found = append(found, p)
		}
		add(t.children[pid]...)
		add(t.sessions[pid]...)
		add(t.groups[pid]...)
	}
	return found
}

// living returns those of list that are there yet.
func (t *table) living(list []proc) []proc {
	var found []proc
	for _, p := range list {
		if now, ok := t.procs[p.pid]; ok && !now.dead && now.start == p.start {
			found = append(found, now)
		}
	}
	return found
}

// readProc reads /proc/PID/stat.
func readProc(pid int) (proc, bool) {
	var buffer [1024]byte
	return readProcWith(pid, buffer[:])
}

// readProcWith takes three system calls; os.ReadFile takes six, and this is done for every process of the machine.
func readProcWith(pid int, buffer []byte) (proc, bool) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return proc{}, false
	}
	n, err := unix.Read(fd, buffer)
	_ = unix.Close(fd)
	if err != nil {
		return proc{}, false
	}
	return parseStat(pid, buffer[:n])
}

// parseStat reads the fields behind the command's name, which is in brackets and may hold anything.
func parseStat(pid int, data []byte) (proc, bool) {
	i := bytes.LastIndexByte(data, ')')
	f := strings.Fields(string(data[i+1:]))
	if i < 0 || len(f) < 50 {
		return proc{}, false
	}
	bad := false
	number := func(n int) int64 { // by the number that proc(5) gives the field
		v, err := strconv.ParseInt(f[n-3], 10, 64)
		bad = bad || err != nil
		return v
	}
	p := proc{
		pid: pid, parent: int(number(4)), group: int(number(5)), session: int(number(6)), start: uint64(number(22)),
		user: uint64(number(14) + number(16)), system: uint64(number(15) + number(17)), rss: number(24),
		status: int32(number(52)), settled: number(51) != 0,
		// A process whose first thread has ended looks like a zombie while its other threads run.
		dead: (f[0] == "Z" || f[0] == "X") && number(20) <= 1,
	}
	return p, !bad
}

// containerOf is the id in the marker of a process, "" when there is none or we may not look.
func containerOf(pid int) string {
	data := environment(pid)
	for entry := range bytes.SplitSeq(data, []byte{0}) {
		if id, ok := bytes.CutPrefix(entry, []byte(marker+"=")); ok {
			return string(id)
		}
	}
	return ""
}

// environment reads that of a process. One that is about to become another program has none for a moment, and a file
// opened in that moment stays empty when stat tells of the new program already: it is empty only when it was so, in a
// settled process, several times in a row.
func environment(pid int) []byte {
	const moment, looks, enough = 50 * time.Microsecond, 100, 4
	empty := 0
	for range looks {
		data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
		if err != nil || len(data) > 0 {
			return data
		}
		p, ok := readProc(pid)
		if !ok || p.dead {
			return nil
		}
		if p.settled {
			empty++
		}
		if empty == enough {
			return nil
		}
		time.Sleep(moment)
	}
	return nil
}

// zombieStatus is the status of a process that has ended and was not waited for.
func zombieStatus(pid int, start uint64) (int32, bool) {
	p, ok := readProc(pid)
	if !ok || !p.dead || p.start != start {
		return 0, false
	}
	if p.status == 0 && os.Geteuid() != 0 {
		// 0 may mean that it is kept from us: another user's.
		info, err := os.Stat(filepath.Join("/proc", strconv.Itoa(pid)))
		if err != nil || int(info.Sys().(*syscall.Stat_t).Uid) != os.Geteuid() {
			return 0, false
		}
	}
	return p.status, true
}

// startTime is when a process started, 0 when there is none.
func startTime(pid int) uint64 {
	p, _ := readProc(pid)
	return p.start
}

// bootID tells this run of the machine from every other.
func bootID() string {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	id := strings.TrimSpace(string(data))
	if err != nil || id == "" {
		return "-"
	}
	return id
}
