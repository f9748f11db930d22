package hub_test

import (
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
	"example.com/latchkey/shared/session"
)

// What happens in one worker's tab shows in that of another, at the same moment, and costs one question.
func TestOtherWorkersFollow(t *testing.T) {
	for _, row := range []struct {
		name    string
		before  string // who is logged in
		do      func(api *screentest.API, tb *tab)
		session string // what the other worker's tab shows then; "": what it has shown
		user    string
		title   string
	}{
		{"a logout", ann, func(_ *screentest.API, tb *tab) { tb.do(1, "/posts", screen.Logout) }, "ended", "", "Log in"},
		{"a logout everywhere", ann, func(_ *screentest.API, tb *tab) { tb.do(1, "/posts", screen.LogoutEverywhere) }, "ended", "", "Log in"},
		{"an end", ann, func(api *screentest.API, tb *tab) { api.End("REVOKED"); tb.page.Go(1, "/posts") }, "ended", "", "Log in"},
		{"a login", "", func(_ *screentest.API, tb *tab) { tb.login(1, "/posts", ann) }, "active", "ann", "Your sessions"},
		{"a login as another", ann, func(_ *screentest.API, tb *tab) { tb.login(1, "/posts", bob) }, "active", "bob", "Your sessions"},
		{"a login of the same", ann, func(_ *screentest.API, tb *tab) { tb.login(1, "/posts", ann) }, "", "", ""},
		{"nothing", ann, func(_ *screentest.API, tb *tab) { tb.page.Go(1, "/account") }, "", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			street(t, 2, func(list []*neighbour) {
				here, there := both(list, row.before)
				row.do(list[0].api, here)
				synctest.Wait()
				w := list[1]
				if row.session == "" {
					there.nothing("nothing has changed")
				} else {
					expect(w.world, "the other tab", there.view(), 0, "/account", row.title, row.session, row.user)
				}
				if mine, other := list[0].session.State().SessionID, w.session.State().SessionID; mine != other {
					w.Errorf("the one has session %q, the other %q", mine, other)
				}
				here.view()
				asked := w.refreshes()
				time.Sleep(time.Minute)
				here.nothing("again")
				there.nothing("again")
				if n := w.refreshes() - asked; n != 0 {
					w.Errorf("%d questions after both knew", n)
				}
			})
		})
	}
}

// Workers that agree say nothing and ask nothing but what each would ask alone.
func TestWorkersThatAgree(t *testing.T) {
	street(t, 3, func(list []*neighbour) {
		w := list[0]
		both(list, ann)
		list[2].open("/", "active", "ann")
		if n := w.refreshes(); n != 3 {
			w.Errorf("%d refreshes, want the first of each", n)
		}
		time.Sleep(time.Hour) // a dozen refreshes of each
		said := slices.Concat(list[0].tells(), list[1].tells(), list[2].tells())
		if id := w.session.State().SessionID; !slices.Equal(said, []string{id}) {
			w.Errorf("they said %q, want %q once", said, id)
		}
	})
}

// What a worker only fears or forgets it keeps to itself: it tells what the server has said.
func TestOnlyTheServersWordIsTold(t *testing.T) {
	street(t, 1, func(list []*neighbour) {
		w := list[0]
		tb := w.enter("/posts")
		id := w.session.State().SessionID
		if said := w.tells(); !slices.Equal(said, []string{id}) {
			w.Errorf("it said %q, want %q once", said, id)
		}
		w.api.Down(true)
		w.hub.Heard("")
		time.Sleep(time.Hour) // the token's end, too
		if said := w.tells(); len(said) != 0 || w.session.State().Err == nil {
			w.Errorf("it said %q without an answer, %v", said, w.session.State().Err)
		}
		w.api.Down(false)
		time.Sleep(time.Minute)
		if said := w.tells(); !slices.Equal(said, []string{id}) {
			w.Errorf("it said %q, want the word set right: %q", said, id)
		}
		tb.page.Gone()
		time.Sleep(time.Hour)
		if said := w.tells(); len(said) != 0 {
			w.Errorf("it said %q when it had forgotten its session", said)
		}
	})
}

// A first page that shows no session makes its client ask nothing, so it would not hear of a login that came between
// the server's rendering and the worker's start.
func TestLoginBeforeTheWorkerIsThere(t *testing.T) {
	street(t, 2, func(list []*neighbour) {
		w := list[1]
		list[0].enter("/posts")
		tb := w.open("/account", "none", "")
		expect(w.world, "the page that came before the login", tb.view(), 0, "/account", "Your sessions", "active", "ann")
		if n := w.refreshes(); n != 3 {
			w.Errorf("%d refreshes, want the first one, and one of each to be sure", n)
		}
	})
}

