package hub_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/session"
	"example.com/latchkey/wasm/hub"
)

func TestHelloOfAFirstPage(t *testing.T) {
	for _, row := range []struct {
		name          string
		cookie        string
		session, user string // what the page shows
		refreshes     int
		phase         session.Phase
		view          string // what it is made to show instead; "" where it is left as it is
	}{
		{"active", ann, "active", "ann", 1, session.Active, ""},
		{"none", "", "none", "", 0, session.Unknown, ""},
		{"ended", "", "ended", "", 0, session.Unknown, ""},
		{"active, and gone since", "", "active", "ann", 2, session.None, "Log in"},
		{"active, and another since", bob, "active", "ann", 2, session.Active, "Your posts"},
		{"active, without saying whose", ann, "active", "", 2, session.Active, "Your posts"},
		{"a session that does not exist", ann, "whatever", "ann", 0, session.Unknown, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				if row.cookie != "" {
					w.api.Enter(row.cookie)
				}
				tb := w.open("/posts", row.session, row.user)
				if n := w.refreshes(); n != row.refreshes {
					w.Errorf("%d refreshes, want %d", n, row.refreshes)
				}
				if got := w.session.State().Phase; got != row.phase {
					w.Errorf("the client is %v, want %v", got, row.phase)
				}
				told := tb.take()
				views := of[hub.View](told)
				if len(told) <= len(views) || told[len(views)] != (hub.Ready{}) || len(of[hub.Ready](told)) != 1 {
					w.Errorf("not ready once, after what it was made to show and before what is patched: %+v", told)
				}
				switch {
				case row.view == "" && (len(views) > 0 || w.loads() > 0):
					w.Errorf("what it showed was loaded again: %s, %d loads", outline(views), w.loads())
				case row.view != "" && (len(views) != 1 || views[0].Title != row.view+" · Latchkey" || views[0].Call != 0):
					w.Errorf("views %s, want %q", outline(views), row.view)
				}
				if want := map[bool]int{true: 5}[row.phase == session.Active && row.view == ""]; len(of[hub.Patch](told)) != want {
					w.Errorf("%d patches, want %d: %+v", len(of[hub.Patch](told)), want, told)
				}
			})
		})
	}
}

func TestSecondTabOfTheSameUserAsksNothing(t *testing.T) {
	bubble(t, func(w *world) {
		w.enter("/posts")
		before := len(w.api.Calls())
		for _, path := range []string{"/account", "/posts", "/"} {
			if got := w.open(path, "active", "ann").take(); !ready(got) || len(of[hub.View](got)) != 0 || len(patched(got)) != 5 {
				w.Errorf("%s was told %+v", path, got)
			}
		}
		if after := len(w.api.Calls()); after != before {
			w.Errorf("%d requests, want none: %+v", after-before, w.api.Calls()[before:])
		}
	})
}

// What a page shows and what the client knows differ: the server decides, with the cookie, and all pages follow.
func TestHelloThatDisagrees(t *testing.T) {
	for _, row := range []struct {
		name          string
		cookie        func(w *world) // what became of it meanwhile
		session, user string         // what the new page shows
		want          string         // the user in all tabs afterwards
		firstChanges  bool
		secondChanges bool
	}{
		{"none, truly", func(w *world) { w.api.DropCookie() }, "none", "", "", true, false},
		{"none, ended", func(w *world) { w.api.End("REVOKED") }, "none", "", "", true, false},
		{"none, an old page", func(*world) {}, "none", "", "ann", false, true},
		{"another, truly", func(w *world) { w.api.Enter(bob) }, "active", "bob", "bob", true, false},
		{"another, an old page", func(*world) {}, "active", "bob", "ann", false, true},
		{"another, and gone since", func(w *world) { w.api.DropCookie() }, "active", "bob", "", true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				first := w.enter("/posts")
				row.cookie(w)
				before := w.refreshes()
				second := w.open("/account", row.session, row.user)
				if n := w.refreshes() - before; n != 1 {
					w.Errorf("%d refreshes, want one", n)
				}
				if st := w.session.State(); st.User.ID != row.want {
					w.Errorf("the client is %v %q, want %q", st.Phase, st.User.ID, row.want)
				}
				for _, page := range []struct {
					name, path string
					tab        *tab
					changes    bool
				}{{"first", "/posts", first, row.firstChanges}, {"second", "/account", second, row.secondChanges}} {
					told := page.tab.take()
					if page.tab == second && !ready(told) {
						w.Errorf("the new page is not ready: %+v", told)
					}
					views := of[hub.View](told)
					if !page.changes {
						if len(views) != 0 {
							w.Errorf("the %s page: %s, want none", page.name, outline(views))
						}
						continue
					}
					if len(views) != 1 || views[0].User != row.want || views[0].Path != page.path || views[0].Call != 0 {
						w.Errorf("the %s page: %s, want one of %q at %s", page.name, outline(views), row.want, page.path)
					}
				}
			})
		})
	}
}

