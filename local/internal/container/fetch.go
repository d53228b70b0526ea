package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"strings"
	"syscall"

	"github.com/ormosproject/ormos/mesos"
)

// FetchError says why a URI could not be fetched or unpacked. Its text names the URI without user and password.
type FetchError struct {
	// URI as the framework gave it, without user and password.
	URI string
	// Status is the HTTP status of the answer when that was not 200; else 0.
	Status int
	// Err is the cause.
	Err error
}

func (e *FetchError) Error() string { return fmt.Sprintf("cannot fetch %s: %v", e.URI, e.Err) }

// Unwrap returns the cause.
func (e *FetchError) Unwrap() error { return e.Err }

// FetchStats are the figures behind Mesos' metrics containerizer/fetcher/*.
type FetchStats struct {
	// Succeeded and Failed count launches with URIs (task_fetches_succeeded, task_fetches_failed).
	Succeeded, Failed uint64
	// CacheTotal and CacheUsed are bytes (cache_size_total_bytes, cache_size_used_bytes).
	CacheTotal, CacheUsed int64
}

// FetchStats returns the fetcher's counters since NewProcesses.
func (p *Processes) FetchStats() FetchStats {
	s := FetchStats{Succeeded: p.fetcher.succeeded.Load(), Failed: p.fetcher.failed.Load()}
	s.CacheTotal, s.CacheUsed = p.fetcher.cache.sizes()
	return s
}

// fetchAll brings the URIs of s into its sandbox, one after the other: a later one may replace a file of an earlier.
func (f *fetcher) fetchAll(ctx context.Context, s Spec, who *syscall.Credential) error {
	if len(s.Command.URIs) == 0 {
		return nil
	}
	err := f.fetchInto(ctx, s, who)
	if err != nil {
		f.failed.Add(1)
	} else {
		f.succeeded.Add(1)
	}
	return err
}

func (f *fetcher) fetchInto(ctx context.Context, s Spec, who *syscall.Credential) error {
	root, err := os.OpenRoot(s.Sandbox)
	if err != nil {
		return fmt.Errorf("cannot open the sandbox: %w", err)
	}
	defer root.Close()
	box := &sandbox{ctx: ctx, root: root, who: who, bytes: f.maxBytes, written: f.maxBytes, entries: f.maxEntries}
	for _, uri := range s.Command.URIs {
		if err := f.fetch(box, s.User, uri); err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			failed := &FetchError{URI: redact(uri.Value), Err: err}
			var status statusError
			if errors.As(err, &status) {
				failed.Status = status.code
			}
			return failed
		}
	}
	return nil
}

// fetch brings one URI into the sandbox.
func (f *fetcher) fetch(box *sandbox, user string, uri mesos.CommandInfoURI) error {
	name, err := target(uri)
	if err != nil {
		return err
	}
	open := func() (io.ReadCloser, int64, error) { return f.open(box.ctx, uri.Value, box.who) }
	if uri.GetCache() {
		file, err := f.cache.get(box.ctx, user, uri.Value, open)
		if err == nil {
			defer file.Close()
			return f.fromCache(box, file, name, uri)
		}
		if !errors.Is(err, errNotCached) {
			return err
		}
	}
	body, size, err := open()
	if err != nil {
		return err
	}
	defer body.Close()
	if err := box.save(name, body, size, mode(uri)); err != nil {
		return err
	}
	if !unpacks(uri, name) {
		return nil
	}
	file, err := box.root.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return box.extract(file, name)
}

// fromCache copies or unpacks what the cache has. As in Mesos, the archive itself does not come into the sandbox then.
func (f *fetcher) fromCache(box *sandbox, file *os.File, name string, uri mesos.CommandInfoURI) error {
	if unpacks(uri, name) {
		return box.extract(file, name)
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return box.save(name, file, info.Size(), mode(uri))
}

// mode is a fetched file's. Mesos copies a file of the agent's machine with cp, which keeps who may read and execute it.
func mode(uri mesos.CommandInfoURI) os.FileMode {
	if uri.GetExecutable() {
		return 0o755
	}
	if name := onAgent(uri.Value); name != "" {
		if info, err := os.Stat(name); err == nil {
			return info.Mode().Perm() &^ 0o022
		}
	}
	return 0o644
}

// onAgent is the path of a URI that is of a file on this machine, empty for others. Mesos does not look at escapes either.
func onAgent(uri string) string {
	uri = strings.TrimLeft(uri, " \t")
	scheme, rest, ok := strings.Cut(uri, "://")
	switch {
	case !ok:
		return uri
	case scheme == "file":
		return strings.TrimPrefix(rest, "localhost")
	}
	return ""
}

func unpacks(uri mesos.CommandInfoURI, name string) bool {
	return !uri.GetExecutable() && uri.GetExtract() && archiveFormat(name) != ""
}

// target is the name of a URI's file in the sandbox: output_file, or what follows the last slash, with any query.
func target(uri mesos.CommandInfoURI) (string, error) {
	if uri.OutputFile != nil && *uri.OutputFile != "" {
		name := *uri.OutputFile
		if path.IsAbs(name) {
			return "", fmt.Errorf("output_file %q is not relative to the sandbox", name)
		}
		if clean := path.Clean(name); clean == "." || !local(clean) || strings.ContainsRune(name, 0) {
			return "", fmt.Errorf("output_file %q leads outside the sandbox", name)
		}
		return path.Clean(name), nil
	}
	value := strings.TrimLeft(uri.Value, " \t")
	if _, rest, ok := strings.Cut(value, "://"); ok && !strings.Contains(rest, "/") {
		return "", errors.New("the URI has no path")
	}
	name := value[strings.LastIndexByte(value, '/')+1:]
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "\\'\x00") {
		return "", fmt.Errorf("%q is no name for a file", name)
	}
	return name, nil
}

// redact takes user and password out of a URI, which need not be a valid one.
func redact(uri string) string {
	uri = strings.TrimLeft(uri, " \t")
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return uri
	}
	host, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, tail = rest[:i], rest[i:]
	}
	return scheme + "://" + host[strings.LastIndexByte(host, '@')+1:] + tail
}

// open begins to read a URI; the size is -1 when it is not known.
func (f *fetcher) open(ctx context.Context, uri string, who *syscall.Credential) (io.ReadCloser, int64, error) {
	uri = strings.TrimLeft(uri, " \t")
	scheme, _, ok := strings.Cut(uri, "://")
	switch {
	case ok && (scheme == "http" || scheme == "https"):
		return f.get(ctx, uri)
	case ok && scheme == "file":
		return openFile(ctx, onAgent(uri), who)
	case ok:
		return nil, 0, fmt.Errorf("scheme %q is not supported (http, https and file are)", scheme)
	case !path.IsAbs(uri):
		return nil, 0, errors.New("a relative path means nothing on an agent: use an absolute one, or a URI")
	}
	return openFile(ctx, uri, who)
}

// openFile opens a regular file with the rights of who.
func openFile(ctx context.Context, name string, who *syscall.Credential) (io.ReadCloser, int64, error) {
	if !path.IsAbs(name) {
		return nil, 0, errors.New("the path is not absolute")
	}
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() { // a directory, or what has no end
		err = errors.New("not a regular file")
	}
	if err != nil {
		return nil, 0, cause(err)
	}
	if who != nil {
		file, err := openAs(ctx, name, who)
		return file, info.Size(), err
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, 0, cause(err)
	}
	return file, info.Size(), nil
}

// cause is err without the operation and the path or URL that the FetchError names already.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
