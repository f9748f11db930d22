package browsertest_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// watch is the server's side of the hostile attempts: which of them the server answered with a session, whatever came
// of the answer in the browser. Each attempt marks what it sends.
type watch struct {
	*traffic
	cookie string // the refresh cookie's name in this world

	mu      sync.Mutex
	reached map[string][]string // by an attempt's mark, what the server did for it
}

// mark is what an attempt puts into each of its requests; see lib.js.
var mark = regexp.MustCompile(`Stolen_[a-z]+_[0-9]+_`)

// granted is an answer of the API that only the holder of a session has.
var granted = regexp.MustCompile(`"data":\s*\{\s*"`)

func newWatch(cookie string) *watch {
	return &watch{traffic: newTraffic(), cookie: cookie, reached: map[string][]string{}}
}

// did returns what the server did for the attempt with the mark.
func (w *watch) did(mark string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.reached[mark])
}

// all returns what the server did for every attempt.
func (w *watch) all() map[string][]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.reached)
}

func (w *watch) note(mark, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(w.reached[mark], what) {
		w.reached[mark] = append(w.reached[mark], what)
	}
}

// wrap watches what the handler answers. It stands in front of whatever takes the defences away.
func (w *watch) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		for _, c := range r.CookiesNamed(w.cookie) {
			if m := mark.FindString(c.Value); m != "" {
				w.note(m, "took a planted cookie for the session's")
			}
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		asked, method := r.URL.RawQuery+"\n"+string(body), r.Method
		if plain, err := url.QueryUnescape(asked); err == nil {
			asked += plain
		}
		marks := mark.FindAllString(asked, -1)
		if len(marks) == 0 {
			next.ServeHTTP(rw, r)
			return
		}
		copied := &copyingWriter{ResponseWriter: rw, status: http.StatusOK}
		next.ServeHTTP(copied, r)
		for _, m := range marks {
			switch {
			case r.URL.Path == "/graphql" && granted.Match(copied.body.Bytes()):
				w.note(m, "answered a query with a session")
			case method == http.MethodPost && copied.status == http.StatusSeeOther && r.Header.Get("Sec-Fetch-Site") != "same-origin":
				w.note(m, "did what another site's form asked for")
			case strings.HasPrefix(r.URL.Path, "/leak/"):
				w.note(m, "was told of something on the page")
			}
		}
	})
}
