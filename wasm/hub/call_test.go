package hub_test

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
	"example.com/latchkey/shared/ui"
	"example.com/latchkey/wasm/hub"
)

func TestEachCallHasOneAnswer(t *testing.T) {
	bubble(t, func(w *world) {
		w.api.Fill(ann, 12)
		other := w.api.EnterElsewhere(ann, "curl/8")
		tb := w.enter("/posts")
		publish := []string{"title", "New", "body", "Body"}
		steps := []struct {
			name         string
			do           func(call int)
			path, title  string
			focus, holds string
		}{
			{"a link", func(c int) { tb.page.Go(c, "/account") }, "/account", "Your sessions", "", "curl/8"},
			{"a link that leads on", func(c int) { tb.page.Go(c, "/login") }, "/posts", "Your posts", "", "Post 12"},
			{"an older page", func(c int) { tb.page.Go(c, "/posts?after=ann-post3") }, "/posts?after=ann-post3", "Your posts", "", "Post 2"},
			{"no page", func(c int) { tb.page.Go(c, "/nowhere") }, "/nowhere", "Not found", "", ""},
			{"another's page", func(c int) { tb.page.Go(c, "//evil.example/") }, "/", "Not found", "", ""},
			{"publish", func(c int) { tb.do(c, "/posts", screen.Publish, publish...) }, "/posts", "Your posts", "", "New"},
			{"delete", func(c int) { tb.do(c, "/posts", screen.Delete, "post", "ann-post12") }, "/posts", "Your posts", "", "Post 11"},
			{"revoke", func(c int) { tb.do(c, "/account", screen.Revoke, "session", other) }, "/account?done=revoked", "Your sessions", "", "That session has ended."},
			{"a wrong password", func(c int) {
				tb.do(c, "/account", screen.ChangePassword, "current", "wrong", "new", "another long one")
			}, "/account", "Your sessions", "current", "This is not your current password."},
			{"log out", func(c int) { tb.do(c, "/account", screen.Logout) }, "/account", "Log in", "", ""},
			{"a wrong login", func(c int) { tb.do(c, "/account", screen.Login, "email", ann, "password", "wrong") }, "/account", "Log in", "form-error", "Email or password is incorrect."},
			{"log in", func(c int) { tb.login(c, "/account", ann) }, "/account", "Your sessions", "", ""},
		}
		for i, step := range steps {
			call := 100 + i
			step.do(call)
			synctest.Wait()
			v := tb.view()
			if v.Call != call || v.Path != step.path || v.Title != step.title+" · Latchkey" || v.Focus != step.focus || !contains(v.HTML, step.holds) {
				w.Errorf("%s: call %d at %s %q, focus %q: %s", step.name, v.Call, v.Path, v.Title, v.Focus, v.HTML)
			}
			time.Sleep(3 * time.Second)
			tb.nothing(step.name + ": a second view")
		}
	})
}

func TestLaterCallGivesUpAnEarlierOne(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.enter("/posts")
		release := w.api.Hold("posts")
		tb.page.Go(1, "/posts")
		synctest.Wait()
		tb.nothing("the answer is held")
		tb.page.Go(2, "/account")
		synctest.Wait()
		if v := tb.view(); v.Call != 2 || v.Path != "/account" {
			w.Errorf("call %d at %s: the later one should not wait for the earlier", v.Call, v.Path)
		}
		release()
		time.Sleep(time.Minute)
		tb.nothing("the answer to the earlier call")
	})
}

// Of many calls at once the last is answered, and the others cost the server nothing.
func TestFlood(t *testing.T) {
	bubble(t, func(w *world) {
		flooding := w.enter("/posts")
		other := w.open("/posts", "active", "ann")
		other.take()
		release := w.api.Hold("posts")
		before := len(w.api.Calls())
		for call := 1; call <= 10_000; call++ {
			flooding.page.Hello(hub.Hello{Path: "/login", Session: "none"})
			flooding.page.Go(call, "/posts")
			flooding.do(call, "/posts", screen.Publish, "title", "x", "body", "x")
			flooding.page.Checked([]ui.Place{{Name: "place", Searched: call}})
			flooding.page.Go(call, "/posts")
		}
		other.page.Go(1, "/account")
		synctest.Wait()
		if v := other.view(); v.Call != 1 || v.Path != "/account" {
			w.Errorf("the other page: call %d at %s", v.Call, v.Path)
		}
		release()
		synctest.Wait()
		time.Sleep(time.Minute)
		told := flooding.take()
		if views := of[hub.View](told); len(views) != 1 || views[0].Call != 10_000 {
			w.Errorf("the flooding page: %s", outline(views))
		}
		if got := patched(told)["token-check"]; got == "" {
			w.Error("its check was lost")
		}
		// How many got through before they were given up is a matter of scheduling; that it is not all is not.
		if n := len(w.api.Calls()) - before; n > 1000 {
			w.Errorf("%d requests of a flood", n)
		}
	})
}

