package browsertest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// takesThePolicy runs before the page's own script and takes the policy of Trusted Types that allows the worker.
const takesThePolicy = `globalThis.policy = trustedTypes.createPolicy("latchkey", {createHTML: (s) => s, createScriptURL: (s) => s});
	TrustedTypePolicyFactory.prototype.createPolicy = () => policy;`

// asTheShim is a script that makes itself a page of the worker's and publishes a post.
const asTheShim = `(async () => {
	const { port } = new SharedWorker(policy.createScriptURL(document.documentElement.dataset.worker), {type: "module", name: "latchkey", extendedLifetime: true});
	const heard = (right) => new Promise((resolve) => port.addEventListener("message", (e) => right(e.data) && resolve(e.data)));
	const ready = heard((m) => m.type === "ready"), answer = heard((m) => m.call === 7);
	port.start();
	await new Promise((held) => navigator.locks.request("latchkey-page-hostile", () => (held(), new Promise(() => {}))));
	port.postMessage({type: "hello", lock: "latchkey-page-hostile", path: "/posts", session: "active", user: document.documentElement.dataset.user});
	await ready;
	port.postMessage({type: "intent", call: 7, path: "/posts", intent: "publish", fields: {title: "Not by Ada", body: "but as Ada."}});
	return (await answer).html;
})()`

// What confinement does not do, by design: while the page is open, a script in it can ask the worker for whatever the
// person could ask for. SECURITY.md says so.
func TestHostileScriptCanActAsTheUser(t *testing.T) {
	t.Parallel()
	tr := newTraffic()
	srv := servertest.Start(t, servertest.Options{Wrap: tr.wrap})
	b := newBrowser(t)
	tb := b.open(srv, "/signup")
	tb.ready()
	tb.signUp()
	hostile := b.open(srv, "/healthz", onNewDocument(takesThePolicy))
	hostile.navigate("/posts")
	hostile.ready()
	html := eval[string](hostile, asTheShim)
	if !strings.Contains(html, "Not by Ada") {
		t.Errorf("the worker's answer: %s", html)
	}
	if found := search(map[string]string{"answer": html}, tr.accessTokens()); len(found) > 0 {
		t.Error(found)
	}
	tb.reload()
	tb.see("heading", "Not by Ada")
}

// Another limit: cookies know no ports. Another server under the same host name is sent the refresh cookie by the
// browser itself, so the host name must be the application's own.
func TestCookieGoesToEveryPortOfItsHost(t *testing.T) {
	t.Parallel()
	var sent atomic.Value
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			sent.Store(len(r.CookiesNamed(graph.CookieName)))
		}
	}))
	t.Cleanup(other.Close)
	srv := servertest.Start(t, servertest.Options{})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	tb.signUp()
	tb.ignore()
	tb.do(chromedp.Navigate(strings.Replace(other.URL, "127.0.0.1", "localhost", 1)))
	if sent.Load() != 1 {
		t.Errorf("another port was sent %v refresh cookies: where it is none, SECURITY.md says too much", sent.Load())
	}
}
