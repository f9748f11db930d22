package browsertest_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/servertest"
)

// revokeFromElsewhere has another device of the person's end the session of the first.
func revokeFromElsewhere(t *testing.T, srv *servertest.Server) {
	t.Helper()
	device := newBrowser(t).open(srv, "/account")
	device.ready()
	device.logIn(personPassword)
	device.click("button", "Revoke")
	device.gone("button", "Revoke")
}

// Another device ends the session: as soon as one tab notices, all say why, and what was typed comes back with the
// person.
func TestRevokedFromAnotherDevice(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{})
	b := newBrowser(t)
	tabs := threeTabs(b, srv)
	tabs[0].fill("Title", "Typed as it ended")
	tabs[0].fill("Body", "Two\nlines.")
	revokeFromElsewhere(t, srv)

	tabs[0].click("button", "Publish")
	for _, tb := range tabs[:2] {
		tb.see("heading", "Log in")
		tb.until("why", func() bool { return strings.Contains(tb.text(), "from another of your devices") })
	}
	tabs[2].gone("button", "Log out")
	for _, tb := range tabs {
		if got := tb.sessionState(); got != "ended" {
			t.Errorf("data-session=%s at %s", got, tb.path())
		}
	}
	tabs[1].logIn(personPassword)
	tabs[1].see("heading", "Your sessions")
	tabs[0].see("heading", "Your posts")
	tabs[2].see("button", "Log out")
	if title, body := field(tabs[0], "title"), field(tabs[0], "body"); title != "Typed as it ended" || body != "Two\nlines." {
		t.Errorf("of what was typed there is %q and %q", title, body)
	}
	tabs[0].click("button", "Publish")
	tabs[0].see("heading", "Typed as it ended")
}

// Somebody else logs in: all tabs are theirs at once, and nothing that the first one typed is.
func TestLoginAsAnotherUser(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{})
	b := newBrowser(t)
	tabs := threeTabs(b, srv)
	tabs[0].publish("Ada's", "Hello.")
	ada := eval[string](tabs[0], `document.documentElement.dataset.user`)
	tabs[0].fill("Title", "Ada's draft")
	revokeFromElsewhere(t, srv)
	tabs[1].click("link", "Account") // meets the end of the session
	for _, tb := range tabs[:2] {
		tb.see("heading", "Log in")
	}
	tabs[1].click("link", "Create an account")
	tabs[1].signUpAs("Bob", "bob@example.com")
	for _, tb := range tabs {
		tb.see("button", "Log out")
		user := eval[string](tb, `document.documentElement.dataset.user`)
		if text := tb.text(); user == ada || user == "" || !strings.Contains(text, "Bob") || strings.Contains(text, "Ada") {
			t.Errorf("%s is %s's: %s", tb.path(), user, text)
		}
	}
	if got := field(tabs[0], "title"); got != "" {
		t.Errorf("the other user finds %q in the form", got)
	}
	// And back.
	tabs[2].click("button", "Log out")
	tabs[0].logIn(personPassword)
	tabs[0].see("heading", "Ada's")
	if got := field(tabs[0], "title"); got != "" {
		t.Errorf("what was given up is back: %q", got)
	}
}

// A network that comes back is used at once: the worker learns of it from the page.
func TestOnlineEndsTheWait(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	tr := newTraffic()
	srv := servertest.Start(t, servertest.Options{AccessTTL: 3 * time.Second, Grace: time.Second, Wrap: func(h http.Handler) http.Handler {
		h = tr.wrap(h)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if down.Load() && r.URL.Path == "/graphql" {
				http.Error(w, "down", http.StatusBadGateway)
				return
			}
			h.ServeHTTP(w, r)
		})
	}})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	tb.signUp()
	down.Store(true)
	var pause int // s until the next try; the page counts them down
	tb.until("a long pause between two tries", func() bool {
		text := eval[string](tb, `document.querySelector("#token-picture .caption").innerText + document.getElementById("token-next").innerText`)
		n, err := fmt.Sscanf(text, "No answer. Trying again by itself.0:%d", &pause)
		return n == 1 && err == nil && pause >= 6
	})
	before, _ := tr.count()
	down.Store(false)
	back := time.Now()
	eval[chromedp.Void](tb, `dispatchEvent(new Event("online"))`)
	tb.until("a refresh", func() bool { after, _ := tr.count(); return after > before })
	if took := time.Since(back); took > time.Duration(pause-2)*time.Second {
		t.Errorf("the refresh came %v after the network: it would have come by itself after %d s", took, pause)
	}
}
