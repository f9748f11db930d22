package browsertest_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/servertest"
)

// own is what the page says of the visitor's session in the row of the name.
func (tb *tab) own(element, name string) string {
	tb.t.Helper()
	rows := eval[map[string]string](tb, `Object.fromEntries([...document.querySelectorAll("#`+element+` div")]
		.map((row) => [row.querySelector("dt").innerText.trim(), row.querySelector("dd").innerText.trim()]))`)
	for title, value := range rows {
		if title == name || strings.HasPrefix(title, name+" ") {
			return value
		}
	}
	return ""
}

// claimsOf is what an access token says.
func claimsOf(t *testing.T, token string) (c struct{ Sub, Sid, Jti string }) {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// The page tells of the token that the worker holds, follows its refreshes, and holds nothing of the token itself.
func TestHowItWorksTellsOfTheOwnSession(t *testing.T) {
	t.Parallel()
	tr := newTraffic()
	srv := servertest.Start(t, servertest.Options{AccessTTL: 8 * time.Second, Grace: time.Second, Wrap: tr.wrap})
	tb := newBrowser(t).open(srv, "/how-it-works")
	tb.ready()
	tb.see("link", "Log in")
	if tb.has("region", "Access token") || tb.own("flow-session", "Session") != "" {
		t.Error("without a session there is one on the page")
	}
	tb.navigate("/signup")
	tb.ready()
	tb.signUp()
	tb.click("link", "How it works")
	tb.see("heading", "How it works")
	if path, title, focus := tb.path(), eval[string](tb, `document.title`), eval[string](tb, `document.activeElement.id`); path != "/how-it-works" || title != "How it works · Latchkey" || focus != "heading" {
		t.Errorf("at %s, the title is %q and the focus on %q", path, title, focus)
	}
	eval[chromedp.Void](tb, `history.back()`)
	tb.see("heading", "Your posts")
	eval[chromedp.Void](tb, `history.forward()`)
	tb.see("heading", "How it works")

	first := tb.own("flow-claims", "jti")
	tb.until("the claims of the next token, and its life in the picture", func() bool {
		return tb.own("flow-claims", "jti") != first && eval[int](tb, `document.querySelectorAll("#flow-picture .life rect").length`) > 1
	})
	tokens := tr.accessTokens()
	known := false
	for _, token := range tokens {
		c := claimsOf(t, token)
		known = known || c.Jti == tb.own("flow-claims", "jti") || c.Jti == first
		if c.Sid != tb.own("flow-session", "Session") || c.Sub != tb.own("flow-claims", "sub") {
			t.Errorf("the page tells of session %q", tb.own("flow-session", "Session"))
		}
	}
	if !known || len(tokens) < 2 {
		t.Errorf("the page tells of no token of the %d that were given out", len(tokens))
	}
	tb.see("image", "Access tokens over time")
	for _, f := range search(everything(tb), tokens) {
		t.Error("found in", f)
	}
}

// Nothing moves while the client counts, draws and refreshes either.
func TestNothingMovesAsTheTokenIsRefreshed(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{AccessTTL: 4 * time.Second, Grace: time.Second})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	tb.signUp()
	tb.do(onNewDocument(watchShifts))
	for _, path := range []string{"/posts", "/account", "/how-it-works"} {
		for _, width := range []int64{1280, 320} {
			tb.do(emulate(width, 900, "light"))
			tb.navigate(path)
			if strings.Contains(path, "how") { // where the picture is, nothing else is
				eval[chromedp.Void](tb, `document.getElementById("flow-picture").scrollIntoView()`)
			}
			tb.ready()
			counted := func() int { return eval[int](tb, `Number(document.getElementById("token-refreshes").innerText) || 0`) }
			tb.until("the count of refreshes", func() bool { return counted() > 0 })
			before := counted()
			tb.until("a refresh", func() bool { return counted() > before })
			if found := tb.shifts(); len(found) > 0 {
				t.Errorf("%s, %d px wide: %q", path, width, found)
			}
		}
	}
}
