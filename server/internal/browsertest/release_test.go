package browsertest_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"example.com/latchkey/server/internal/servertest"
)

// releases is a server that becomes one of the next release when next is set: its pages name another version of the
// worker, and that of before is not there any more.
type releases struct {
	own  string // the version, as the worker's URL has it
	next atomic.Bool
}

func (s *releases) wrap(h http.Handler) http.Handler {
	const version = "v=the-next"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.next.Load() {
			h.ServeHTTP(w, r)
			return
		}
		r = r.Clone(r.Context())
		r.Header.Del("Accept-Encoding")
		if r.URL.Path == "/assets/worker.js" {
			asked := r.URL.RawQuery
			r.URL.RawQuery = "v=of-before"
			if asked == version {
				r.URL.RawQuery = s.own
			}
		}
		kept := &keptWriter{ResponseWriter: w}
		h.ServeHTTP(kept, r)
		_, _ = w.Write([]byte(strings.ReplaceAll(string(kept.body), s.own, version))) // an error is the connection's
	})
}

// Pages of two releases have a worker each, and one session. What an old page has running goes on.
func TestTwoReleasesShareNoWorker(t *testing.T) {
	t.Parallel()
	tr := newTraffic()
	rel := releases{own: strings.SplitAfter(scriptURLs(t)["worker"], "?")[1]}
	srv := servertest.Start(t, servertest.Options{Wrap: func(h http.Handler) http.Handler { return tr.wrap(rel.wrap(h)) }})
	b := newBrowser(t)
	old := b.open(srv, "/signup")
	old.ready()
	old.signUp()

	release := tr.holdBack("/assets/worker.js")
	late := newBrowser(t).open(srv, "/signup") // its worker is on its way as the release comes
	rel.next.Store(true)
	release()
	late.failed() // and is not there any more
	late.click("link", "Log in")
	late.ready()
	late.logIn(personPassword)
	late.see("heading", "Your posts")
	late.forgive("Failed to fetch a worker script")

	fresh := b.open(srv, "/posts")
	fresh.ready()
	fresh.publish("By the new release", "Hello.")
	old.publish("By the old one", "Hello.")
	old.see("heading", "By the new release")
	if old.client() != "ready" {
		t.Error("the old page has lost its worker")
	}
	fresh.click("button", "Log out") // the workers tell each other
	old.see("heading", "Log in")
	if count, complaints := b.workers(); count != 2 || len(complaints) > 0 { // which closes them
		t.Errorf("%d workers, want one of each release; their consoles complain of %q", count, complaints)
	}
}
