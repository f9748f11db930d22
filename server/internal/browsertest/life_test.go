package browsertest_test

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/servertest"
)

const (
	// panics makes Go panic in the middle of an event when a page of a test says so: it is handed no port.
	panics = `new BroadcastChannel("panic").onmessage = () => state.onport(null);`
	// mutes makes the worker deaf to every page, those to come too, and has it say so.
	mutes = `const deaf = new BroadcastChannel("mute"); ` +
		`deaf.onmessage = () => { for (const page of pages) page.onmessage = null; self.onconnect = () => {}; deaf.postMessage(""); };`
	// crashes has every start of the client fail, and the server count them.
	crashes = `boot = async (failed) => { await fetch("/started"); failed("a test wants it"); };`
	// hurry has a page wait a tenth of its longer times.
	hurry = `{ const set = setTimeout; globalThis.setTimeout = (f, ms, ...more) => set(f, ms >= 1000 ? ms / 10 : ms, ...more); }`
)

// shout says something to whoever listens on a channel of the origin: what a test has put into the worker.
func shout(tb *tab, channel string) {
	tb.t.Helper()
	eval[chromedp.Void](tb, `new BroadcastChannel(`+strconv.Quote(channel)+`).postMessage("")`)
}

// mute has the worker answer nobody any more, and waits until that is so.
func mute(tb *tab) {
	tb.t.Helper()
	eval[chromedp.Void](tb, `new Promise((muted) => { const c = new BroadcastChannel("mute"); c.onmessage = () => muted(); c.postMessage(""); })`)
}

// failed waits until the page knows that the client does not run.
func (tb *tab) failed() {
	tb.t.Helper()
	tb.until("data-client=failed", func() bool { return tb.client() == "failed" })
}

// threeTabs opens three tabs of one session, at /posts, /account and /.
func threeTabs(b *browser, srv *servertest.Server, before ...chromedp.Action[chromedp.Void]) []*tab {
	b.t.Helper()
	tabs := []*tab{b.open(srv, "/signup", before...)}
	tabs[0].ready()
	tabs[0].signUp()
	for _, path := range []string{"/account", "/"} {
		tb := b.open(srv, path, before...)
		tb.ready()
		tabs = append(tabs, tb)
	}
	return tabs
}

// Go panics: no page has to be loaded again, nothing typed is lost, and the session goes on from the cookie.
func TestPagesOutliveAPanic(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{"shared": "", "dedicated": `delete window.SharedWorker`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTraffic()
			srv := servertest.Start(t, servertest.Options{Wrap: func(h http.Handler) http.Handler { return tr.wrap(withWorker(panics, h)) }})
			b := newBrowser(t)
			tabs := threeTabs(b, srv, onNewDocument(script+";"+hurry))
			for n := range 2 {
				title := "Typed before panic " + strconv.Itoa(n)
				tabs[0].fill("Title", title)
				for _, tb := range tabs {
					eval[chromedp.Void](tb, `window.notReloaded = true`)
				}
				before, _ := tr.count()
				shout(tabs[0], "panic")
				// Each is told, and goes from ready to failed and back.
				tabs[0].until("a refresh from the cookie", func() bool { after, _ := tr.count(); return after > before })
				for _, tb := range tabs {
					tb.ready()
					if !eval[bool](tb, `window.notReloaded === true`) || tb.sessionState() != "active" {
						t.Errorf("at %s: loaded again, or data-session=%s", tb.path(), tb.sessionState())
					}
				}
				if got := field(tabs[0], "title"); got != title {
					t.Errorf("the field holds %q", got)
				}
				tabs[0].publish(title, "By the client that came after.")
			}
			for _, tb := range tabs {
				tb.forgive("the client cannot run") // which a dedicated worker says on its page's console
			}
			tabs[1].click("button", "Log out") // they follow, whether they have one worker or tell each other
			tabs[0].see("heading", "Log in")
			if name == "dedicated" {
				return
			}
			if count, _ := b.workers(); count != 1 {
				t.Errorf("%d shared workers, want one", count)
			}
		})
	}
}