func TestGoneInTheMiddleOfACall(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.enter("/posts")
		other := w.open("/account", "active", "ann")
		other.take()
		release := w.api.Hold("createPost")
		tb.do(1, "/posts", screen.Publish, "title", "t", "body", "b")
		synctest.Wait()
		tb.page.Gone()
		tb.page.Gone()
		synctest.Wait() // the request has been given up: nothing waits for release
		tb.page.Go(2, "/posts")
		other.page.Go(3, "/posts")
		synctest.Wait()
		release()
		time.Sleep(time.Minute)
		if got := tb.take(); len(got) != 0 {
			w.Errorf("a page that is gone was told %+v", got)
		}
		if v := other.view(); v.Call != 3 {
			w.Errorf("call %d", v.Call)
		}
	})
}

// Login in a page that is closed right then: whatever the server made of it, the other tabs show what the client knows.
func TestGoneInTheMiddleOfALogin(t *testing.T) {
	bubble(t, func(w *world) {
		tb, other := w.open("/login", "none", ""), w.open("/posts", "none", "")
		other.take()
		release := w.api.Hold("login")
		tb.do(1, "/login", screen.Login, "email", ann, "password", screentest.Password)
		synctest.Wait()
		tb.page.Gone()
		release()
		time.Sleep(time.Minute)
		other.nothing("the login was given up")
		// The browser has the cookie all the same: the next page tells.
		third := w.open("/posts", "active", "ann")
		third.nothing("it shows what is so")
		expect(w, "the page that was left behind", other.view(), 0, "/posts", "Your posts", "active", "ann")
	})
}

// A page that waits for the server keeps no other waiting, and neither does a refresh that takes long.
func TestSlowRefreshBlocksNoOtherPage(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.enter("/posts")
		release := w.api.Hold("refreshToken")
		slow := w.open("/account", "active", "bob") // disagrees: the server is asked, and does not answer
		if got := slow.take(); ready(got) {
			w.Errorf("ready before the server has answered: %+v", got)
		}
		for call, path := range []string{"/posts", "/account", "/"} {
			tb.page.Go(call, path)
			synctest.Wait()
			if v := tb.view(); v.Call != call || v.Path != path || v.User != "ann" {
				w.Errorf("%s: %s", path, outline([]hub.View{v}))
			}
		}
		another := w.open("/posts", "active", "ann")
		if got := another.take(); !ready(got) {
			w.Errorf("a page that agrees has to wait too: %+v", got)
		}
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if got := patched(tb.take()); got["token-expiry"] == "" {
			w.Errorf("the countdown stands still: %+v", got)
		}
		release()
		synctest.Wait()
		got := slow.take()
		if views := of[hub.View](got); !ready(got) || len(views) != 1 || views[0].User != "ann" {
			w.Errorf("after the answer: %s", outline(views))
		}
	})
}

// A call that comes while a page is made to follow the session takes its place.
func TestCallTakesThePlaceOfFollowing(t *testing.T) {
	bubble(t, func(w *world) {
		asking, other := w.open("/login", "none", ""), w.open("/posts", "none", "")
		asking.take()
		other.take()
		release := w.api.Hold("posts")
		asking.login(1, "/", ann) // not held: the start page loads nothing
		asking.view()
		other.nothing("it is being loaded")
		other.page.Go(9, "/account")
		synctest.Wait()
		expect(w, "the other page", other.view(), 9, "/account", "Your sessions", "active", "ann")
		release()
		time.Sleep(time.Minute)
		other.nothing("what was given up")
	})
}
