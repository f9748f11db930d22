package hub_test

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/session"
	"example.com/latchkey/wasm/hub"
)

// A page that shows what the client knows is ready before its hello, and no later than with it in any case.
func TestKnock(t *testing.T) {
	for _, row := range []struct {
		name          string
		session, user string
		atOnce        bool
		refreshes     int // after the hello
	}{
		{"the same session", "active", "ann", true, 0},
		{"another user", "active", "bob", false, 1},
		{"nobody", "none", "", false, 1},
		{"nothing that exists", "whatever", "ann", false, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				w.enter("/posts")
				before := w.refreshes()
				tb := w.connect()
				for range 1000 {
					tb.page.Knock(hub.Hello{Session: row.session, User: row.user})
				}
				synctest.Wait()
				told := tb.take()
				if got := ready(told); got != row.atOnce || len(told) > 1 || w.refreshes() != before {
					w.Errorf("ready: %t, after %d refreshes: %+v", got, w.refreshes()-before, told)
				}
				tb.page.Hello(hub.Hello{Path: "/account", Session: row.session, User: row.user})
				synctest.Wait()
				told = append(told, tb.take()...)
				if n := len(of[hub.Ready](told)); n != 1 || w.refreshes()-before != row.refreshes {
					w.Errorf("%d times ready, after %d refreshes", n, w.refreshes()-before)
				}
				tb.page.Go(1, "/posts")
				synctest.Wait()
				if v := of[hub.View](tb.take()); len(v) != 1 || v[0].Call != 1 {
					w.Errorf("a call was answered by %s", outline(v))
				}
			})
		})
	}
}

// A page that has only knocked does not count as there, whatever it asks for.
func TestKnockIsNoHello(t *testing.T) {
	bubble(t, func(w *world) {
		first := w.enter("/posts")
		knocking := w.connect()
		knocking.page.Knock(hub.Hello{Session: "active", User: "ann"})
		knocking.take()
		knocking.page.Go(1, "/posts")
		knocking.page.Checked(nil)
		before := len(w.api.Calls())
		time.Sleep(10 * time.Second)
		first.page.Gone()
		time.Sleep(hub.Linger)
		synctest.Wait()
		if got := w.session.State().Phase; got != session.Unknown {
			w.Errorf("the client is %v: a page that only knocked keeps it", got)
		}
		if got := knocking.take(); len(got) != 0 || len(w.api.Calls()) != before {
			w.Errorf("told %+v, asked %+v", got, w.api.Calls()[before:])
		}
		knocking.page.Gone()
		knocking.page.Knock(hub.Hello{Session: "none", User: ""})
		if got := knocking.take(); len(got) != 0 {
			w.Errorf("a page that is gone was told %+v", got)
		}
	})
}

// What the knock was answered by may be over when the hello comes: then that decides.
func TestSessionEndsBetweenKnockAndHello(t *testing.T) {
	bubble(t, func(w *world) {
		first := w.enter("/posts")
		tb := w.connect()
		tb.page.Knock(hub.Hello{Session: "active", User: "ann"})
		first.do(1, "/posts", "logout")
		synctest.Wait()
		tb.take()
		tb.page.Hello(hub.Hello{Path: "/account", Session: "active", User: "ann"})
		synctest.Wait()
		if v := tb.view(); v.User != "" || v.Title != "Log in · Latchkey" {
			w.Errorf("it shows %s", outline([]hub.View{v}))
		}
	})
}

// The session that the client knows has ended, and its user has logged in anew: what the old cookie is answered does not
// log the new session's page out.
func TestHelloOfANewSessionOfTheSameUser(t *testing.T) {
	bubble(t, func(w *world) {
		first := w.enter("/posts")
		w.api.End("REVOKED")
		before := w.refreshes()
		release := w.api.Hold("refreshToken")
		for w.refreshes() == before { // until the timer's is on its way
			time.Sleep(time.Second)
		}
		first.take()
		id := w.api.Enter(ann)
		second := w.connect()
		m := hub.Hello{Path: "/account", Session: "active", User: "ann", ID: id}
		second.page.Knock(m)
		second.page.Hello(m)
		synctest.Wait()
		release()
		synctest.Wait()
		if st := w.session.State(); st.Phase != session.Active || st.SessionID != id {
			w.Errorf("the client is %v in %s, want %s", st.Phase, st.SessionID, id)
		}
		told := second.take()
		if views := of[hub.View](told); !ready(told) || len(views) != 0 {
			w.Errorf("the new page, which shows what is so: %s", outline(views))
		}
		if views := first.views(); len(views) > 0 && views[len(views)-1].User != "ann" {
			w.Errorf("the first page: %s", outline(views))
		}
		before = w.refreshes()
		third := w.connect()
		third.page.Hello(m)
		synctest.Wait()
		if got := third.take(); !ready(got) || w.refreshes() != before {
			w.Errorf("another page of the new session: %d refreshes, %+v", w.refreshes()-before, got)
		}
	})
}
