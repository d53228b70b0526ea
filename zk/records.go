package zk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"
)

var (
	// ErrTaken is wrapped by the errors of [Records] once another process has loaded the same records, to write them from now on.
	ErrTaken = errors.New("another process has taken the records over")
	// ErrTooLarge is wrapped by the error of a Commit that does not fit into a packet of ZooKeeper: nothing was written.
	ErrTooLarge = errors.New("too large for ZooKeeper")
)

const (
	// recordsFormat begins the data of the znode at the path; a token follows.
	recordsFormat = "ormos records 1 "
	// packetLimit is what a packet may have of ZooKeeper's 1 MB (jute.maxbuffer), which its servers do not read beyond.
	packetLimit = 1000 << 10
	// operationCost is more than one operation takes beside its path and data, with an access control list.
	operationCost = 200
	// recordsBuckets share the records, since the names of all children of a znode come in one packet.
	recordsBuckets = 64
	// recordsReaders read at a time.
	recordsReaders = 32
	// recordsPause is how long to wait after a lost connection.
	recordsPause = 100 * time.Millisecond
)

// Records are keys and values below a path, written by one process at a time: each znode below it is a record, and the znode at the path
// itself has the token of the last Commit. Every Commit replaces that token in the same transaction that makes its changes, on the
// condition that it is still the one known. So whoever lost its connection meanwhile can tell whether its Commit was made, and a
// process whose place another has taken by Load cannot write any more.
//
// The methods may be used from several goroutines. Lost connections and expired sessions are waited for until ctx ends.
type Records struct {
	*client
	session *session
	stop    context.CancelFunc

	mu       sync.Mutex // one Load or Commit at a time
	loaded   bool
	taken    bool
	version  int32           // of the znode at the path
	known    map[string]bool // the paths of the records
	attempts []attempt       // those that were given up and may have been made
}

// attempt is a Commit under way: when its token is there its changes are, too.
type attempt struct {
	token          string
	added, removed []string
}

// OpenRecords connects to ZooKeeper and waits for a session until ctx ends. The caller closes the records.
func OpenRecords(ctx context.Context, at URL, opts Options) (*Records, error) {
	c, err := newClient(at, opts)
	if err != nil {
		return nil, fmt.Errorf("cannot open records: %w", err)
	}
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &Records{client: c, stop: stop}
	if r.session, err = c.open(life, sessionOptions{renew: true, unreachable: func(err error) { c.log.Debug("cannot reach ZooKeeper", "error", err) }}); err == nil {
		for err = r.session.ready(ctx); isPassing(err) && ctx.Err() == nil; err = r.session.ready(ctx) {
			pause(ctx, recordsPause)
		}
	}
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("cannot open records at %s: %w", at, err)
	}
	return r, nil
}

// Close ends the session.
func (r *Records) Close() {
	r.stop()
	r.running.Wait()
}

// Load takes the records over and returns them. From now on no other process can write them, until it loads them in turn.
func (r *Records) Load(ctx context.Context) (map[string][]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, err := r.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot load the records at %s: %w", r.url, r.forbidden(err, "read", r.url.Path))
	}
	return all, nil
}

