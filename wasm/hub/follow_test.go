package hub_test

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/wasm/hub"
)

// expect fails the test unless v is what it should be.
func expect(w *world, who string, v hub.View, call int, path, title, session, user string) {
	w.Helper()
	want := hub.View{Call: call, Path: path, Title: title + " · Latchkey", Session: session, User: user}
	got := hub.View{Call: v.Call, Path: v.Path, Title: v.Title, Session: v.Session, User: v.User}
	if got != want {
		w.Errorf("%s: %+v, want %+v", who, got, want)
	}
}

func TestLoginShowsInEveryTab(t *testing.T) {
	bubble(t, func(w *world) {
		asking, atPosts := w.open("/login", "none", ""), w.open("/posts", "none", "")
		home, signup := w.open("/", "none", ""), w.open("/signup", "none", "")
		for _, tb := range []*tab{asking, atPosts, home, signup} {
			tb.take()
		}
		asking.login(7, "/login", ann)
		expect(w, "the page that asked", asking.view(), 7, "/posts", "Your posts", "active", "ann")
		expect(w, "the login form at /posts", atPosts.view(), 0, "/posts", "Your posts", "active", "ann")
		expect(w, "the start page", home.view(), 0, "/", "Sessions that stay, tokens that don’t", "active", "ann")
		expect(w, "the sign-up page, which leads on", signup.view(), 0, "/posts", "Your posts", "active", "ann")
		time.Sleep(2 * time.Second)
		for _, tb := range []*tab{asking, atPosts, home, signup} {
			tb.nothing("a second view for one login")
		}
		if n := w.refreshes(); n != 0 {
			w.Errorf("%d refreshes, want none: the login brought the token", n)
		}
	})
}

func TestLogoutShowsInEveryTab(t *testing.T) {
	for _, name := range []string{screen.Logout, screen.LogoutEverywhere} {
		bubble(t, func(w *world) {
			asking := w.enter("/account")
			atPosts, home := w.open("/posts?after=ann-post1", "active", "ann"), w.open("/", "active", "ann")
			out := w.open("/", "active", "ann")
			out.page.Gone()
			for _, tb := range []*tab{asking, atPosts, home, out} {
				tb.take()
			}
			asking.do(3, "/account", name)
			synctest.Wait()
			expect(w, name+": the page that asked", asking.view(), 3, "/account", "Log in", "none", "")
			expect(w, name+": the posts", atPosts.view(), 0, "/posts?after=ann-post1", "Log in", "none", "")
			expect(w, name+": the start page", home.view(), 0, "/", "Sessions that stay, tokens that don’t", "none", "")
			time.Sleep(time.Hour)
			for _, tb := range []*tab{asking, atPosts, home, out} {
				if got := tb.take(); len(got) != 0 {
					w.Errorf("%s: then also %+v", name, got)
				}
			}
			if n := w.refreshes(); n != 1 {
				w.Errorf("%s: %d refreshes, want the first alone", name, n)
			}
		})
	}
}

// A session that has ended is noticed by the first request that meets it, or by the timer; every tab says why.
func TestEndShowsInEveryTab(t *testing.T) {
	for _, row := range []struct {
		name string
		meet func(w *world, asking *tab)
		call int
	}{
		{"by a page", func(_ *world, asking *tab) { asking.page.Go(4, "/posts") }, 4},
		{"by an intent", func(_ *world, asking *tab) { asking.do(4, "/posts", screen.Publish, "title", "t", "body", "b") }, 4},
		{"by the timer", func(*world, *tab) { time.Sleep(5 * time.Minute) }, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				asking := w.enter("/posts")
				other := w.open("/account", "active", "ann")
				other.take()
				w.api.End("PASSWORD_CHANGED")
				row.meet(w, asking)
				synctest.Wait()
				expect(w, "the first page", asking.view(), row.call, "/posts", "Log in", "ended", "")
				v := other.view()
				expect(w, "the other page", v, 0, "/account", "Log in", "ended", "")
				if got := element(v.HTML, "notice"); !contains(got, "because your password was changed") {
					w.Errorf("notice %q", got)
				}
				time.Sleep(time.Hour)
				asking.nothing("a second view for one end")
				other.nothing("a second view for one end")
				// Logging in again in the one tab brings both back to where they were.
				other.login(5, "/account", ann)
				expect(w, "the page that logged in", other.view(), 5, "/account", "Your sessions", "active", "ann")
				expect(w, "the page that follows", asking.view(), 0, "/posts", "Your posts", "active", "ann")
			})
		})
	}
}

func TestAnotherUserShowsInEveryTab(t *testing.T) {
	bubble(t, func(w *world) {
		w.api.Fill(bob, 1)
		first := w.enter("/posts")
		second := w.open("/account", "active", "ann")
		second.take()
		first.login(1, "/posts", bob)
		expect(w, "the page that asked", first.view(), 1, "/posts", "Your posts", "active", "bob")
		expect(w, "the other", second.view(), 0, "/account", "Your sessions", "active", "bob")
		time.Sleep(time.Minute)
		first.nothing("again")
		second.nothing("again")
		if w.session.State().Phase != session.Active {
			w.Error("not active")
		}
	})
}

// The same user, refreshed or logged in anew: there is nothing to show anew, and what is typed stays.
func TestNothingChangesForTheSameUser(t *testing.T) {
	bubble(t, func(w *world) {
		first := w.enter("/posts")
		second := w.open("/account", "active", "ann")
		second.take()
		time.Sleep(time.Hour) // a dozen refreshes
		synctest.Wait()
		if n := w.refreshes(); n < 12 {
			w.Errorf("%d refreshes in an hour", n)
		}
		first.nothing("after a refresh")
		second.nothing("after a refresh")
		first.login(1, "/posts", ann)
		first.view()
		second.nothing("after a login of the same user")
	})
}

// A page follows at the path where it is by then, not at that of its hello.
func TestPageFollowsWhereItIs(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.enter("/posts")
		tb.page.Go(1, "/account")
		synctest.Wait()
		tb.view()
		w.open("/", "active", "ann").do(1, "/", screen.Logout)
		synctest.Wait()
		expect(w, "the page that went on", tb.view(), 0, "/account", "Log in", "none", "")
	})
}
