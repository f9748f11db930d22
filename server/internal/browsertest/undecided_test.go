package browsertest_test

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// lateWorld is a server that a browser's pages reach with an old token, as where the browser held the requests back. The
// browser's jar has the session's current token.
type lateWorld struct {
	*servertest.Server
	old     string       // the token that is reuse for a client's refresh
	current string       // the session's token
	late    atomic.Bool  // pages come with the old token
	pages   atomic.Int32 // that came with it
	client  func()       // lets the client start
}

// newLateWorld makes an account with a session whose first token is old. The client is held back until client is called.
func newLateWorld(t *testing.T) *lateWorld {
	t.Helper()
	tr := newTraffic()
	w := &lateWorld{client: tr.holdBack(".wasm")}
	t.Cleanup(w.client)
	w.Server = servertest.Start(t, servertest.Options{Grace: time.Second, Wrap: func(next http.Handler) http.Handler {
		return tr.wrap(w.wrap(next))
	}})
	g, err := w.Auth.SignUp(t.Context(), personEmail, personPassword, "Ada", auth.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Blog.Create(t.Context(), g.User.ID, "Her post", "Some words."); err != nil {
		t.Fatal(err)
	}
	w.old, w.current = g.RefreshToken, g.RefreshToken
	for range 2 {
		if g, err = w.Auth.Refresh(t.Context(), auth.Visitor{Tokens: []string{w.current}}, auth.RefreshOptions{}); err != nil {
			t.Fatal(err)
		}
		w.current = g.RefreshToken
	}
	for end := time.Now().Add(deadline); ; time.Sleep(50 * time.Millisecond) { // a poll: until the grace has passed
		_, err := w.Auth.Refresh(t.Context(), auth.Visitor{Tokens: []string{w.old}}, auth.RefreshOptions{Recover: true, Page: true})
		if e := (*auth.Error)(nil); errors.As(err, &e) && e.Reason == auth.ReasonUndecided {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the old token is answered: %v", err)
		}
	}
	w.late.Store(true)
	return w
}

// wrap gives requests for pages the old token.
func (w *lateWorld) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.late.Load() && r.Header.Get("Sec-Fetch-Mode") == "navigate" {
			w.pages.Add(1)
			r.Header.Set("Cookie", graph.CookieName+"="+w.old)
		}
		next.ServeHTTP(rw, r)
	})
}

// browser is a browser whose jar has the token.
func (w *lateWorld) browser(t *testing.T, token string) *browser {
	t.Helper()
	b := newBrowser(t)
	b.hold(w.Server, token)
	return b
}

// hold puts a refresh token into the browser's jar, as if it had come some time ago.
func (b *browser) hold(srv *servertest.Server, token string) {
	b.t.Helper()
	_, err := chromedp.CallBrowser(b.ctx, storage.SetCookies, storage.SetCookiesParams{Cookies: []*network.CookieParam{{
		Name: graph.CookieName, Value: token, URL: srv.URL, Path: "/", Secure: true, HTTPOnly: true, SameSite: "Lax",
		Expires: cdp.TimeSinceEpoch(time.Now().Add(24 * time.Hour).Unix()),
	}}})
	if err != nil {
		b.t.Fatal("giving the browser its cookie:", err)
	}
}

// looking waits for what an undecided page says, and holds that it shows no login form.
func (tb *tab) looking(heading string) {
	tb.t.Helper()
	tb.see("heading", heading)
	tb.until("what it says", func() bool { return strings.Contains(tb.text(), "Looking for your session…") })
	if tb.has("button", "Log in") || tb.has("textbox", "Email") || tb.sessionState() != "none" {
		tb.t.Errorf("%s shows a login form while the session is looked for: %s", tb.path(), tb.text())
	}
}

// watchForForm keeps whether a person could see a login form in any frame of the page.
const watchForForm = `window.sawForm = false;
	(function look() {
		sawForm ||= !!document.getElementById("password")?.checkVisibility({visibilityProperty: true});
		requestAnimationFrame(look);
	})();`

// A page that came late says that the session is looked for. The client finds it, and the page comes in its place: no
// login form is seen in any frame.
func TestALatePageFindsItsSession(t *testing.T) {
	t.Parallel()
	w := newLateWorld(t)
	b := w.browser(t, w.current)
	tb := b.open(w.Server, "/", onNewDocument(watchForForm))
	for _, row := range []struct{ path, heading string }{
		{"/account", "Your sessions"}, {"/login", "One moment"}, {"/signup", "One moment"}, {"/posts", "Your posts"},
	} {
		tb.navigate(row.path)
		tb.looking(row.heading)
		if *pictures != "" {
			tb.pictures("looking" + strings.ReplaceAll(row.path, "/", "-"))
		}
	}
	w.client()
	tb.see("heading", "Her post")
	tb.ready()
	if eval[bool](tb, `sawForm`) {
		t.Error("a login form was seen")
	}
	for _, path := range []string{"/posts", "/account", "/login", "/"} { // with the client there
		tb.navigate(path)
		tb.see("button", "Log out")
		tb.ready()
		if eval[bool](tb, `sawForm`) {
			t.Errorf("a login form was seen at %s", path)
		}
	}
	if n := w.pages.Load(); n < 9 {
		t.Errorf("%d pages came late", n)
	}
}

