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

// A page that is still on its way is not driven, though its script runs, and the worker knows it; nor is it replaced
// while more of it comes.
func TestPageOnItsWayIsNotDriven(t *testing.T) {
	t.Parallel()
	var slow atomic.Bool
	rest := make(chan struct{})
	srv := servertest.Start(t, servertest.Options{Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/account" || !slow.Load() {
				next.ServeHTTP(w, r)
				return
			}
			page := &keptWriter{ResponseWriter: w}
			next.ServeHTTP(page, r)
			head, tail, _ := bytes.Cut(page.body, []byte("<main"))
			_, _ = w.Write(head) // an error is the connection's
			_ = http.NewResponseController(w).Flush()
			<-rest
			_, _ = w.Write(append([]byte("<main"), tail...))
		})
	}})
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
	close(rest)
	half.ready()
	half.see("heading", "Log in")
}
