package browsertest_test

import (
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/servertest"
)

// watchNotice notes what comes into the region of the notice that stands there now, and whether it was ever taken out
// of the document.
const watchNotice = `(() => {
	const region = document.getElementById("notice");
	window.spoken = [];
	window.lost = false;
	new MutationObserver(() => { if (region.innerText.trim()) window.spoken.push(region.innerText.trim()); }).observe(region, {childList: true, subtree: true, characterData: true});
	new MutationObserver((all) => {
		for (const m of all) for (const n of m.removedNodes) if (n.contains(region)) window.lost = true;
	}).observe(document, {childList: true, subtree: true});
})()`

// A screen reader speaks what comes into a region that it knows: the region of the notice outlives every page that the
// client puts in place, and a notice that comes again is spoken again.
func TestNoticeComesIntoARegionThatStays(t *testing.T) {
	srv := servertest.Start(t, servertest.Options{})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	before := tb.regionOfNotice()
	eval[chromedp.Void](tb, watchNotice)
	tb.signUp()
	const ended = "That session has ended."
	for range 2 {
		other := newBrowser(t).open(srv, "/login")
		other.ready()
		other.logIn(personPassword)
		other.see("heading", "Your posts")
		tb.click("link", "Posts")
		tb.see("heading", "Your posts")
		tb.click("link", "Account")
		tb.see("heading", "Your sessions")
		tb.click("button", "Revoke")
		tb.until("the notice", func() bool { return eval[string](tb, `document.getElementById("notice").innerText.trim()`) == ended })
	}
	tb.reads(true, ended, "h1 Your sessions", "form Change password", "h2 Change password",
		"region Recent activity", "h2 Recent activity")
	if got := eval[[]string](tb, `spoken`); len(got) != 2 || got[0] != ended || got[1] != ended {
		t.Errorf("into the region came %q, want %q, twice", got, ended)
	}
	if after := tb.regionOfNotice(); after != before || eval[bool](tb, `lost`) {
		t.Errorf("the region is another one: %v, was %v", after, before)
	}
	revokeFromElsewhere(t, srv)
	tb.click("link", "Posts")
	tb.see("heading", "Log in")
	tb.reads(false, "You were logged out from another of your devices, or by those who run this site.", "h1 Log in", "form Log in")
	if after := tb.regionOfNotice(); after != before || eval[bool](tb, `lost`) {
		t.Errorf("after the end of the session the region is another one: %v, was %v", after, before)
	}
}

// region is what the accessibility tree and the document call an element.
type region struct {
	node accessibility.NodeID
	dom  any
}

// regionOfNotice returns the first region of the page that speaks up by itself, which is that of the notice.
func (tb *tab) regionOfNotice() (r region) {
	tb.t.Helper()
	tb.until("a region of role status", func() bool {
		res, err := chromedp.Call(tb.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		if err != nil {
			tb.t.Fatal(err)
		}
		for _, n := range res.Nodes {
			if !n.Ignored && axText(n.Role) == "status" {
				r = region{n.NodeID, n.BackendDOMNodeID}
				return true
			}
		}
		return false
	})
	return r
}
