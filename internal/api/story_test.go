package api

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ormosproject/ormos/app"
)

// A story is requests and what was answered, in a text file:
//
//	# what it shows
//	> POST /v2/apps
//	> Accept: text/plain
//	> {"id": "web", ...}
//	< 201
//	< Location: /web
//	< {...}
//
// Lines that begin with ! are what the cluster does meanwhile: settle, fail APP; and ! events has what /v2/events told since the last time. Uuids stand as #1, #2 in the order in which they appear, ports of the cluster as port-1, port-2.
// With -update the answers are written anew: read what git says of them.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no stories", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := newStory(t).play(string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			compare(t, string(want), got)
		})
	}
}

func compare(t *testing.T, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			answered := ""
			if i < len(g) {
				answered = g[i]
			}
			t.Fatalf("line %d: want\n%s\ngot\n%s", i+1, w[i], answered)
		}
	}
	if len(g) > len(w) {
		t.Fatalf("more was answered: %s", g[len(w)])
	}
}

type story struct {
	*stage
	api    *API
	events *reader
	uuids  []string
	ports  []string
}

func newStory(t *testing.T) *story {
	s := newStage(t)
	r, _ := attach(t, s.hub, "")
	return &story{stage: s, api: newAPI(t, s, nil), events: r}
}

// play makes the requests of a story, and gives it with the answers.
func (s *story) play(text string) string {
	var out strings.Builder
	var request []string
	flush := func() {
		if request != nil {
			out.WriteString(s.ask(request))
			request = nil
		}
	}
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "> "):
			if isRequest(line) {
				flush()
			}
			request = append(request, strings.TrimSuffix(line[2:], "\n"))
			out.WriteString(line)
			continue
		case strings.HasPrefix(line, "< "):
			continue
		}
		flush()
		out.WriteString(line)
		if line == "! events\n" {
			out.WriteString(s.told())
		} else if command, ok := strings.CutPrefix(line, "! "); ok {
			s.command(strings.Fields(command))
		}
	}
	flush()
	return out.String()
}

var requestLine = regexp.MustCompile(`^> [A-Z]+ /`)

func isRequest(line string) bool { return requestLine.MatchString(line) }

func (s *story) command(words []string) {
	s.tb.Helper()
	switch {
	case words[0] == "settle":
		s.settle(true)
	case words[0] == "fail" && len(words) == 2:
		s.fail(app.ID(words[1]), "Command exited with status 1")
	default:
		s.tb.Fatalf("nobody knows %q", words)
	}
}

// told is what a reader of the event stream has got since the last time.
func (s *story) told() string {
	var b strings.Builder
	for _, f := range read(s.tb, s.hub, s.events) {
		for line := range strings.Lines(string(f.text[f.rest:])) {
			if line != "\n" {
				b.WriteString("< " + line)
			}
		}
	}
	return s.short(b.String())
}

// ask makes one request and writes down its answer.
func (s *story) ask(lines []string) string {
	method, target, _ := strings.Cut(lines[0], " ")
	var body []string
	header := http.Header{}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ": ")
		if len(body) == 0 && ok && headerName.MatchString(name) {
			header.Add(name, value)
			continue
		}
		body = append(body, line)
	}
	r := httptest.NewRequest(method, s.original(target), strings.NewReader(s.original(strings.Join(body, "\n"))))
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	return s.short(show(w.Result(), w.Body.String()))
}

var headerName = regexp.MustCompile(`^[A-Z][A-Za-z-]+$`)

// show is what matters of an answer.
func show(r *http.Response, body string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "< %d\n", r.StatusCode)
	for _, name := range []string{"Allow", "Location", "Marathon-Deployment-Id", "WWW-Authenticate"} {
		if v := r.Header.Get(name); v != "" {
			fmt.Fprintf(&b, "< %s: %s\n", name, v)
		}
	}
	if media := r.Header.Get("Content-Type"); media != "" && media != "application/json" {
		fmt.Fprintf(&b, "< Content-Type: %s\n", media)
	}
	lines := bufio.NewScanner(bytes.NewBufferString(body))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fmt.Fprintf(&b, "< %s\n", lines.Text())
	}
	return b.String()
}

var uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// port is one of those that the cluster offers.
var port = regexp.MustCompile(`\b31[0-9]{3}\b`)

// short writes #1 for the first uuid that has appeared, and so on, and for the ports that were taken by chance a name, too; original is the way
// back for uuids.
func (s *story) short(text string) string {
	text = port.ReplaceAllStringFunc(text, func(number string) string {
		i := slices.Index(s.ports, number)
		if i < 0 {
			i = len(s.ports)
			s.ports = append(s.ports, number)
		}
		return "port-" + strconv.Itoa(i+1)
	})
	return uuid.ReplaceAllStringFunc(text, func(id string) string {
		i := slices.Index(s.uuids, id)
		if i < 0 {
			i = len(s.uuids)
			s.uuids = append(s.uuids, id)
		}
		return "#" + strconv.Itoa(i+1)
	})
}

var shortened = regexp.MustCompile(`#[0-9]+`)

func (s *story) original(text string) string {
	return shortened.ReplaceAllStringFunc(text, func(short string) string {
		n, _ := strconv.Atoi(short[1:])
		if n < 1 || n > len(s.uuids) {
			s.tb.Errorf("%s has not appeared yet", short)
			return short
		}
		return s.uuids[n-1]
	})
}
