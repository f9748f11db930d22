package hub_test

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/wasm/hub"
)

// A page that arrives while the client cannot reach the server stays as it is: what it shows and what is typed there
// are not lost. It is ready all the same, and follows what the server says once it says something.
func TestNetworkDownAtHello(t *testing.T) {
	for _, row := range []struct {
		name   string
		before func(w *world) // the network goes down
		after  func(w *world) // and meanwhile this happens
		want   *hub.View
	}{
		{"nothing known", func(w *world) { w.api.Enter(ann) }, func(*world) {}, nil},
		{"ended meanwhile", func(w *world) { w.api.Enter(ann) }, func(w *world) { w.api.End("IDLE") },
			&hub.View{Path: "/posts", Title: "Log in · Latchkey", Session: "ended"}},
		{"another known", func(w *world) { w.api.Enter(bob); w.open("/", "active", "bob"); w.api.Enter(ann) }, func(*world) {}, nil},
		{"none known", func(w *world) { w.open("/", "active", "x"); w.api.Enter(ann) }, func(*world) {}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				row.before(w)
				w.api.Down(true)
				tb := w.open("/posts", "active", "ann")
				time.Sleep(25 * time.Second)
				synctest.Wait()
				if got := tb.take(); !ready(got) || len(of[hub.View](got)) != 0 {
					w.Fatalf("told %+v", got)
				}
				time.Sleep(time.Minute)
				tb.nothing("still down")
				row.after(w)
				w.api.Down(false)
				time.Sleep(time.Minute) // the session's own next try
				synctest.Wait()
				views := tb.views()
				switch {
				case row.want == nil && (len(views) != 0 || w.session.State().User.ID != "ann"):
					w.Errorf("%s, the client is %+v", outline(views), w.session.State())
				case row.want != nil:
					if len(views) != 1 {
						w.Fatalf("%s", outline(views))
					}
					expect(w, "the page", views[0], 0, row.want.Path, "Log in", row.want.Session, "")
				}
			})
		})
	}
}

func TestNetworkDownAtAnIntent(t *testing.T) {
	for _, row := range []struct {
		name   string
		known  bool // the client had its token before
		silent bool // no answer comes, instead of an error
	}{
		{"at once", true, false}, {"in silence", true, true}, {"before the first refresh", false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				w.api.Enter(ann)
				down := func(is bool) { w.api.Down(is) }
				if row.silent {
					var release func()
					down = func(is bool) {
						if release != nil {
							release()
						}
						if is {
							release = w.api.Hold("createPost")
						}
					}
				}
				if !row.known {
					down(true)
				}
				tb := w.open("/posts", "active", "ann")
				time.Sleep(20 * time.Second)
				synctest.Wait()
				if got := tb.take(); !ready(got) {
					w.Fatalf("told %+v", got)
				}
				down(true)
				tb.do(1, "/posts", screen.Publish, "title", "My title", "body", "My body")
				time.Sleep(20 * time.Second)
				synctest.Wait()
				v := tb.view()
				if v.Call != 1 || v.Path != "/posts" || v.Focus != "form-error" || !contains(v.HTML, "The server does not answer. Nothing is lost") {
					w.Errorf("call %d at %s, focus %q: %s", v.Call, v.Path, v.Focus, v.HTML)
				}
				if !contains(v.HTML, `value="My title"`) || !contains(v.HTML, ">\nMy body</textarea>") {
					w.Errorf("what was typed is lost: %s", v.HTML)
				}
				down(false)
				time.Sleep(time.Minute)
				tb.views()
				tb.do(2, "/posts", screen.Publish, "title", "My title", "body", "My body")
				synctest.Wait()
				if v := tb.view(); v.Call != 2 || v.Focus != "" || !contains(v.HTML, "My title</h2>") {
					w.Errorf("the second try: %s", v.HTML)
				}
			})
		})
	}
}

func TestNetworkDownAtALink(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.enter("/posts")
		w.api.Down(true)
		tb.page.Go(1, "/account")
		synctest.Wait()
		v := tb.view()
		expect(w, "the page", v, 1, "/account", "Not reachable", "active", "ann")
		if !contains(v.HTML, `href="/account">Try again`) || !contains(v.HTML, "you are still logged in") {
			w.Errorf("no way on: %s", v.HTML)
		}
		w.api.Down(false)
		time.Sleep(time.Minute)
		tb.nothing("nobody asked")
		tb.page.Go(2, "/account")
		synctest.Wait()
		expect(w, "the page", tb.view(), 2, "/account", "Your sessions", "active", "ann")
	})
}

// A server that never answers is given up on before the page gives up on the worker, after 30 s.
func TestSilenceIsAnswered(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.enter("/posts")
		release := w.api.Hold("sessions")
		defer release()
		tb.page.Go(1, "/account")
		time.Sleep(29 * time.Second)
		synctest.Wait()
		expect(w, "the page", tb.view(), 1, "/account", "Not reachable", "active", "ann")
		// What nobody asked for is given up on too, and keeps no call waiting.
		other := w.open("/account", "none", "")
		other.take()
		tb.page.Go(2, "/")
		synctest.Wait()
		if v := tb.view(); v.Call != 2 {
			w.Errorf("call %d", v.Call)
		}
		time.Sleep(29 * time.Second)
		synctest.Wait()
		if v := other.view(); v.Title != "Not reachable · Latchkey" {
			w.Errorf("the page that was made to follow: %s", outline([]hub.View{v}))
		}
	})
}

// Logging out and refreshing under a dead network leaves everybody logged in, and says so.
func TestNetworkDownAtLogout(t *testing.T) {
	bubble(t, func(w *world) {
		tb, other := w.enter("/posts"), w.open("/account", "active", "ann")
		other.take()
		w.api.Down(true)
		tb.do(1, "/posts", screen.Logout)
		synctest.Wait()
		expect(w, "the page", tb.view(), 1, "/posts", "Not reachable", "active", "ann")
		time.Sleep(10 * time.Minute) // the token's end passes, and many tries
		synctest.Wait()
		tb.nothing("nothing is known to have changed")
		other.nothing("nothing is known to have changed")
		if w.session.State().Phase != session.Active {
			w.Errorf("the client is %v", w.session.State().Phase)
		}
	})
}

func TestServerFailsAtLogin(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.open("/login", "none", "")
		tb.take()
		w.api.Refuse("login", screentest.Problem{Code: "INTERNAL_SERVER_ERROR", Message: "panic: secret detail"})
		tb.login(1, "/login", ann)
		v := tb.view()
		if v.Focus != "form-error" || contains(v.HTML, "secret detail") || !contains(v.HTML, `value="ann@example.com"`) || contains(v.HTML, screentest.Password) {
			w.Errorf("focus %q: %s", v.Focus, v.HTML)
		}
	})
}
