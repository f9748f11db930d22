package browsertest_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/servertest"
)

// watchForLoginForm makes every document of the tab note whether a login form was ever in it, from its first byte on.
const watchForLoginForm = `
	window.sawLoginForm = false;
	new MutationObserver(() => {
		if (document.querySelector("input[type=password]")) window.sawLoginForm = true;
	}).observe(document, {childList: true, subtree: true});`

// command is a step: one command of the debugger's, of whose answer nothing is wanted.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, c, params)
		return err
	})
}

func onNewDocument(script string) chromedp.Action[chromedp.Void] {
	return command(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

func TestSignUpPublishDeleteLogOutLogIn(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{})
	b := newBrowser(t)
	tb := b.open(srv, "/signup")
	tb.ready()
	tb.signUp()
	if got := tb.path(); got != "/posts" {
		t.Errorf("after signing up the page is %s, want /posts", got)
	}
	if got := tb.client(); got != "ready" {
		t.Errorf("data-client=%s after signing up: the worker should have done it", got)
	}
	tb.see("region", "Access token")
	tb.publish("First post", "Hello.")
	tb.publish("Second post", "Hello again.")
	tb.see("article", "Second post")
	tb.click("button", "Delete") // the newest post stands first
	tb.gone("heading", "Second post")
	tb.see("heading", "First post")

	tb.click("link", "Account")
	tb.see("heading", "Your sessions")
	tb.click("button", "Log out")
	tb.see("heading", "Log in")
	tb.logIn("not the password")
	tb.until("the alert", func() bool {
		return eval[string](tb, `document.querySelector("[role=alert]")?.innerText.trim() ?? ""`) == "Email or password is incorrect."
	})
	tb.logIn(personPassword)
	tb.see("heading", "Your sessions") // the page that was asked for
	tb.click("link", "Posts")
	tb.see("heading", "First post")
	if count, complaints := b.workers(); count != 1 || len(complaints) > 0 {
		t.Errorf("%d workers, whose consoles complain of %q", count, complaints)
	}
}

func TestRefreshHappensOnTheTimer(t *testing.T) {
	t.Parallel()
	tr := newTraffic()
	srv := servertest.Start(t, servertest.Options{AccessTTL: 4 * time.Second, Grace: time.Second, Wrap: tr.wrap})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	tb.signUp()
	eval[chromedp.Void](tb, `(() => {
		const next = document.getElementById("token-next");
		window.shown = new Set();
		new MutationObserver(() => shown.add(next.innerText.trim())).observe(next, {childList: true, characterData: true, subtree: true});
	})()`)
	tb.until("two refreshes on the page", func() bool {
		return eval[int](tb, `Number(document.getElementById("token-refreshes").innerText) || 0`) >= 2
	})
	if shown := eval[[]string](tb, `[...window.shown]`); !slices.Contains(shown, "0:01") || len(shown) < 3 {
		t.Errorf("the countdown to the next refresh showed only %v", shown)
	}
	if n, _ := tr.count(); n < 2 {
		t.Errorf("the API saw %d refreshes, the page counts two at least", n)
	}
	tb.publish("After a refresh", "Still here.")
	if tb.sessionState() != "active" {
		t.Error("the session is not active after two refreshes")
	}
}

func TestReloadStaysWithoutALoginForm(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	tb.signUp()
	tb.publish("Still there", "After a reload.")
	tb.do(onNewDocument(watchForLoginForm))
	for range 2 {
		tb.reload()
		tb.see("heading", "Still there")
		tb.ready()
		if eval[bool](tb, `window.sawLoginForm`) {
			t.Error("a login form was in the page while it reloaded")
		}
	}
}

// What the server rendered is not loaded again, nothing typed is lost, and no element is replaced.
func TestTakeoverLeavesThePageAsItIs(t *testing.T) {
	t.Parallel()
	tr := newTraffic()
	release := tr.holdBack(".wasm")
	defer release()
	srv := servertest.Start(t, servertest.Options{Wrap: tr.wrap})
	tb := newBrowser(t).open(srv, "/signup")
	tb.signUp() // by the form alone: there is no client yet
	tb.publish("First post", "By the form.")
	if got := tb.client(); got != "server" {
		t.Fatalf("data-client=%s while the client is held back", got)
	}
	tb.fill("Title", "Typed early")
	const intact = `document.contains(window.field) && window.field.value === "Typed early" && document.activeElement === window.field`
	if !eval[bool](tb, `window.field = document.activeElement, `+intact) {
		t.Fatal("the field does not hold what was typed")
	}
	release()
	tb.ready()
	tb.until("the countdown", func() bool {
		return eval[string](tb, `document.getElementById("token-expiry").innerText.trim()`) != "–"
	})
	if !eval[bool](tb, intact) {
		t.Error("what was typed before the worker was ready is gone, or lost its focus")
	}
	if refreshes, queries := tr.count(); refreshes != 1 || queries != 0 {
		t.Errorf("taking over took %d refreshes and %d queries, want 1 and 0", refreshes, queries)
	}
	tb.fill("Body", "Published by the worker.")
	tb.click("button", "Publish")
	tb.see("heading", "Typed early")
}

func TestSecondTabNeedsNoRefreshAndFollowsTheLogout(t *testing.T) {
	t.Parallel()
	tr := newTraffic()
	srv := servertest.Start(t, servertest.Options{Wrap: tr.wrap})
	b := newBrowser(t)
	first := b.open(srv, "/signup")
	first.ready()
	first.signUp()
	before, _ := tr.count()
	second := b.open(srv, "/account")
	second.ready()
	second.see("heading", "Your sessions")
	if after, _ := tr.count(); after != before {
		t.Errorf("the second tab made %d refreshes of its own", after-before)
	}
	second.click("button", "Log out")
	second.see("heading", "Log in")
	first.see("heading", "Log in")
	if got := first.path(); got != "/posts" {
		t.Errorf("the first tab went to %s: the login form belongs where the page was", got)
	}
	first.logIn(personPassword)
	first.see("heading", "Your posts")
	second.see("heading", "Your sessions") // follows back in
}

func TestLastTabClosedForgetsTheToken(t *testing.T) {
	t.Parallel()
	tr := newTraffic()
	srv := servertest.Start(t, servertest.Options{AccessTTL: 3 * time.Second, Grace: time.Second, Wrap: tr.wrap})
	b := newBrowser(t)
	tb := b.open(srv, "/signup")
	tb.ready()
	tb.signUp()
	tb.close()
	time.Sleep(5 * time.Second) // the contract's five seconds: there is nothing to wait on but the time
	before, _ := tr.count()
	time.Sleep(6 * time.Second) // two lives of a token, in which nothing may happen
	if after, _ := tr.count(); after != before {
		t.Errorf("the worker refreshed %d times after its last tab had closed", after-before)
	}
	again := b.open(srv, "/posts")
	again.see("heading", "Your posts") // the cookie alone
	again.ready()
}

func TestLinksHistoryAndTitles(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	tb.signUp()
	tb.click("link", "Account")
	tb.see("heading", "Your sessions")
	if got := tb.path(); got != "/account" {
		t.Errorf("the address is %s, want /account", got)
	}
	if got := eval[string](tb, `document.title`); got != "Your sessions · Latchkey" {
		t.Errorf("the title is %q", got)
	}
	if got := eval[string](tb, `document.activeElement.id`); got != "heading" {
		t.Errorf("the focus is on %q, want the new page's heading", got)
	}
	eval[chromedp.Void](tb, `history.back()`)
	tb.see("heading", "Your posts")
	eval[chromedp.Void](tb, `history.forward()`)
	tb.see("heading", "Your sessions")
}
