package browsertest_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/servertest"
)

// crash makes the worker fail, as if Go had panicked, when a page of a test says so.
const crash = `new BroadcastChannel("crash").onmessage = () => fail("a test wants it");`

// withWorker appends code to the worker's entry script.
func withWorker(code string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/assets/worker.js" {
			next.ServeHTTP(w, r)
			return
		}
		script := &keptWriter{ResponseWriter: w}
		next.ServeHTTP(script, r)
		script.body = append(script.body, code...)
		w.Header().Set("Content-Length", strconv.Itoa(len(script.body)))
		_, _ = w.Write(script.body)
	})
}

type keptWriter struct {
	http.ResponseWriter
	body []byte
}

func (k *keptWriter) Write(p []byte) (int, error) {
	k.body = append(k.body, p...)
	return len(p), nil
}

func crashNow(tb *tab) {
	tb.t.Helper()
	shout(tb, "crash")
	tb.failed()
}

func field(tb *tab, id string) string {
	tb.t.Helper()
	return eval[string](tb, fmt.Sprintf(`document.getElementById(%q)?.value ?? "(no field)"`, id))
}

func busy(tb *tab) bool { return eval[bool](tb, `!!document.querySelector("[aria-busy]")`) }

// A link within the page is no step to another one.
func TestSkipLinkKeepsWhatIsTyped(t *testing.T) {
	t.Parallel()
	tr := newTraffic()
	srv := servertest.Start(t, servertest.Options{Wrap: tr.wrap})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	tb.signUp()
	tb.fill("Title", "Typed")
	_, before := tr.count()
	eval[chromedp.Void](tb, `(window.pops = 0, addEventListener("popstate", () => window.pops++), document.querySelector("a.skip").click())`)
	tb.until("the link's popstate", func() bool { return eval[int](tb, `window.pops`) == 1 })
	eval[chromedp.Void](tb, `history.back()`)
	tb.until("the step back", func() bool { return eval[int](tb, `window.pops`) == 2 })
	if busy(tb) || field(tb, "title") != "Typed" {
		t.Errorf("busy: %t, the field holds %q", busy(tb), field(tb, "title"))
	}
	tb.click("link", "Account")
	tb.see("heading", "Your sessions")
	if _, after := tr.count(); after != before+1 {
		t.Errorf("%d queries, want that of the account page alone", after-before)
	}
}

func TestCrashedClientIsStartedAgain(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{Wrap: func(h http.Handler) http.Handler { return withWorker(crash, h) }})
	b := newBrowser(t)
	tb, other := b.open(srv, "/signup"), b.open(srv, "/")
	tb.ready()
	tb.signUp()
	other.ready()
	for n := range 3 {
		title := fmt.Sprintf("Post %d", n)
		tb.fill("Title", title)
		tb.fill("Body", "Hello.")
		crashNow(tb)
		other.failed()
		if got := field(tb, "title"); got != title {
			t.Errorf("after the crash the field holds %q", got)
		}
		tb.click("button", "Publish") // the browser's own post, and a page with a new client
		tb.see("heading", title)
		tb.ready()
		other.reload()
		other.ready()
		tb.publish("By the new client "+title, "Hello.")
	}
}

// What was being waited for as the client fails: a page is fetched from the server, a form keeps what was typed.
func TestCrashInTheMiddleOfACall(t *testing.T) {
	t.Parallel()
	tr := newTraffic()
	srv := servertest.Start(t, servertest.Options{Wrap: func(h http.Handler) http.Handler { return tr.wrap(withWorker(crash, h)) }})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	tb.signUp()
	release := tr.holdBack("/graphql")
	tb.click("link", "Account")
	tb.until("the link is busy", func() bool { return busy(tb) })
	shout(tb, "crash")
	tb.see("heading", "Your sessions")
	if got := tb.path(); got != "/account" {
		t.Errorf("the page is %s", got)
	}
	release()
	tb.ready()
	tb.click("link", "Posts")
	tb.see("heading", "Your posts")
	release = tr.holdBack("/graphql")
	tb.fill("Title", "Pending")
	tb.fill("Body", "Hello.")
	tb.click("button", "Publish")
	tb.until("the form is busy", func() bool { return busy(tb) })
	crashNow(tb)
	if busy(tb) || field(tb, "title") != "Pending" {
		t.Errorf("busy: %t, the field holds %q", busy(tb), field(tb, "title"))
	}
	release()
	tb.click("button", "Publish")
	tb.see("heading", "Pending")
}

func TestFollowingIsNoStepInTheHistory(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{})
	b := newBrowser(t)
	tb := b.open(srv, "/signup")
	tb.ready()
	following := b.open(srv, "/login")
	following.ready()
	before := eval[int](following, `history.length`)
	tb.signUp()
	following.see("heading", "Your posts")
	if after := eval[int](following, `history.length`); after != before || following.path() != "/posts" {
		t.Errorf("at %s, the history has grown from %d to %d", following.path(), before, after)
	}
}

func locks(tb *tab) int {
	q := eval[string](tb, `navigator.locks.query().then((q) => JSON.stringify(q.held))`)
	return strings.Count(q, "latchkey-page")
}

