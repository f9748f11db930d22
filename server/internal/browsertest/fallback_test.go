package browsertest_test

import (
	"net/http"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/servertest"
)

func TestDedicatedWorkerWhereThereIsNoSharedOne(t *testing.T) {
	t.Parallel()
	tr := newTraffic()
	srv := servertest.Start(t, servertest.Options{Wrap: tr.wrap})
	tb := newBrowser(t).open(srv, "/healthz", onNewDocument(`delete window.SharedWorker`))
	tb.navigate("/signup")
	tb.ready()
	tb.signUp()
	tb.publish("By a worker of its own", "Hello.")
	if _, queries := tr.count(); queries == 0 {
		t.Error("the worker asked the API nothing: who published?")
	}
	tb.reload()
	tb.see("heading", "By a worker of its own")
	tb.ready()
	tb.click("button", "Log out")
	tb.see("heading", "Log in")
}

// Where the client cannot run the page says so, and every link and form is the browser's and the server's own.
func TestPagesWorkWhereTheClientFails(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		script string
		wrap   func(http.Handler) http.Handler
	}{
		"no workers": {script: `delete window.SharedWorker; delete window.Worker`},
		"no wasm": {wrap: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, ".wasm") {
					http.NotFound(w, r)
					return
				}
				next.ServeHTTP(w, r)
			})
		}},
		"a broken start": {wrap: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/assets/wasm_exec") {
					w.Header().Set("Content-Type", "text/javascript")
					_, _ = w.Write([]byte("throw new Error('broken')"))
					return
				}
				next.ServeHTTP(w, r)
			})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := servertest.Start(t, servertest.Options{Wrap: row.wrap})
			tb := newBrowser(t).open(srv, "/healthz", onNewDocument(row.script))
			tb.navigate("/signup")
			tb.failed()
			tb.signUp()
			tb.failed()
			tb.publish("By the form", "Hello.")
			tb.click("link", "Account")
			tb.see("heading", "Your sessions")
			tb.click("button", "Log out")
			tb.see("heading", "Log in")
			tb.forgive("latchkey: no worker here")
		})
	}
}
