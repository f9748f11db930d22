package browsertest_test

import (
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"

	"example.com/latchkey/server/internal/servertest"
)

// A tab behind another is left alone, until it comes to be seen again or its session ends.
func TestTabBehindAnother(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{})
	b := newBrowser(t)
	behind := b.open(srv, "/signup", onNewDocument(hears))
	behind.ready()
	behind.signUp()
	front := b.blank(srv, inTheWindow)
	front.do(onNewDocument(hears))
	front.navigate("/account")
	front.ready()
	behind.until("the tab to be hidden", func() bool { return eval[bool](behind, `document.hidden`) })
	told := func(tb *tab) int { return eval[int](tb, `heard.length`) }
	hear := func(tb *tab, more int) {
		before := told(tb)
		tb.until("what the worker tells", func() bool { return told(tb) >= before+more })
	}
	hear(front, 2) // and by then the worker knows that the other is hidden
	before := told(behind)
	hear(front, 8) // two of a second, at most three and a picture
	if after := told(behind); after != before {
		t.Errorf("the tab that nobody sees was told %d things", after-before)
	}
	behind.do(command(page.BringToFront, cdp.Empty{}))
	hear(behind, 2)
	front.until("the tab to be hidden", func() bool { return eval[bool](front, `document.hidden`) })
	behind.click("button", "Log out")
	behind.see("heading", "Log in")
	front.until("the login form", func() bool {
		return front.text() != "" && front.sessionState() == "none" && eval[bool](front, `!!document.getElementById("password")`)
	})
}
