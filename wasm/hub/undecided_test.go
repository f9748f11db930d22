package hub_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/wasm/hub"
)

// undecided connects a page whose session the server could not tell, and returns what it was told: by its knock nothing.
func (w *world) undecided(path string, kept screen.Kept) *tab {
	w.Helper()
	tb := w.connect()
	m := hub.Hello{Path: path, Session: "none", Undecided: true, Kept: kept}
	tb.page.Knock(m)
	synctest.Wait()
	if got := tb.take(); len(got) != 0 {
		w.Errorf("the knock was answered by %+v", got)
	}
	tb.page.Hello(m)
	synctest.Wait()
	return tb
}

// An undecided page is shown anew by the client's own word: that of its first refresh, or of one more where the client
// knew of no session. A page is ready only then.
func TestUndecidedPage(t *testing.T) {
	for _, row := range []struct {
		name      string
		before    func(w *world)
		title     string
		session   string
		refreshes int // until the page is shown
		says      string
	}{
		{"a new client, a live session", func(w *world) { w.api.Enter(ann) }, "Your posts", "active", 1, ""},
		{"a new client, a reused token", func(w *world) { w.api.Enter(ann); w.api.End("TOKEN_REUSED") }, "Log in", "ended", 1, "an old key to your session was used again"},
		{"a new client, no cookie", func(*world) {}, "Log in", "none", 1, ""},
		{"a client without a session, a live one", func(w *world) { w.open("/", "active", "ann"); w.api.Enter(ann) }, "Your posts", "active", 1, ""},
		{"a client whose session ended, a live one", func(w *world) {
			tb := w.enter("/posts")
			tb.do(1, "/posts", screen.Logout)
			synctest.Wait()
			w.api.Enter(bob)
		}, "Your posts", "active", 1, ""},
		{"a client without a session, none", func(w *world) { w.open("/", "active", "ann") }, "Log in", "none", 1, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				row.before(w)
				before := w.refreshes()
				tb := w.undecided("/posts", screen.Kept{})
				told := tb.take()
				views := of[hub.View](told)
				if len(views) != 1 || len(told) < 2 || told[0] != hub.Message(views[0]) || !ready(told) {
					t.Fatalf("told %+v", told)
				}
				v := views[0]
				if v.Title != row.title+" · Latchkey" || v.Session != row.session || v.Path != "/posts" || v.Call != 0 || !strings.Contains(v.HTML, row.says) {
					t.Errorf("it shows %s: %s", outline(views), v.HTML)
				}
				if n := w.refreshes() - before; n != row.refreshes {
					t.Errorf("%d refreshes, want %d", n, row.refreshes)
				}
			})
		})
	}
}

// A client with a session shows it at once, and asks once more, for however many pages: who finds the token reused then
// logs every page out.
func TestUndecidedPagesOfALiveClient(t *testing.T) {
	bubble(t, func(w *world) {
		first := w.enter("/posts")
		before := w.refreshes()
		release := w.api.Hold("refreshToken")
		tabs := []*tab{first}
		for range 12 {
			tb := w.undecided("/posts", screen.Kept{})
			if v := tb.view(); v.User != "ann" {
				t.Fatalf("before the refresh is answered it shows %s", outline([]hub.View{v}))
			}
			tabs = append(tabs, tb)
		}
		release()
		synctest.Wait()
		if n := w.refreshes() - before; n != 1 {
			t.Errorf("%d refreshes for twelve pages at once", n)
		}
		for _, tb := range tabs {
			tb.nothing("the session is the same")
		}
		w.api.End("TOKEN_REUSED")
		w.undecided("/posts", screen.Kept{}).take()
		time.Sleep(10 * time.Second)
		for _, tb := range tabs {
			if v := tb.view(); v.Session != "ended" {
				t.Errorf("it shows %s", outline([]hub.View{v}))
			}
		}
	})
}

// While the server does not answer, an undecided page stays as it is, and is shown anew once it does.
func TestUndecidedPageWithoutAnAnswer(t *testing.T) {
	bubble(t, func(w *world) {
		w.api.Enter(ann)
		w.api.Down(true)
		tb := w.undecided("/posts", screen.Kept{})
		time.Sleep(time.Minute)
		synctest.Wait()
		told := tb.take()
		if views := of[hub.View](told); len(views) != 0 || !ready(told) {
			t.Fatalf("told %+v", told)
		}
		w.api.Down(false)
		time.Sleep(time.Minute)
		if v := tb.view(); v.User != "ann" {
			t.Errorf("it shows %s", outline([]hub.View{v}))
		}
	})
}

// A post that an undecided page holds comes with the first view: to its author in the form, to an author who has to log
// in by way of the login form, and to no other user.
func TestUndecidedPageGivesAPostBack(t *testing.T) {
	kept := screen.Kept{User: "ann", Title: "Typed", Body: "Two\nlines."}
	gives := func(v hub.View) bool {
		return strings.Contains(v.HTML, `value="Typed"`) && strings.Contains(v.HTML, "not published yet")
	}
	bubble(t, func(w *world) {
		w.api.Enter(ann)
		tb := w.undecided("/posts", kept)
		if v := tb.view(); v.Path != "/posts" || !gives(v) {
			t.Errorf("a new client: %s", v.HTML)
		}
		if v := w.undecided("/posts", kept).view(); !gives(v) {
			t.Errorf("a client with a session: %s", v.HTML)
		}
		if n := len(w.api.Calls("createPost")); n != 0 {
			t.Errorf("%d posts were published", n)
		}
		tb.page.Go(1, "/posts")
		synctest.Wait()
		if v := tb.view(); gives(v) {
			t.Error("it comes again with the next page")
		}
	})
	bubble(t, func(w *world) {
		w.api.Enter(bob)
		if v := w.undecided("/posts", kept).view(); v.User != "bob" || strings.Contains(v.HTML, "Typed") {
			t.Errorf("another user: %s", v.HTML)
		}
	})
	bubble(t, func(w *world) {
		tb := w.undecided("/posts", kept)
		if v := tb.view(); !strings.Contains(v.HTML, `name="kept-title" value="Typed"`) {
			t.Errorf("no session: %s", v.HTML)
		}
		tb.do(1, "/posts", screen.Login, "email", ann, "password", screentest.Password,
			"kept-user", kept.User, "kept-title", kept.Title, "kept-body", kept.Body)
		synctest.Wait()
		if v := tb.view(); !strings.Contains(v.HTML, `value="Typed"`) || w.session.State().Phase != session.Active {
			t.Errorf("after the login: %s", v.HTML)
		}
	})
}

// An undecided page does not say that there is no session. Other workers are told only what the client found.
func TestAnUndecidedPageTellsNothing(t *testing.T) {
	street(t, 2, func(list []*neighbour) {
		list[1].enter("/posts")
		list[1].tells()
		w := list[0]
		before := w.refreshes()
		w.undecided("/posts", screen.Kept{}).take()
		time.Sleep(time.Minute)
		if said := w.tells(); len(said) != 0 || w.refreshes() != before+1 {
			t.Errorf("it said %q, after %d refreshes", said, w.refreshes()-before)
		}
	})
}