// A client that fails at each start is started four times, and then left alone: the server renders.
func TestWorkerThatFailsAtEachStart(t *testing.T) {
	t.Parallel()
	var starts atomic.Int32
	srv := servertest.Start(t, servertest.Options{Wrap: func(h http.Handler) http.Handler {
		next := withWorker(crashes, h)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/started" {
				starts.Add(1)
			}
			next.ServeHTTP(w, r)
		})
	}})
	tb := newBrowser(t).open(srv, "/signup", onNewDocument(hurry))
	tb.until("four starts", func() bool { return starts.Load() == 4 })
	tb.failed()
	time.Sleep(4 * time.Second) // longer than the longest pause: there is nothing to wait on but the time
	if n := starts.Load(); n != 4 || tb.client() != "failed" {
		t.Errorf("%d starts, data-client=%s", n, tb.client())
	}
	tb.signUp()
	tb.failed()
	tb.publish("By the form", "Hello.")
}

// A worker that answers nobody is left by all tabs for one and the same other, by those that never asked it too.
func TestMuteWorkerIsLeftByAll(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{Wrap: func(h http.Handler) http.Handler {
		return withWorker(`if (self.name === "latchkey") {`+mutes+`}`, h)
	}})
	b := newBrowser(t)
	tabs := threeTabs(b, srv, onNewDocument(hurry))
	for _, tb := range tabs[1:] {
		eval[chromedp.Void](tb, `window.notReloaded = true`)
	}
	mute(tabs[0])
	tabs[0].click("link", "Account") // answered by nobody: the page comes from the server
	for _, tb := range tabs {
		tb.until("the next worker", func() bool { return eval[string](tb, `localStorage.getItem("latchkey-worker") ?? ""`) == "1" })
		tb.ready()
		tb.forgive("the worker does not answer")
	}
	tabs[0].see("heading", "Your sessions")
	for _, tb := range tabs[1:] {
		if !eval[bool](tb, `window.notReloaded === true`) {
			t.Errorf("%s was loaded again", tb.path())
		}
	}
	later := b.open(srv, "/posts", onNewDocument(hurry))
	later.ready()
	later.publish("Through the other worker", "Hello.")
	later.click("button", "Log out") // one worker for all: they follow
	for _, tb := range tabs[:2] {
		tb.see("heading", "Log in")
	}
	tabs[2].gone("button", "Log out")
}

// A page that arrives while the worker is mute is the server's for a while, and then goes on with another too.
func TestPageArrivesAtAMuteWorker(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{Wrap: func(h http.Handler) http.Handler {
		return withWorker(`if (self.name === "latchkey") {`+mutes+`}`, h)
	}})
	tb := newBrowser(t).open(srv, "/signup", onNewDocument(hurry))
	tb.ready()
	tb.signUp()
	mute(tb)
	tb.reload()
	tb.see("heading", "Your posts")
	tb.publish("By the form", "Hello.")
	if got := tb.client(); got != "server" {
		t.Errorf("data-client=%s", got)
	}
	arrived := time.Now()
	tb.ready()
	// A worker that starts may take three minutes, a tenth here, and says that it starts.
	if took := time.Since(arrived); took > 16*time.Second {
		t.Errorf("it was %v with the mute worker", took)
	}
	tb.forgive("the worker does not answer")
	tb.publish("By the next worker", "Hello.")
	if got := eval[string](tb, `localStorage.getItem("latchkey-worker") ?? ""`); got != "1" {
		t.Errorf("the worker's number is %q", got)
	}
}

// A client that comes over a slow line is waited for, where a mute worker would have been left.
func TestSlowStart(t *testing.T) {
	t.Parallel()
	tr := newTraffic()
	srv := servertest.Start(t, servertest.Options{Wrap: tr.wrap})
	release := tr.holdBack(".wasm")
	defer release()
	tb := newBrowser(t).open(srv, "/signup", onNewDocument(hurry))
	time.Sleep(8 * time.Second) // over a tenth of the minute after which a worker is mute: there is nothing to wait on but the time
	release()
	tb.ready()
	if got := eval[string](tb, `localStorage.getItem("latchkey-worker") ?? ""`); got != "" {
		t.Errorf("the worker was left for number %s", got)
	}
}
