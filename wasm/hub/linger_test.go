package hub_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/wasm/hub"
)

func TestLastPageGoneForgetsTheToken(t *testing.T) {
	bubble(t, func(w *world) {
		first, second := w.enter("/posts"), w.open("/posts", "active", "ann")
		time.Sleep(10 * time.Minute)
		first.page.Gone()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if w.session.State().Phase != session.Active {
			w.Fatal("a page was still there")
		}
		second.page.Gone()
		time.Sleep(hub.Linger - time.Millisecond)
		if w.session.State().Phase != session.Active {
			w.Errorf("forgotten too soon")
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if got := w.session.State(); got.Phase != session.Unknown || !got.NextRefresh.IsZero() {
			w.Errorf("after Linger the client is %+v", got)
		}
		second.take()
		before := len(w.api.Calls())
		time.Sleep(time.Hour)
		if n := len(w.api.Calls()) - before; n != 0 {
			w.Errorf("%d requests with nobody there", n)
		}
		if got := append(first.take(), second.take()...); len(of[hub.View](got)) != 0 {
			w.Errorf("pages that are gone were told %+v", got)
		}
		back := w.open("/posts", "active", "ann")
		if got := back.take(); !ready(got) || len(of[hub.View](got)) != 0 || w.session.State().Phase != session.Active {
			w.Errorf("the cookie alone should bring it back: %+v", got)
		}
	})
	if hub.Linger >= 5*time.Second {
		t.Errorf("Linger is %v: the contract's §6 wants the token forgotten within 5 s", hub.Linger)
	}
}

func TestReloadFindsTheTokenThere(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.enter("/posts")
		for range 5 {
			tb.page.Gone()
			time.Sleep(hub.Linger - time.Second)
			tb = w.open("/posts", "active", "ann")
			if got := tb.take(); !ready(got) || len(of[hub.View](got)) != 0 {
				w.Errorf("the reloaded page was told %+v", got)
			}
		}
		if n := w.refreshes(); n != 1 {
			w.Errorf("%d refreshes, want the first alone", n)
		}
		time.Sleep(2 * hub.Linger)
		synctest.Wait()
		if w.session.State().Phase != session.Active {
			w.Error("forgotten under a page that is there")
		}
	})
}

// The countdown to the forgetting begins anew with every leaving.
func TestLingerIsOfTheLastLeaving(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.enter("/posts")
		tb.page.Gone()
		time.Sleep(hub.Linger - time.Second)
		tb = w.open("/posts", "active", "ann")
		tb.page.Gone()
		time.Sleep(hub.Linger - time.Second)
		synctest.Wait()
		if w.session.State().Phase != session.Active {
			w.Error("the first leaving's time has run on")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if w.session.State().Phase != session.Unknown {
			w.Error("not forgotten")
		}
	})
}

// The very moment at which the token is forgotten, a page arrives: it ends with a session, whichever came first.
func TestPageArrivesAsTheTokenIsForgotten(t *testing.T) {
	bubble(t, func(w *world) {
		for range 200 {
			tb := w.open("/posts", "active", "ann")
			if w.session.State().Phase != session.Active {
				w.api.Enter(ann)
				tb.page.Gone()
				tb = w.open("/posts", "active", "ann")
			}
			tb.page.Gone()
			next := w.connect()
			time.AfterFunc(hub.Linger, func() {
				next.page.Hello(hub.Hello{Path: "/posts", Session: "active", User: "ann"})
			})
			time.Sleep(hub.Linger)
			synctest.Wait()
			if got := next.take(); w.session.State().Phase != session.Active || len(of[hub.View](got)) != 0 || !ready(got) {
				w.Fatalf("the client is %v, the page was told %+v", w.session.State().Phase, got)
			}
			next.page.Gone()
		}
	})
}

func TestNobodyWaitsForARefreshOfAPageThatIsGone(t *testing.T) {
	bubble(t, func(w *world) {
		w.api.Enter(ann)
		release := w.api.Hold("refreshToken")
		defer release()
		tb := w.open("/posts", "active", "ann")
		tb.page.Gone()
		time.Sleep(hub.Linger)
		synctest.Wait()
		before := w.refreshes()
		release()
		time.Sleep(time.Hour)
		if got := w.session.State().Phase; got != session.Unknown || w.refreshes() != before {
			w.Errorf("the client is %v after %d more refreshes", got, w.refreshes()-before)
		}
		if got := tb.take(); len(got) != 0 {
			w.Errorf("told %+v", got)
		}
	})
}

func TestClose(t *testing.T) {
	bubble(t, func(w *world) {
		tb, other := w.enter("/posts"), w.open("/posts", "active", "ann")
		waiting := w.connect()
		release := w.api.Hold("createPost")
		defer release()
		tb.do(1, "/posts", screen.Publish, "title", "t", "body", "b")
		synctest.Wait()
		tb.take()
		other.take()
		w.hub.Close() // returns although a call is under way
		w.hub.Close()
		late := w.connect()
		for _, page := range []*tab{tb, other, waiting, late} {
			page.page.Hello(hub.Hello{Path: "/posts", Session: "none"})
			page.page.Go(2, "/account")
		}
		if err := w.session.Logout(w.Context()); err != nil {
			w.Fatal("the session is its owner's still:", err)
		}
		time.Sleep(time.Minute)
		for _, page := range []*tab{tb, other, waiting, late} {
			if got := page.take(); len(got) != 0 {
				w.Errorf("after Close a page was told %+v", got)
			}
		}
	})
}

func TestCloseLeavesTheSessionToItsOwner(t *testing.T) {
	bubble(t, func(w *world) {
		w.enter("/posts").page.Gone() // Linger runs
		w.hub.Close()
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := w.session.State(); got.Phase != session.Active || got.Refreshes == 0 {
			w.Errorf("the session is %+v", got)
		}
	})
}

// slow is a port that takes its time, which none should.
type slow struct{ begun, done atomic.Int32 }

func (s *slow) Post(hub.Message) {
	s.begun.Add(1)
	time.Sleep(time.Second)
	s.done.Add(1)
}

func TestCloseWaits(t *testing.T) {
	bubble(t, func(w *world) {
		port := &slow{}
		w.hub.Connect(port).Hello(hub.Hello{Path: "/", Session: "none"})
		synctest.Wait()
		w.hub.Close()
		if begun, done := port.begun.Load(), port.done.Load(); begun != 1 || done != 1 {
			w.Errorf("Close returned with %d of %d messages on their way", begun-done, begun)
		}
	})
}