// A refresh that was sent with the cookie of before says nothing of a page that came with another: the server is asked
// again, and what the first answer brought is not what stays.
func TestHelloDuringARefresh(t *testing.T) {
	for _, row := range []struct {
		name          string
		cookie        func(w *world) // what became of it after the refresh was sent
		session, user string         // what the new page shows
		want          session.Phase
		refreshes     int
	}{
		{"of another", func(w *world) { w.api.Enter(bob) }, "active", "bob", session.Active, 2},
		{"of nobody", func(w *world) { w.api.DropCookie() }, "none", "", session.Ended, 2},
		{"of the same", func(*world) {}, "active", "ann", session.Active, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				first := w.enter("/posts")
				before := w.refreshes()
				release := w.api.Hold("refreshToken")
				for w.refreshes() == before { // until the timer's is on its way
					time.Sleep(time.Second)
				}
				first.take()
				row.cookie(w)
				second := w.open("/account", row.session, row.user)
				release()
				synctest.Wait()
				if st := w.session.State(); st.Phase != row.want || st.User.ID != row.user {
					w.Errorf("the client is %v %q", st.Phase, st.User.ID)
				}
				if n := w.refreshes() - before; n != row.refreshes {
					w.Errorf("%d refreshes, want %d", n, row.refreshes)
				}
				second.nothing("it shows what is so")
				if views := first.views(); row.user == "ann" && len(views) != 0 || row.user != "ann" && (len(views) != 1 || views[0].User != row.user) {
					w.Errorf("the first page: %s", outline(views))
				}
			})
		})
	}
}

// The same from the other side: a client that knows of no session, and a page that arrives with one.
func TestHelloOfASessionThatTheClientDoesNotKnow(t *testing.T) {
	bubble(t, func(w *world) {
		first := w.open("/login", "none", "")
		first.do(1, "/login", "logout") // the client has spoken to the server: there is none
		second := w.open("/posts", "ended", "")
		if n := w.refreshes(); n != 0 {
			w.Errorf("%d refreshes of pages without a session", n)
		}
		first.take()
		second.take()
		w.api.Enter(bob)
		third := w.open("/account", "active", "bob")
		if got := third.take(); len(of[hub.View](got)) != 0 || !ready(got) {
			w.Errorf("the new page was told %+v", got)
		}
		if n := w.refreshes(); n != 1 {
			w.Errorf("%d refreshes, want one", n)
		}
		if v := second.view(); v.User != "bob" || v.Path != "/posts" || v.Title != "Your posts · Latchkey" {
			w.Errorf("the page with the login form in its place: %s", outline([]hub.View{v}))
		}
		if v := first.view(); v.User != "bob" || v.Path != "/posts" {
			w.Errorf("the login page, which leads on: %s", outline([]hub.View{v}))
		}
	})
}

func TestSecondHelloIsIgnored(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.enter("/posts")
		before := len(w.api.Calls())
		for _, m := range []hub.Hello{{Path: "/account", Session: "none"}, {Path: "//evil.example", Session: "active", User: "bob"}} {
			tb.page.Hello(m)
			synctest.Wait()
		}
		if got := tb.take(); len(got) != 0 || len(w.api.Calls()) != before {
			w.Errorf("told %+v, asked %+v", got, w.api.Calls()[before:])
		}
		w.api.End("IDLE")
		other := w.open("/", "none", "")
		if v := tb.view(); v.Path != "/posts" {
			w.Errorf("the page stands at %s, the path of its first hello was /posts", v.Path)
		}
		other.nothing("it shows no session already")
	})
}

// Before its hello a page counts for nothing, not even as being there: nothing would tell when it is gone.
func TestBeforeTheHello(t *testing.T) {
	bubble(t, func(w *world) {
		w.api.Enter(ann)
		mute := w.connect()
		mute.page.Go(1, "/posts")
		mute.do(2, "/posts", "logout")
		mute.page.Checked(nil)
		time.Sleep(time.Minute)
		if got := mute.take(); len(got) != 0 || len(w.api.Calls()) != 0 {
			w.Errorf("told %+v, asked %+v", got, w.api.Calls())
		}
		tb := w.open("/posts", "active", "ann")
		tb.page.Gone()
		time.Sleep(hub.Linger)
		synctest.Wait()
		if got := w.session.State().Phase; got != session.Unknown {
			w.Errorf("the client is %v: a page that never said hello keeps it", got)
		}
		mute.page.Hello(hub.Hello{Path: "/posts", Session: "active", User: "ann"})
		synctest.Wait()
		if got := mute.take(); !ready(got) || len(of[hub.View](got)) != 0 {
			w.Errorf("after its hello it was told %+v", got)
		}
	})
}

func TestGoneBeforeItsHello(t *testing.T) {
	bubble(t, func(w *world) {
		w.api.Enter(ann)
		tb := w.connect()
		tb.page.Gone()
		tb.page.Hello(hub.Hello{Path: "/posts", Session: "active", User: "ann"})
		tb.page.Go(1, "/posts")
		time.Sleep(time.Hour)
		if got := tb.take(); len(got) != 0 || len(w.api.Calls()) != 0 {
			w.Errorf("told %+v, asked %+v", got, w.api.Calls())
		}
		w.enter("/posts").page.Gone()
		time.Sleep(hub.Linger)
		synctest.Wait()
		if got := w.session.State().Phase; got != session.Unknown {
			w.Errorf("the client is %v: a page that was never there keeps it", got)
		}
	})
}

// The path that a page claims is a stranger's input.
func TestHelloWithAHostilePath(t *testing.T) {
	bubble(t, func(w *world) {
		for _, path := range []string{"//evil.example", "javascript:alert(1)", "/posts?after=<script>alert(1)</script>", "/\\evil.example", "\x00", ""} {
			w.api.Enter(ann)
			tb := w.open(path, "none", "") // the client makes it follow
			if w.session.State().Phase != session.Active {
				w.open("/", "active", "ann")
			}
			for _, v := range tb.views() {
				if !strings.HasPrefix(v.Path, "/") || strings.HasPrefix(v.Path, "//") || strings.Contains(v.Path, `\`) || strings.Contains(v.HTML, "<script") {
					w.Errorf("%q stands at %q: %s", path, v.Path, v.HTML)
				}
			}
		}
	})
}