// The events of the back-forward cache, also in a hurry: one page is there at a time, and gone in between.
func TestBackForwardCache(t *testing.T) {
	t.Parallel()
	const hide, show = `dispatchEvent(new PageTransitionEvent("pagehide", {persisted: true}));`, `dispatchEvent(new PageTransitionEvent("pageshow", {persisted: true}));`
	// A count of the dedicated workers that are there.
	const counted = `window.workers = 0; window.Worker = class extends Worker { constructor(...a) { super(...a); window.workers++ } terminate() { super.terminate(); window.workers-- } };`
	for name, row := range map[string]struct {
		script string
		want   int
	}{"shared": {counted, 0}, "dedicated": {counted + `delete window.SharedWorker;`, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := servertest.Start(t, servertest.Options{})
			tb := newBrowser(t).open(srv, "/healthz", onNewDocument(row.script))
			tb.navigate("/signup")
			tb.ready()
			tb.signUp()
			for range 2 {
				eval[chromedp.Void](tb, hide)
				tb.until("no page is there", func() bool { return tb.client() == "server" && locks(tb) == 0 })
				eval[chromedp.Void](tb, show)
				tb.ready()
			}
			eval[chromedp.Void](tb, `for (let i = 0; i < 20; i++) {`+hide+show+`}`)
			tb.ready()
			tb.until("one page is there", func() bool { return locks(tb) == 1 })
			if got := eval[int](tb, `window.workers`); got != row.want {
				t.Errorf("%d dedicated workers, want %d", got, row.want)
			}
			tb.publish("Back again", "Hello.")
		})
	}
}

func TestHistoryInAHurry(t *testing.T) {
	t.Parallel()
	tr := newTraffic()
	srv := servertest.Start(t, servertest.Options{Wrap: tr.wrap})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	tb.signUp()
	tb.click("link", "Account")
	tb.see("heading", "Your sessions")
	release := tr.holdBack("/graphql")
	eval[chromedp.Void](tb, `history.back()`)
	tb.until("/posts", func() bool { return tb.path() == "/posts" })
	eval[chromedp.Void](tb, `history.forward()`)
	tb.until("/account", func() bool { return tb.path() == "/account" })
	release()
	tb.until("all is answered", func() bool { return !busy(tb) })
	tb.see("heading", "Your sessions")
	eval[chromedp.Void](tb, `history.back()`)
	tb.see("heading", "Your posts")
	if got := tb.path(); got != "/posts" {
		t.Errorf("the page is %s", got)
	}
}

// A page that goes before it has introduced itself does not keep the token alive.
func TestReloadsInAHurryLeaveNoPageBehind(t *testing.T) {
	t.Parallel()
	tr := newTraffic()
	srv := servertest.Start(t, servertest.Options{AccessTTL: 3 * time.Second, Grace: time.Second, Wrap: tr.wrap})
	b := newBrowser(t)
	b.open(srv, "/healthz") // keeps the browser open
	tb := b.open(srv, "/signup")
	tb.ready()
	tb.signUp()
	for range 30 {
		// Where the document is going away under it, there is nothing to reload: the next one will.
		_, _ = chromedp.Run(tb.ctx, chromedp.Evaluate[chromedp.Void](`location.reload()`))
		time.Sleep(15 * time.Millisecond) // not a wait for anything: somebody's finger on the key
	}
	tb.see("heading", "Your posts")
	tb.ready()
	tb.close()
	time.Sleep(5 * time.Second) // the contract's five seconds: there is nothing to wait on but the time
	before, _ := tr.count()
	time.Sleep(6 * time.Second)
	if after, _ := tr.count(); after != before {
		t.Errorf("the worker refreshed %d times after its last tab had closed", after-before)
	}
}

// What a page sends is a stranger's input: nothing of it may stop the worker, which serves every other page.
func TestHostileMessagesDoNoHarm(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{})
	b := newBrowser(t)
	tb := b.open(srv, "/healthz", onNewDocument(`window.SharedWorker = class extends SharedWorker { constructor(...a) { super(...a); window.port = this.port } };`))
	tb.navigate("/signup")
	tb.ready()
	tb.signUp()
	other := b.open(srv, "/posts")
	other.ready()
	eval[chromedp.Void](tb, `(() => {
		const odd = [null, undefined, 0, -1, NaN, Infinity, 1n, "", "hello", true, [], {}, new Date(), new Map([["type", "go"]]), new ArrayBuffer(8), "\ud800", "x".repeat(2 << 20), {length: 1e9}, [[[]]]];
		for (const o of odd) port.postMessage(o);
		for (const type of ["hello", "intent", "go", "checked", "ready", "__proto__", "constructor"]) {
			for (const o of odd) {
				port.postMessage({type, call: o, path: o, intent: o, fields: o, places: o, lock: o, session: o, user: o});
				port.postMessage({type, call: 1, path: "/posts", intent: "publish", fields: {title: o, body: o}, places: [o, {name: o, searched: o, found: o}], lock: "latchkey-page-" + typeof o});
			}
		}
		port.postMessage({type: "intent", call: 1, path: "/posts", intent: "query", fields: {query: "{me{id}}"}});
		port.postMessage({type: "intent", call: 1, path: "/posts", intent: "toString", fields: {}});
		for (let call = 0; call < 1000; call++) port.postMessage({type: "go", call, path: "/posts"});
		port.postMessage({type: "go", call: 0, path: "//evil.example/"});
	})()`)
	other.publish("Still here", "Hello.")
	tb.see("heading", "There is no such page")
	if tb.client() != "ready" || tb.path() != "/" {
		t.Errorf("data-client=%s at %s", tb.client(), tb.path())
	}
	tb.click("link", "Posts")
	tb.see("heading", "Still here")
}
