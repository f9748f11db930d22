package browsertest_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/servertest"
	"example.com/latchkey/shared/screen"
)

// watchShifts has a page keep every layout shift since its first frame, with the elements that moved, and from where to
// where.
const watchShifts = `
	window.shifts = [];
	const place = (r) => [r.x, r.y, r.width, r.height].map(Math.round).join(" ");
	const move = (s) => (s.node?.id || s.node?.className || s.node?.nodeName) + " from " + place(s.previousRect) + " to " + place(s.currentRect);
	window.shiftObserver = new PerformanceObserver((list) => shiftsIn(list.getEntries()));
	window.shiftsIn = (entries) => {
		for (const e of entries) shifts.push(e.value + " at " + Math.round(e.startTime) + " ms by " + e.sources.map(move).join(", "));
	};
	shiftObserver.observe({type: "layout-shift", buffered: true});`

// shifts returns the layout shifts up to the frame after the next.
func (tb *tab) shifts() []string {
	tb.t.Helper()
	return eval[[]string](tb, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
		shiftsIn(shiftObserver.takeRecords());
		done(shifts);
	})))`)
}

// From the server's page to the one that the client drives, with a token's times and the storage check in it, nothing
// moves: a cumulative layout shift of exactly 0.
func TestNothingMovesWhenTheClientTakesOver(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{})
	b := newBrowser(t)
	tb := b.open(srv, "/signup", onNewDocument(watchShifts))
	for _, width := range []int64{1280, 360} {
		tb.do(chromedp.EmulateViewport(width, 900))
		for _, path := range screen.Paths() {
			tb.navigate(path)
			tb.ready()
			if found := tb.shifts(); len(found) > 0 {
				t.Errorf("%s, %d px wide: %q", path, width, found)
			}
		}
	}
	tb.navigate("/signup")
	tb.ready()
	tb.signUp()
	tb.publish("A post", "What it says.")
	for _, width := range []int64{1280, 360} {
		tb.do(chromedp.EmulateViewport(width, 900))
		for _, path := range screen.Paths() {
			tb.navigate(path) // the forms to log in by lead on to the posts
			tb.ready()
			for _, id := range []string{"token-expiry", "token-refreshes", "token-check"} {
				tb.until(id+" is filled in", func() bool {
					return eval[bool](tb, fmt.Sprintf(`!["", "–"].includes(document.getElementById(%q).innerText.trim())`, id))
				})
			}
			if found := tb.shifts(); len(found) > 0 {
				t.Errorf("%s of a session, %d px wide: %q", path, width, found)
			}
		}
	}
	// The control: a shift is seen where there is one.
	eval[chromedp.Void](tb, `document.querySelector("header").style.marginTop = "100px"`)
	tb.until("the control's shift", func() bool { return len(tb.shifts()) > 0 })
}

// outOfReach lists what a person could not use: links, buttons and fields that, once scrolled to, are not what is at
// their own middle, and text that its box cuts off.
const outOfReach = `(() => {
	const wrong = [];
	const name = (e) => e.nodeName.toLowerCase() + " " + (e.innerText || e.id || e.className);
	for (const e of document.querySelectorAll("a[href]:not(.skip), button, input:not([type=hidden], [hidden]), textarea, summary")) {
		if (!e.checkVisibility({visibilityProperty: true})) continue;
		e.scrollIntoView({block: "center", behavior: "instant"});
		const box = (e.getClientRects()[0]);
		const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
		if (!there || !(e.contains(there) || there.contains(e) && there.closest("label, a, button"))) wrong.push(name(e) + " is behind " + (there ? name(there) : "the window's edge"));
	}
	for (const e of document.querySelectorAll("#app *:not(.sr, .who, .who *, textarea)")) {
		if (e.clientWidth && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible") wrong.push(name(e) + " is cut off");
	}
	scrollTo(0, 0);
	return wrong;
})()`

// magnified are windows in which a page is read enlarged. To the layout a zoom of 200 % is a window of half the width
// with pixels of twice the size; text of twice the size in an unchanged window is a setting of its own (WCAG 1.4.4).
var magnified = []struct {
	name   string
	flags  []string
	width  int64
	height int64
	scale  float64
}{
	{"1280 px at 200 %", nil, 640, 450, 2},
	{"640 px at 200 %", nil, 320, 450, 2},
	{"1280 px at 400 %", nil, 320, 225, 4},
	{"text of twice the size", largeText, 1280, 900, 1},
	{"text of twice the size at half the width", largeText, 640, 900, 1},
}

var largeText = []string{"blink-settings=defaultFontSize=32"}

func TestPagesAreUsableMagnified(t *testing.T) {
	t.Parallel()
	v := newVisit(t, nil, nil)
	for _, row := range magnified {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			tb := newBrowser(t, row.flags...).open(v.srv, "/signup")
			tb.do(chromedp.EmulateViewport(row.width, row.height, chromedp.EmulateScale(row.scale)))
			tb.ready()
			usable := func(page string) {
				t.Helper()
				if over := eval[int](tb, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
					t.Errorf("%s is %d px wider than its window", page, over)
				}
				for _, what := range eval[[]string](tb, outOfReach) {
					t.Errorf("%s: %s", page, what)
				}
			}
			usable("sign up")
			tb.navigate("/posts")
			tb.ready()
			tb.logIn("wrong")
			tb.see("alert", "")
			usable("log in")
			tb.logIn(personPassword)
			tb.see("heading", "Your posts")
			for _, path := range screen.Paths() {
				tb.navigate(path)
				tb.ready()
				usable(path)
			}
		})
	}
}