// A worker that cannot reach the server when it hears goes on asking, and its pages stay as they are meanwhile.
func TestHeardWithoutANetwork(t *testing.T) {
	for _, row := range []struct {
		name      string
		meanwhile func(tb *tab)
	}{
		{"nothing is done", func(*tab) {}},
		{"a login is tried, for which the question is put off", func(tb *tab) { tb.login(1, "/posts", bob); tb.view() }},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				tb := w.enter("/posts")
				w.api.DropCookie()
				w.api.Down(true)
				w.hub.Heard("")
				time.Sleep(time.Minute)
				tb.nothing("nobody has said so but a stranger")
				row.meanwhile(tb)
				w.api.Down(false)
				time.Sleep(30 * time.Second) // the longest backoff
				synctest.Wait()
				expect(w, "the page", tb.view(), 0, "/posts", "Log in", "ended", "")
			})
		})
	}
}

// Anybody on the origin can say anything: that costs one question in five seconds, and changes nothing.
func TestFloodOfWords(t *testing.T) {
	street(t, 2, func(list []*neighbour) {
		w := list[0]
		here, there := both(list, ann)
		before := len(w.api.Calls())
		for i := range 60 * 100 { // a minute
			for _, n := range list {
				n.hub.Heard([]string{"", "no session", "another"}[i%3])
			}
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		if n := len(w.api.Calls()) - before; n < 2*12 || n > 2*14 {
			w.Errorf("%d questions of two workers in a minute of a flood", n)
		}
		here.nothing("nothing has changed")
		there.nothing("nothing has changed")
		if said := len(list[0].tells()) + len(list[1].tells()); said > 2*14 {
			w.Errorf("they said %d things", said)
		}
	})
}

// Questions that nobody answers do not pile up.
func TestFloodOfWordsWithoutANetwork(t *testing.T) {
	bubble(t, func(w *world) {
		w.enter("/posts")
		w.api.Down(true)
		w.hub.Heard("another")
		time.Sleep(time.Second)
		before := runtime.NumGoroutine()
		for range 10 * 60 * 10 { // ten minutes
			w.hub.Heard("another")
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n > 3 {
			w.Errorf("%d goroutines more than for one question", n)
		}
	})
}

// Once its last page has gone a worker asks nobody: not for what it hears then, nor for what it has heard before.
func TestNobodyIsThereToHear(t *testing.T) {
	for _, row := range []struct {
		name string
		hear func(w *world, tb *tab)
	}{
		{"before the first page", func(w *world, tb *tab) {
			w.hub.Heard("another")
			time.Sleep(time.Minute)
			if n := w.refreshes(); n != 0 {
				w.Errorf("%d refreshes before there was a page", n)
			}
		}},
		{"as it goes", func(w *world, tb *tab) { w.hub.Heard("another"); tb.page.Gone() }},
		{"a moment later", func(w *world, tb *tab) { tb.page.Gone(); w.hub.Heard("another") }},
		{"when all is forgotten", func(w *world, tb *tab) { tb.page.Gone(); time.Sleep(time.Minute); w.hub.Heard("another") }},
		{"in a pause", func(w *world, tb *tab) {
			w.hub.Heard("another")
			time.Sleep(time.Second)
			w.hub.Heard("another")
			tb.page.Gone()
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				tb := w.connect()
				if row.name != "before the first page" {
					tb = w.enter("/posts")
				}
				row.hear(w, tb)
				synctest.Wait()
				before := w.refreshes()
				time.Sleep(time.Hour)
				if n := w.refreshes() - before; n != 0 {
					w.Errorf("%d refreshes with nobody there", n)
				}
				if got := w.session.State().Phase; got != session.Unknown {
					w.Errorf("the client is %v", got)
				}
			})
		})
	}
}

// Close ends the questions that are under way, and those to come.
func TestCloseWhileAsking(t *testing.T) {
	bubble(t, func(w *world) {
		w.enter("/posts")
		release := w.api.Hold("refreshToken")
		defer release()
		w.hub.Heard("another")
		synctest.Wait()
		w.hub.Heard("yet another")
		before := w.refreshes()
		w.hub.Close()
		w.hub.Heard("")
		time.Sleep(10 * time.Second)
		if n := w.refreshes() - before; n != 0 {
			w.Errorf("%d refreshes after Close", n)
		}
	})
}
