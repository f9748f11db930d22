package browsertest_test

import (
	"io"
	"net/http"
	"net/url"
)

// emptyPath is answered as the posts are, with all that the server does for them and with their headers, but with next
// to nothing: what a browser takes for a page of the origin in any case.
const (
	emptyPath = "/empty"
	emptyPage = `<!DOCTYPE html><html lang="en"><title>Empty</title><p>Nothing.`
)

func withEmpty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == emptyPath {
			r = r.Clone(r.Context())
			r.URL = &url.URL{Path: "/posts"}
			next.ServeHTTP(&keptWriter{ResponseWriter: w}, r)
			_, _ = io.WriteString(w, emptyPage) // an error is the connection's
			return
		}
		next.ServeHTTP(w, r)
	})
}

// showEmpty opens a tab with the empty page, and returns when it was there.
func (v *visit) showEmpty(b *browser) times {
	v.t.Helper()
	return times{Paint: v.arrive(b, emptyPath).paint()}
}

// paint waits for the first contentful paint, and returns when it was.
func (tb *tab) paint() (at float64) {
	tb.t.Helper()
	tb.until("the first paint", func() bool {
		at = eval[float64](tb, `performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0`)
		return at > 0
	})
	return at
}
