package browsertest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

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

// Where each tab has a worker of its own they tell each other, and no tab has to be touched.
func TestTabsFollowWithoutASharedWorker(t *testing.T) {
	t.Parallel()
	tr := newTraffic()
	srv := servertest.Start(t, servertest.Options{Wrap: tr.wrap})
	b := newBrowser(t)
	tabs := threeTabs(b, srv, onNewDocument(`delete window.SharedWorker`))
	ada := eval[string](tabs[0], `document.documentElement.dataset.user`)
	follow := func(what string, does func(), ok func(tb *tab) bool) {
		t.Helper()
		for _, tb := range tabs {
			eval[chromedp.Void](tb, `window.notReloaded = true`)
		}
		does()
		for _, tb := range tabs {
			tb.until(what, func() bool { return ok(tb) })
			if tb.client() != "ready" || !eval[bool](tb, `window.notReloaded === true`) {
				t.Errorf("%s: %s came from the server, or is %s", what, tb.path(), tb.client())
			}
		}
	}
	user := func(tb *tab) string { return eval[string](tb, `document.documentElement.dataset.user ?? ""`) }
	loggedOut := func(tb *tab) bool { return user(tb) == "" && tb.sessionState() != "active" }

	before, _ := tr.count()
	follow("the login form", func() { tabs[1].click("button", "Log out") }, loggedOut)
	tabs[0].see("heading", "Log in")
	if after, _ := tr.count(); after-before > 2 {
		t.Errorf("the logout cost %d refreshes: one would do for each other tab", after-before)
	}
	follow("the user who is back", func() { tabs[0].logIn(personPassword) }, func(tb *tab) bool { return user(tb) == ada })
	tabs[1].see("heading", "Your sessions")
	follow("the login form again", func() { tabs[2].click("button", "Log out") }, loggedOut)
	follow("another user", func() {
		tabs[1].click("link", "Create an account")
		tabs[1].signUpAs("Bob", "bob@example.com")
	}, func(tb *tab) bool { return user(tb) != "" && user(tb) != ada && strings.Contains(tb.text(), "Bob") })
}

// noWorkers takes every worker away from a page, which complains of it.
const noWorkers = `delete window.SharedWorker; delete window.Worker`

// Where the client cannot run the page says so, and every link and form is the browser's and the server's own.
func TestPagesWorkWhereTheClientFails(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		script string
		wrap   func(http.Handler) http.Handler
	}{
		"no workers": {script: noWorkers},
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
