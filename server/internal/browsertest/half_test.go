package browsertest_test

import (
	"bytes"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/servertest"
)

// hears keeps the types of all messages that the worker sends to a page.
const hears = `window.heard = [];
window.SharedWorker = class extends SharedWorker {
	constructor(...a) { super(...a); this.port.addEventListener("message", ({ data }) => heard.push(data.type)); }
};`

// inHalves has the pages of some requests end before a mark, until the rest may come: never where rest is nil.
func inHalves(mark string, rest <-chan struct{}, of func(*http.Request) bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !of(r) {
				next.ServeHTTP(w, r)
				return
			}
			page := &keptWriter{ResponseWriter: w}
			next.ServeHTTP(page, r)
			half := bytes.Index(page.body, []byte(mark))
			_, _ = w.Write(page.body[:half]) // an error is the connection's
			if rest == nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			<-rest
			_, _ = w.Write(page.body[half:])
		})
	}
}

// A page that is still on its way is not driven, though its script runs, and the worker knows it; nor is it replaced
// while more of it comes. Nor is it drawn for two seconds, for what is shown of it would move as more of it comes.
func TestPageOnItsWayIsNotDriven(t *testing.T) {
	t.Parallel()
	var slow atomic.Bool
	rest := make(chan struct{})
	srv := servertest.Start(t, servertest.Options{Wrap: inHalves("<main", rest, func(r *http.Request) bool { return r.URL.Path == "/account" && slow.Load() })})
	b := newBrowser(t)
	tb := b.open(srv, "/signup")
	tb.ready()
	tb.signUp()
	slow.Store(true)
	half := b.open(srv, "/", onNewDocument(hears))
	eval[chromedp.Void](half, `void setTimeout(() => location.assign("/account"))`)
	half.until("the worker's answer to a page of which half is there", func() bool {
		return eval[bool](half, `location.pathname === "/account" && !!document.querySelector("header") && heard.includes("ready")`)
	})
	tb.click("button", "Log out") // which every page follows
	tb.see("heading", "Log in")
	if got, heard := half.client(), eval[[]string](half, `heard`); got != "server" || len(heard) != 1 {
		t.Errorf("half a page is %q, and was told %q", got, heard)
	}
	const painted = `performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0` // ms since it was asked for
	half.until("half a page, drawn", func() bool { return eval[float64](half, painted) > 0 })
	if at := eval[float64](half, painted); at < 2000 {
		t.Errorf("half a page was drawn after %.0f ms", at)
	}
	close(rest)
	half.ready()
	half.see("heading", "Log in")
}

// A page of which the end never comes is completed by the client. (Chromium tells the script of a page whose line broke
// nothing at all: there it stays the browser's.)
func TestPageThatWasCutOffIsCompleted(t *testing.T) {
	t.Parallel()
	for _, mark := range []string{"</header>", "<main"} {
		t.Run(mark, func(t *testing.T) {
			t.Parallel()
			var cuts atomic.Bool
			srv := servertest.Start(t, servertest.Options{Wrap: inHalves(mark, nil, func(r *http.Request) bool { return r.URL.Path == "/account" && cuts.Load() })})
			tb := newBrowser(t).open(srv, "/signup")
			tb.ready()
			tb.signUp()
			cuts.Store(true)
			tb.navigate("/account")
			tb.see("heading", "Your sessions")
			tb.see("button", "Log out everywhere")
			tb.click("link", "Posts")
			tb.see("heading", "Your posts")
		})
	}
}

// The field that is wrong has the focus, though it was not shown when the parser came by it.
func TestFieldOfAPageOnItsWayIsFocused(t *testing.T) {
	t.Parallel()
	rest := make(chan struct{})
	srv := servertest.Start(t, servertest.Options{Wrap: inHalves("<footer", rest, func(r *http.Request) bool { return r.Method == http.MethodPost })})
	tb := newBrowser(t).open(srv, "/signup", onNewDocument(noWorkers))
	tb.failed()
	tb.fill("Email", "ada@localhost")
	tb.fill("Password", "12345678")
	tb.click("button", "Create account")
	tb.until("a field that is wrong", func() bool { return eval[bool](tb, `!!document.querySelector("[autofocus]")`) })
	eval[chromedp.Void](tb, `new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))`)
	close(rest)
	tb.until("the focus", func() bool { return eval[bool](tb, `document.activeElement.matches("[autofocus]")`) })
	tb.forgive("latchkey: no worker here")
}