func (r *Records) load(ctx context.Context) (map[string][]byte, error) {
	err := r.retry(ctx, func() error {
		_, err := ask(ctx, r, func() (none struct{}, err error) { return none, r.create() })
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := r.claim(ctx); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	all := map[string][]byte{}
	r.known = map[string]bool{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(recordsReaders)
	for i := range recordsBuckets {
		group.Go(func() error {
			return r.readBucket(ctx, r.bucket(i), func(path, key string, value []byte) {
				mu.Lock()
				defer mu.Unlock()
				r.known[path], all[key] = true, value
			})
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	r.loaded = true
	return all, nil
}

func (r *Records) readBucket(ctx context.Context, bucket string, found func(path, key string, value []byte)) error {
	var names []string
	err := r.retry(ctx, func() (err error) {
		names, err = ask(ctx, r, func() (names []string, err error) {
			names, _, err = r.session.conn.Children(bucket)
			return names, err
		})
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		key, err := unescape(name)
		if err != nil {
			return fmt.Errorf("%s/%s is no record: %w", bucket, name, err)
		}
		var value []byte
		path := bucket + "/" + name
		err = r.retry(ctx, func() (err error) {
			value, err = ask(ctx, r, func() (value []byte, err error) {
				value, _, err = r.session.conn.Get(path)
				return value, err
			})
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if value == nil {
			value = []byte{}
		}
		found(path, key, value)
	}
	return nil
}

// create makes the znodes that are missing.
func (r *Records) create() error {
	for end := range len(r.url.Path) {
		if end > 0 && r.url.Path[end] == '/' {
			if err := r.make(r.url.Path[:end], nil); err != nil {
				return err
			}
		}
	}
	data, _, err := r.session.conn.Get(r.url.Path)
	if errors.Is(err, zk.ErrNoNode) {
		data, err = []byte(recordsFormat), r.make(r.url.Path, []byte(recordsFormat))
	}
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(data), recordsFormat) {
		return fmt.Errorf("the znode %s belongs to something else: choose another path", r.url.Path)
	}
	made, _, err := r.session.conn.Children(r.url.Path)
	if err != nil || len(made) >= recordsBuckets {
		return err
	}
	buckets := make([]any, recordsBuckets)
	for i := range buckets {
		buckets[i] = &zk.CreateRequest{Path: r.bucket(i), Acl: r.acl()}
	}
	if err = r.multi(buckets); errors.Is(err, zk.ErrNodeExists) {
		return nil // all are made at once, by whoever is first
	}
	return err
}

func (r *Records) make(path string, data []byte) error {
	_, err := r.session.conn.Create(path, data, 0, r.acl())
	if errors.Is(err, zk.ErrNodeExists) {
		return nil
	}
	return err
}

// acl lets nobody but the user read what is stored, if there is one.
func (r *Records) acl() []zk.ACL {
	if r.url.User == "" {
		return zk.WorldACL(zk.PermAll)
	}
	return zk.AuthACL(zk.PermAll)
}

// claim puts a token of our own in place, whatever is there.
func (r *Records) claim(ctx context.Context) error {
	token := recordsFormat + rand.Text()
	r.loaded, r.taken, r.attempts = false, false, nil
	return r.retry(ctx, func() error {
		last, err := r.current(ctx)
		if err != nil {
			return err
		}
		r.version = last.version
		if last.token == token {
			return nil
		}
		stat, err := ask(ctx, r, func() (*zk.Stat, error) { return r.session.conn.Set(r.url.Path, []byte(token), last.version) })
		if errors.Is(err, zk.ErrBadVersion) {
			return errAgain
		}
		if err == nil {
			r.version = stat.Version
		}
		return err
	})
}

// commitment is the last Commit, whoever made it.
type commitment struct {
	token   string
	version int32
}

// current reads the last Commit as the leading server knows it.
func (r *Records) current(ctx context.Context) (commitment, error) {
	return ask(ctx, r, func() (commitment, error) {
		if _, err := r.session.conn.Sync(r.url.Path); err != nil {
			return commitment{}, err
		}
		data, stat, err := r.session.conn.Get(r.url.Path)
		if err != nil {
			return commitment{}, err
		}
		return commitment{string(data), stat.Version}, nil
	})
}

// Commit makes the changes, all or none; nil removes a record. It comes after Load.
func (r *Records) Commit(ctx context.Context, changes map[string][]byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.commit(ctx, changes); err != nil {
		return fmt.Errorf("cannot commit to %s: %w", r.url, r.forbidden(err, "write", r.url.Path))
	}
	return nil
}

func (r *Records) commit(ctx context.Context, changes map[string][]byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.taken {
		return ErrTaken
	}
	if !r.loaded {
		if _, err := r.load(ctx); err != nil {
			return err
		}
	}
	token := recordsFormat + rand.Text()
	for {
		ops, a, err := r.transaction(token, changes)
		if err != nil {
			return err
		}
		r.attempts = append(r.attempts, a)
		_, err = ask(ctx, r, func() (none struct{}, err error) { return none, r.multi(ops) })
		if err == nil {
			r.absorb(a, r.version+1)
			return nil
		}
		if errors.Is(err, zk.ErrBadVersion) || isPassing(err) {
			err = r.find(ctx, token)
		}
		if !errors.Is(err, errNotMade) {
			return err
		}
	}
}

// transaction is what makes the changes, on top of what is known to be there.
func (r *Records) transaction(token string, changes map[string][]byte) ([]any, attempt, error) {
	a := attempt{token: token}
	ops := []any{&zk.SetDataRequest{Path: r.url.Path, Data: []byte(token), Version: r.version}}
	size := operationCost + len(r.url.Path) + len(token)
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		path, value := r.path(key), changes[key]
		cost := operationCost + len(path) + len(value)
		if cost > packetLimit {
			return nil, a, fmt.Errorf("the record %q has %d bytes, a packet at most %d: %w", key, len(value), packetLimit, ErrTooLarge)
		}
		size += cost
		switch {
		case value == nil && r.known[path]:
			ops = append(ops, &zk.DeleteRequest{Path: path, Version: -1})
			a.removed = append(a.removed, path)
		case value == nil:
		case r.known[path]:
			ops = append(ops, &zk.SetDataRequest{Path: path, Data: value, Version: -1})
		default:
			ops = append(ops, &zk.CreateRequest{Path: path, Data: value, Acl: r.acl()})
			a.added = append(a.added, path)
		}
	}
	if size > packetLimit {
		return nil, a, fmt.Errorf("%d records have %d bytes, a packet at most %d (commit fewer at a time): %w", len(changes), size, packetLimit, ErrTooLarge)
	}
	return ops, a, nil
}

// multi makes one transaction. It gives the error that says most.
func (r *Records) multi(ops []any) error {
	answers, err := r.session.conn.Multi(ops...)
	for _, a := range answers {
		if errors.Is(a.Error, zk.ErrBadVersion) || errors.Is(a.Error, zk.ErrNoAuth) || errors.Is(a.Error, zk.ErrNoNode) || errors.Is(a.Error, zk.ErrNodeExists) {
			return a.Error
		}
		if err == nil {
			err = a.Error
		}
	}
	return err
}

// find looks who was the last to commit: if it is us, the changes are made; if an attempt that was given up, we go on from there.
func (r *Records) find(ctx context.Context, token string) error {
	return r.retry(ctx, func() error {
		last, err := r.current(ctx)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(r.attempts, func(a attempt) bool { return a.token == last.token })
		switch {
		case at >= 0:
			r.absorb(r.attempts[at], last.version)
			if last.token == token {
				return nil
			}
			return errNotMade
		case last.version == r.version:
			return errNotMade
		}
		r.taken = true
		return ErrTaken
	})
}

// absorb takes over what an attempt has changed. All older ones have failed then.
func (r *Records) absorb(a attempt, version int32) {
	r.version, r.attempts = version, nil
	for _, path := range a.added {
		r.known[path] = true
	}
	for _, path := range a.removed {
		delete(r.known, path)
	}
}

var (
	// errAgain has a step made again, after a pause.
	errAgain = errors.New("somebody else was quicker")
	// errNotMade says that a Commit was not made and can be.
	errNotMade = errors.New("the changes are not made yet")
)

// isPassing tells errors that a connection, or a new session, mends.
func isPassing(err error) bool {
	return isBroken(err) || errors.Is(err, zk.ErrSessionExpired) || errors.Is(err, zk.ErrSessionMoved) || errors.Is(err, zk.ErrClosing) || errors.Is(err, errLost)
}

// retry does something until it is done, fails for good, or ctx ends.
func (r *Records) retry(ctx context.Context, do func() error) error {
	for {
		err := do()
		if ctx.Err() != nil && err != nil {
			return ctx.Err()
		}
		if !isPassing(err) && !errors.Is(err, errAgain) {
			return err
		}
		pause(ctx, recordsPause)
	}
}

// ask waits for one answer of the library, which knows no context: what is not waited for ends with the session, at the latest.
func ask[T any](ctx context.Context, r *Records, question func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	r.running.Go(func() {
		value, err := question()
		answers <- answer{value, err}
	})
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		return answer{}.value, ctx.Err()
	}
}

func (r *Records) bucket(i int) string { return fmt.Sprintf("%s/%02x", r.url.Path, i) }

func (r *Records) path(key string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return r.bucket(int(h.Sum32()%recordsBuckets)) + "/" + escape(key)
}

// escape makes a key a name that ZooKeeper takes, and people can read.
func escape(key string) string {
	var b strings.Builder
	for i := range len(key) {
		c := key[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' && len(key) > 2 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	return b.String()
}

func unescape(name string) (string, error) {
	key, err := url.PathUnescape(name)
	if err == nil && escape(key) != name {
		err = errors.New("its name is not as we write it")
	}
	return key, err
}
