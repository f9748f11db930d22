package browsertest_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/servertest"
	"example.com/latchkey/shared/screen"
)

// posted counts the forms that reach the server.
type posted struct{ n atomic.Int32 }

func (p *posted) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path != "/graphql" {
			p.n.Add(1)
		}
		next.ServeHTTP(w, r)
	})
}

// buttons returns the names of all buttons that a person can see on the page, whatever element they are.
func buttons(tb *tab) []string {
	tb.t.Helper()
	names := eval[[]string](tb, `[...document.querySelectorAll("button, [role=button], input:is([type=submit], [type=button], [type=image], [type=reset])")]
		.filter((b) => b.checkVisibility({visibilityProperty: true, opacityProperty: true})).map((b) => b.innerText || b.value)`)
	slices.Sort(names)
	return slices.Compact(names)
}

// anotherDevice begins another session of the person's.
func anotherDevice(t testing.TB, srv *servertest.Server) {
	t.Helper()
	resp, err := http.PostForm(srv.URL+"/login", url.Values{"intent": {"login"}, "email": {personEmail}, "password": {personPassword}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

// show loads the page at path with or without a session, whatever the last button has made of that.
func show(tb *tab, path, session string) {
	tb.t.Helper()
	tb.navigate(path)
	if is := tb.sessionState(); (is == "active") == (session == "active") {
		return
	}
	tb.navigate("/posts")
	if session == "active" {
		tb.logIn(personPassword)
		tb.see("heading", "Your posts")
		anotherDevice(tb.t, tb.srv)
	} else {
		tb.click("button", "Log out")
		tb.see("heading", "Log in")
	}
	tb.navigate(path)
}

// Before the worker is there, and where it never will be, every button of every page does something: it sends a form.
func TestNoButtonIsDead(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"server", "failed"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			tr, forms := newTraffic(), &posted{}
			srv := servertest.Start(t, servertest.Options{Wrap: func(h http.Handler) http.Handler {
				return forms.wrap(tr.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if state == "failed" && strings.HasSuffix(r.URL.Path, ".wasm") {
						http.NotFound(w, r)
						return
					}
					h.ServeHTTP(w, r)
				})))
			}})
			if state == "server" {
				defer tr.holdBack(".wasm")()
			}
			tb := newBrowser(t).open(srv, "/signup")
			tb.signUp()
			tb.publish("A post to delete", "Hello.")
			anotherDevice(t, srv)
			tested := map[string]bool{}
			for _, session := range []string{"active", "none"} {
				for _, path := range screen.Paths() {
					show(tb, path, session)
					tb.until("data-client="+state, func() bool { return tb.client() == state })
					for i, name := range buttons(tb) {
						if i > 0 { // the one before has led elsewhere
							show(tb, path, session)
							tb.until("data-client="+state, func() bool { return tb.client() == state })
						}
						before := forms.n.Load()
						eval[chromedp.Void](tb, `window.clicked = true; for (const form of document.forms) form.noValidate = true`)
						tb.click("button", name)
						tb.until("what "+name+" at "+path+" sends", func() bool { return forms.n.Load() > before })
						tb.until("the answer to "+name, func() bool {
							return eval[bool](tb, `!window.clicked && document.readyState === "complete"`)
						})
						tested[name] = true
					}
				}
			}
			for _, name := range []string{"Log in", "Create account", "Log out", "Publish", "Delete", "Revoke", "Log out everywhere", "Change password"} {
				if !tested[name] {
					t.Errorf("there was no %s to try", name)
				}
			}
		})
	}
}