// places are where the headings and the product's name stand.
const places = `JSON.stringify([...document.querySelectorAll("h1, .brand")].filter((e) => e.checkVisibility()).map((e) => {
	const r = e.getBoundingClientRect();
	return [e.innerText, r.x, r.y];
}))`

// What stands on a page while the session is looked for stays where it is when the page comes, in windows of any width.
func TestNothingMovesWhenASessionIsFound(t *testing.T) {
	t.Parallel()
	w := newLateWorld(t)
	b := w.browser(t, w.current)
	var tabs []*tab
	var before []string
	for i, width := range []int64{1280, 720, 360} {
		tb := b.open(w.Server, []string{"/posts", "/account", "/posts"}[i], onNewDocument(watchShifts), chromedp.EmulateViewport(width, 900))
		tb.see("status", "")
		tabs, before = append(tabs, tb), append(before, eval[string](tb, places))
	}
	w.client()
	for i, tb := range tabs {
		tb.see("button", "Log out")
		tb.ready()
		if after := eval[string](tb, places); after != before[i] {
			t.Errorf("%s: %s has become %s", tb.path(), before[i], after)
		}
		if found := tb.shifts(); len(found) > 0 {
			t.Errorf("%s: something moved: %q", tb.path(), found)
		}
	}
}

// Where the token was stolen the client's refresh says so: the session ends, and the login form with the reason comes.
func TestALatePageOfAStolenToken(t *testing.T) {
	t.Parallel()
	w := newLateWorld(t)
	tb := w.browser(t, w.old).open(w.Server, "/posts")
	tb.looking("Your posts")
	w.client()
	tb.see("heading", "Log in")
	tb.ready()
	if text := tb.text(); !strings.Contains(text, "an old key to your session was used again") || tb.sessionState() != "ended" {
		t.Errorf("%s: %s", tb.sessionState(), text)
	}
	w.late.Store(false)
	tb.logIn(personPassword)
	tb.see("heading", "Her post")
}

// Where no client can run, the login form is there at once, the page stays as it is, and logging in works.
func TestALatePageWithoutAClient(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]chromedp.Action[chromedp.Void]{"scripts off": scriptsOff(), "no workers": onNewDocument(noWorkers)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newLateWorld(t)
			tb := w.browser(t, w.old).open(w.Server, "/posts", before)
			tb.see("heading", "Log in")
			if text := tb.text(); strings.Contains(text, "Looking for") {
				t.Errorf("it says %s", text)
			}
			if n := w.pages.Load(); n != 1 {
				t.Errorf("the page was loaded %d times", n)
			}
			w.late.Store(false)
			tb.logIn(personPassword)
			tb.see("heading", "Her post")
			tb.forgive("latchkey: no worker here")
		})
	}
}

// A person who waits for long may log in instead. What is typed by the time that the client comes stays.
func TestLoggingInInsteadOfWaiting(t *testing.T) {
	t.Parallel()
	w := newLateWorld(t)
	tb := w.browser(t, w.old).open(w.Server, "/posts")
	tb.looking("Your posts")
	if tb.has("button", "Log in instead") {
		t.Error("it is offered at once")
	}
	tb.see("button", "Log in instead")
	if *pictures != "" {
		tb.pictures("late")
	}
	tb.click("button", "Log in instead")
	tb.see("heading", "Log in")
	if *pictures != "" {
		tb.pictures("instead")
	}
	tb.fill("Email", personEmail)
	tb.fill("Password", "half of the pass")
	w.client()
	tb.until("what ended the session", func() bool { return strings.Contains(tb.text(), "an old key to your session") })
	if email, typed := field(tb, "email"), field(tb, "password"); email != personEmail || typed != "half of the pass" {
		t.Errorf("of what was typed there is %q and %q", email, typed)
	}
	if got := eval[string](tb, `document.activeElement.id`); got != "password" {
		t.Errorf("the focus is on %q", got)
	}
	w.late.Store(false)
	tb.logIn(personPassword)
	tb.see("heading", "Her post")
}

// A form that was sent by a late page does nothing, and what was typed comes back to its author with the session.
func TestAFormOfALatePageIsKept(t *testing.T) {
	t.Parallel()
	w := newLateWorld(t)
	w.late.Store(false)
	tb := w.browser(t, w.current).open(w.Server, "/posts")
	tb.see("heading", "Her post")
	tb.fill("Title", "Typed before")
	tb.fill("Body", "Two\nlines.")
	w.late.Store(true)
	tb.click("button", "Publish") // by the browser: the client is held back
	tb.looking("Your posts")
	w.client()
	tb.see("alert", "")
	tb.ready()
	if title, body := field(tb, "title"), field(tb, "body"); title != "Typed before" || body != "Two\nlines." {
		t.Errorf("of what was typed there is %q and %q", title, body)
	}
	if tb.has("heading", "Typed before") {
		t.Error("it was published")
	}
	if *pictures != "" {
		tb.pictures("kept")
	}
	tb.click("button", "Publish")
	tb.see("heading", "Typed before")
}

// pictures writes what the tab shows, wide and narrow, light and dark.
func (tb *tab) pictures(name string) {
	tb.t.Helper()
	for _, width := range []int64{1280, 360} {
		for _, scheme := range []string{"light", "dark"} {
			tb.do(emulate(width, 900, scheme))
			tb.picture(filepath.Join(*pictures, fmt.Sprintf("%s-%s-%d.png", name, scheme, width)), chromedp.FullScreenshot(100))
		}
	}
	tb.do(emulate(1280, 900, "light"))
}
