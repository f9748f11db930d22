package browsertest_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// jwt is the form of every access token, for those that this test was not told of.
var jwt = regexp.MustCompile(`eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}`)

// readEverything is a script that returns all that a page's script can read, by place.
const readEverything = `(async () => {
	const out = {
		cookie: document.cookie, url: location.href, referrer: document.referrer, name: window.name,
		state: JSON.stringify(history.state), dom: document.documentElement.outerHTML,
		local: JSON.stringify({...localStorage}), session: JSON.stringify({...sessionStorage}),
		performance: JSON.stringify(performance.getEntries()), globals: "", indexedDB: "", caches: "",
	};
	for (const key of Object.getOwnPropertyNames(window)) {
		try { if (typeof window[key] !== "function") out.globals += key + "=" + (typeof window[key] === "string" ? window[key] : JSON.stringify(window[key])) + "\n"; } catch {}
	}
	for (const { name } of await indexedDB.databases()) {
		const db = await new Promise((ok, no) => { const r = indexedDB.open(name); r.onsuccess = () => ok(r.result); r.onerror = no; });
		for (const store of db.objectStoreNames) {
			out.indexedDB += JSON.stringify(await new Promise((ok, no) => { const r = db.transaction(store).objectStore(store).getAll(); r.onsuccess = () => ok(r.result); r.onerror = no; }));
		}
		db.close();
	}
	for (const name of await caches.keys()) {
		const cache = await caches.open(name);
		for (const request of await cache.keys()) out.caches += request.url + await (await cache.match(request)).text();
	}
	return out;
})()`

// everything returns all that can be found of a page: what its script can read, and by the debugger its history, the
// cookies, and every string in the memory of its JavaScript engine.
func everything(tb *tab) map[string]string {
	tb.t.Helper()
	places := eval[map[string]string](tb, readEverything)
	var heap strings.Builder
	ctx, cancel := context.WithTimeout(tb.ctx, deadline)
	defer cancel()
	must := func(err error) {
		tb.t.Helper()
		if err != nil {
			tb.t.Fatal(err)
		}
	}
	must(chromedp.Listen(ctx, func(ev any) {
		if chunk, ok := ev.(*heapprofiler.EventAddHeapSnapshotChunk); ok {
			heap.WriteString(chunk.Chunk)
		}
	}))
	_, err := chromedp.Call(ctx, heapprofiler.TakeHeapSnapshot, heapprofiler.TakeHeapSnapshotParams{})
	must(err)
	places["heap"] = heap.String()
	history, err := chromedp.Call(ctx, page.GetNavigationHistory, cdp.Empty{})
	must(err)
	for _, e := range history.Entries {
		places["history"] += e.URL + e.UserTypedURL + e.Title + "\n"
	}
	cookies, err := chromedp.Call(ctx, storage.GetCookies, storage.GetCookiesParams{})
	must(err)
	for _, c := range cookies.Cookies {
		places["cookies"] += c.Name + "=" + c.Value + "\n"
	}
	return places
}

func search(places map[string]string, tokens []string) (found []string) {
	for place, content := range places {
		if jwt.MatchString(content) {
			found = append(found, place+": something that looks like a token")
		}
		for _, tok := range tokens {
			// The signature alone is enough to recognise a token that was cut up.
			if strings.Contains(content, tok) || strings.Contains(content, tok[strings.LastIndexByte(tok, '.')+1:]) {
				found = append(found, place+": an access token")
			}
		}
	}
	return found
}

func TestTokenIsNowhereInThePage(t *testing.T) {
	t.Parallel()
	tr := newTraffic()
	srv := servertest.Start(t, servertest.Options{AccessTTL: 5 * time.Second, Grace: time.Second, Wrap: tr.wrap})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	tb.signUp()
	tb.publish("A post", "With a body.")
	tb.click("link", "Account")
	tb.see("heading", "Your sessions")
	tb.until("a refresh", func() bool { n, _ := tr.count(); return n > 0 })
	tokens := tr.accessTokens()
	if len(tokens) < 2 {
		t.Fatalf("only %d access tokens went over the network: the test looks for nothing", len(tokens))
	}
	places := everything(tb)
	for _, place := range []string{"dom", "url", "globals", "heap", "cookies", "history"} {
		if places[place] == "" {
			t.Errorf("the test read nothing of %s", place)
		}
	}
	for _, f := range search(places, tokens) {
		t.Error("found in", f)
	}

	// The page's own check must agree, and must have looked.
	tb.click("button", "Check this page")
	tb.until("the check's outcome", func() bool { return strings.Contains(tb.text(), "No token found") })

	// The control: were it there, both would find it.
	eval[chromedp.Void](tb, fmt.Sprintf(`localStorage.setItem("leak", %q), window.leak = {deep: %q}, undefined`, tokens[0], tokens[1]))
	found := strings.Join(search(everything(tb), tokens), "\n")
	for _, place := range []string{"local: an", "globals: an", "heap: an"} {
		if !strings.Contains(found, place) {
			t.Errorf("a token put into the page was not found in %s: the test cannot fail\n%s", place, found)
		}
	}
	tb.click("button", "Check this page")
	tb.until("the check to find the planted token", func() bool { return !strings.Contains(tb.text(), "No token found") })
}

func TestCookiesAreOutOfReach(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	tb.signUp()
	ctx, cancel := context.WithTimeout(tb.ctx, deadline)
	defer cancel()
	all, err := chromedp.Call(ctx, storage.GetCookies, storage.GetCookiesParams{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range all.Cookies {
		names = append(names, c.Name)
		if !c.HTTPOnly || !c.Secure || c.Path != "/" || c.SameSite != network.CookieSameSiteLax || c.Session {
			t.Errorf("a cookie is %+v", c)
		}
	}
	slices.Sort(names)
	if want := []string{graph.DeviceCookieName, graph.CookieName}; !slices.Equal(names, want) {
		t.Errorf("the cookies are %q, want %q", names, want)
	}
	if got := eval[string](tb, `document.cookie`); got != "" {
		t.Errorf("a script reads the cookies %q", got)
	}
	if ok := eval[string](tb, `(document.cookie = "__Host-Http-refreshToken=planted; Secure; Path=/", document.cookie)`); ok != "" {
		t.Errorf("a script planted the cookie %q", ok)
	}
}
