package browsertest_test

import (
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
)

// mostBefore is how many bytes a person waits for, at most, until the page can be read and used: all but the client.
const mostBefore = 20_000

// scales weigh what a server answers, by kind, headers included: those that net/http adds by itself, about a hundred
// bytes an answer, are not.
type scales struct {
	mu    sync.Mutex // guards bytes
	bytes map[string]int
}

func (s *scales) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &countingWriter{ResponseWriter: w}
		next.ServeHTTP(c, r)
		var header strings.Builder
		_ = w.Header().Write(&header) // to memory
		s.mu.Lock()
		defer s.mu.Unlock()
		s.bytes[kindOf(r.URL.Path)] += c.body + header.Len()
	})
}

func kindOf(p string) string {
	switch ext := strings.TrimPrefix(path.Ext(p), "."); {
	case p == "/graphql":
		return "api"
	case p == "/assets/worker.js", strings.HasPrefix(p, "/assets/wasm_exec"):
		return "start" // of the client
	case ext == "":
		return "html"
	default:
		return ext
	}
}

type countingWriter struct {
	http.ResponseWriter
	body int
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.body += n
	return n, err
}

// Unwrap lets a handler set deadlines.
func (c *countingWriter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// weigh shows the posts in a browser that was never here.
func weigh(t testing.TB) map[string]int {
	t.Helper()
	s := &scales{bytes: map[string]int{}}
	v := newVisit(t, nil, s.wrap)
	s.bytes = map[string]int{} // what was done without a browser
	b := newBrowser(t)
	v.logIn(b)
	delete(s.bytes, "api")
	v.show(b)
	b.quit() // and with it whatever may still be on its way
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

func TestPageIsLightBeforeTheClient(t *testing.T) {
	t.Parallel()
	all := weigh(t)
	sum := 0
	for _, kind := range []string{"html", "css", "js", "svg"} {
		if all[kind] == 0 {
			t.Errorf("no %s was loaded", kind)
		}
		sum += all[kind]
	}
	if sum > mostBefore {
		t.Errorf("%d bytes have to come before the page can be read and used, want %d at most: %v", sum, mostBefore, all)
	}
	t.Log(all)
}

// BenchmarkBytes tells what a browser that was never here loads with the posts.
func BenchmarkBytes(b *testing.B) {
	for b.Loop() {
		for kind, n := range weigh(b) {
			b.ReportMetric(float64(n), kind+"-B")
		}
	}
	onlyWhatIsReported(b)
}
