package files

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"

	"github.com/ormosproject/ormos/local/internal/daemon"
)

// Register adds /files/browse, /files/read, /files/download and /files/debug to a daemon's URL space, each behind wrap (nil:
// as it is), which is where a caller asks for authentication.
func (f *Files) Register(m *daemon.Mux, wrap func(http.Handler) http.Handler) {
	for path, h := range map[string]http.HandlerFunc{
		"/browse": f.browse, "/read": f.read, "/download": f.download, "/debug": f.debug,
	} {
		if wrap == nil {
			m.Handle("files", path, h)
		} else {
			m.Handle("files", path, wrap(h))
		}
	}
}

// fail answers with the status of an Error.
func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if known, ok := errors.AsType[*Error](err); ok {
		status = known.Status
	}
	daemon.Error(w, status, err.Error())
}

// entry is an Entry in JSON.
type entry struct {
	GID   string        `json:"gid"`
	Mode  string        `json:"mode"`
	Mtime daemon.Number `json:"mtime"`
	Nlink uint64        `json:"nlink"`
	Path  string        `json:"path"`
	Size  int64         `json:"size"`
	UID   string        `json:"uid"`
}

func (f *Files) browse(w http.ResponseWriter, r *http.Request) {
	list, err := f.List(r.URL.Query().Get("path"))
	if err != nil {
		fail(w, err)
		return
	}
	all := make([]entry, len(list))
	for i, e := range list {
		all[i] = entry{e.GID, ModeText(e.Mode), daemon.Number(e.Modified), e.Links, e.Path, e.Size, e.UID}
	}
	daemon.JSON(w, r, all)
}

// chunk is an answer of /files/read. Bytes that are no UTF-8 are replaced: READ_FILE and download have them as they are.
type chunk struct {
	Data   string `json:"data"`
	Offset int64  `json:"offset"`
}

func (f *Files) read(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	offset, err := number(query, "offset")
	length, lengthErr := number(query, "length")
	if err = errors.Join(err, lengthErr); err != nil {
		daemon.Error(w, http.StatusBadRequest, err.Error())
		return
	}
	if offset < 0 {
		_, size, err := f.Read(query.Get("path"), 0, 0)
		answer(w, r, chunk{"", size}, err)
		return
	}
	data, _, err := f.Read(query.Get("path"), offset, length)
	answer(w, r, chunk{string(data), offset}, err)
}

func answer(w http.ResponseWriter, r *http.Request, c chunk, err error) {
	if err != nil {
		fail(w, err)
		return
	}
	daemon.JSON(w, r, c)
}

// number reads a parameter that is -1 (also when absent), 0 or more.
func number(query url.Values, name string) (int64, error) {
	text := query.Get(name)
	if text == "" {
		return -1, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < -1 {
		return 0, errors.New("Failed to parse " + name + ": '" + text + "'")
	}
	return n, nil
}

func (f *Files) download(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Query().Get("path")
	file, info, err := f.Open(path)
	if err != nil {
		fail(w, err)
		return
	}
	defer file.Close()
	h := w.Header()
	h.Set("Content-Type", contentType(path))
	h.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": filepath.Base(path)}))
	// Not more than was announced, though a log may grow meanwhile.
	io.Copy(w, io.LimitReader(file, info.Size()))
}

// contentType guesses by suffix.
func contentType(path string) string {
	if t, _, err := mime.ParseMediaType(mime.TypeByExtension(filepath.Ext(path))); err == nil {
		return t
	}
	return "application/octet-stream"
}

func (f *Files) debug(w http.ResponseWriter, r *http.Request) { daemon.JSON(w, r, f.Attached()) }
