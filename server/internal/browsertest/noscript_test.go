package browsertest_test

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/servertest"
)

func scriptsOff() chromedp.Action[chromedp.Void] {
	return command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

func TestEverythingWorksWithScriptsOff(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{})
	tb := newBrowser(t).open(srv, "/signup", scriptsOff())
	other := newBrowser(t).open(srv, "/posts", scriptsOff()) // another device
	tb.signUp()
	if got := tb.client(); got != "server" {
		t.Fatalf("data-client=%s: scripts are not off", got)
	}
	tb.publish("First post", "Hello.")
	tb.publish("Second post", "Hello again.")
	tb.click("button", "Delete")
	tb.gone("heading", "Second post")
	tb.see("heading", "First post")

	other.logIn("not the password")
	other.see("alert", "")
	other.logIn(personPassword)
	other.see("heading", "First post")

	tb.click("link", "Account")
	tb.see("heading", "Your sessions")
	tb.click("button", "Revoke")
	tb.gone("button", "Revoke")
	other.reload()
	other.see("heading", "Log in")
	if got := other.sessionState(); got != "ended" {
		t.Errorf("data-session=%s on the revoked device, want ended", got)
	}

	tb.fill("Current password", personPassword)
	tb.fill("New password", "another long password")
	tb.click("button", "Change password")
	tb.until("the notice", func() bool { return tb.has("status", "") })
	tb.click("button", "Log out everywhere")
	tb.see("heading", "Log in")
	tb.logIn(personPassword)
	tb.see("alert", "")
	tb.logIn("another long password")
	tb.see("heading", "Your sessions")
	tb.click("button", "Log out")
	tb.see("heading", "Log in")
}

// What was typed as the session ended is in the login form, and back in its own when its author is.
func TestPostIsKeptWithScriptsOff(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{})
	tb := newBrowser(t).open(srv, "/signup", scriptsOff())
	tb.signUp()
	tb.fill("Title", "Typed as it ended")
	tb.fill("Body", "Two\nlines.")
	revokeFromElsewhere(t, srv)

	tb.click("button", "Publish")
	tb.see("heading", "Log in")
	tb.logIn(personPassword)
	tb.see("alert", "")
	if title, body := field(tb, "title"), field(tb, "body"); title != "Typed as it ended" || body != "Two\nlines." {
		t.Errorf("of what was typed there is %q and %q", title, body)
	}
	tb.click("button", "Publish")
	tb.see("heading", "Typed as it ended")
}
