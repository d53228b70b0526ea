package container

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// defaultCacheSize is that of Mesos.
const defaultCacheSize = 2 << 30

// userPrefix begins the names of the cache's directories, one a user.
const userPrefix = "user-"

// errNotCached says that the cache has no room for a URI, or that its size is not known before: fetch it directly.
var errNotCached = errors.New("not cached")

// cache keeps what was fetched with cache set, by user and URI, and drops what was longest unused. It asks no server
// again whether an entry is still right.
type cache struct {
	dir string
	max int64

	mu      sync.Mutex
	entries map[[2]string]*cached
	used    int64     // with what is being downloaded
	order   list.List // of *cached that are complete, the most recently used in front
	made    int       // for file names
}

type cached struct {
	key     [2]string
	path    string
	size    int64
	ready   chan struct{} // closed when downloaded or failed
	err     error
	element *list.Element
}

// open empties the directory of what an earlier agent left; "" means no cache.
func (c *cache) open(dir string, size int64) error {
	c.dir, c.max, c.entries = dir, size, map[[2]string]*cached{}
	if size <= 0 {
		c.max = defaultCacheSize
	}
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return fmt.Errorf("cannot make the fetcher's cache: %w", err)
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("cannot read the fetcher's cache: %w", err)
	}
	for _, n := range names {
		if strings.HasPrefix(n.Name(), userPrefix) {
			if err := os.RemoveAll(filepath.Join(dir, n.Name())); err != nil {
				return fmt.Errorf("cannot empty the fetcher's cache: %w", err)
			}
		}
	}
	return nil
}

func (c *cache) sizes() (total, used int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dir == "" {
		return 0, 0
	}
	return c.max, c.used
}

// get returns the open file of a URI, which open is asked for when the cache has none. Whoever asks for what
// is being downloaded waits for that, and shares its failure unless it is the other's own (a cancelled launch).
func (c *cache) get(ctx context.Context, user, uri string, open func() (io.ReadCloser, int64, error)) (*os.File, error) {
	if c.dir == "" {
		return nil, errNotCached
	}
	key := [2]string{user, uri}
	for {
		e, mine := c.entry(key)
		if mine {
			return c.download(ctx, e, open)
		}
		select {
		case <-e.ready:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if errors.Is(e.err, context.Canceled) || errors.Is(e.err, context.DeadlineExceeded) {
			continue
		}
		if e.err != nil {
			return nil, e.err
		}
		file, err := c.use(e)
		if !errors.Is(err, os.ErrNotExist) {
			return file, err
		}
		// Evicted since.
	}
}

// entry finds or makes the entry of key; mine is true when the caller has to download it.
func (c *cache) entry(key [2]string) (e *cached, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e = c.entries[key]; e != nil {
		return e, false
	}
	c.made++
	name := "c" + strconv.Itoa(c.made)
	e = &cached{key: key, path: filepath.Join(c.dir, userPrefix+url.PathEscape(key[0]), name), ready: make(chan struct{})}
	c.entries[key] = e
	return e, true
}

// use opens an entry that is ready. An open file can be read to its end, evicted or not.
func (c *cache) use(e *cached) (*os.File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.element == nil {
		return nil, os.ErrNotExist
	}
	c.order.MoveToFront(e.element)
	return os.Open(e.path)
}

func (c *cache) download(ctx context.Context, e *cached, open func() (io.ReadCloser, int64, error)) (*os.File, error) {
	err := c.fill(ctx, e, open)
	c.mu.Lock()
	if err != nil {
		e.err = err
		c.used -= e.size
		delete(c.entries, e.key)
	} else {
		e.element = c.order.PushFront(e)
	}
	close(e.ready)
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return c.use(e)
}

func (c *cache) fill(ctx context.Context, e *cached, open func() (io.ReadCloser, int64, error)) error {
	body, size, err := open()
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return err
	}
	defer body.Close()
	if size <= 0 || !c.reserve(e, size) {
		return errNotCached
	}
	if err := os.MkdirAll(filepath.Dir(e.path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(e.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(copyWhole(ctx, file, body, size), file.Close()); err != nil {
		_ = os.Remove(e.path)
		return err
	}
	return nil
}

// reserve makes room for an entry, by evicting others.
func (c *cache) reserve(e *cached, size int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.used+size > c.max && size <= c.max && c.order.Len() > 0 {
		old := c.order.Remove(c.order.Back()).(*cached)
		old.element = nil
		delete(c.entries, old.key)
		c.used -= old.size
		_ = os.Remove(old.path)
	}
	if c.used+size > c.max {
		return false
	}
	e.size = size
	c.used += size
	return true
}
