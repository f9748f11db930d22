package hub_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/wasm/hub"
)

// neighbour is a worker of a browser in which there are several, with one cookie.
type neighbour struct {
	*world

	mu   sync.Mutex
	said []string // what it told the others
}

// tells returns what the worker has told the others since the last call.
func (n *neighbour) tells() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.said
	n.said = nil
	return list
}

// street runs test in a browser with so many workers, each of which hears what the others say.
func street(t *testing.T, workers int, test func(list []*neighbour)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		api := screentest.New()
		var list []*neighbour
		for range workers {
			s := api.Session(t)
			n := &neighbour{world: &world{T: t, api: api, session: s}}
			n.hub = hub.New(s, func(id string) {
				n.mu.Lock()
				n.said = append(n.said, id)
				n.mu.Unlock()
				for _, other := range list {
					if other != n {
						other.hub.Heard(id)
					}
				}
			})
			defer n.hub.Close()
			list = append(list, n)
		}
		test(list)
	})
}

// both opens a tab at each of two workers, as the server renders it to whoever has the cookie of the account; "": to
// nobody.
func both(list []*neighbour, email string) (here, there *tab) {
	phase, user := "none", ""
	if email != "" {
		list[0].api.Enter(email)
		phase, user = "active", email[:3]
	}
	here, there = list[0].open("/posts", phase, user), list[1].open("/account", phase, user)
	here.take()
	there.take()
	return here, there
}

// An answer that was on its way with the cookie of before says nothing of what has happened since.
func TestWordDuringARefresh(t *testing.T) {
	for _, row := range []struct {
		name    string
		first   bool // the answer that is on its way is the other's first
		do      func(tb *tab)
		session string
		user    string
	}{
		{"the timer's, a logout", false, func(tb *tab) { tb.do(1, "/posts", screen.Logout) }, "ended", ""},
		{"the first, a logout", true, func(tb *tab) { tb.do(1, "/posts", screen.Logout) }, "ended", ""},
		{"the timer's, another user", false, func(tb *tab) { tb.login(1, "/posts", bob) }, "active", "bob"},
		{"the first, another user", true, func(tb *tab) { tb.login(1, "/posts", bob) }, "active", "bob"},
	} {
		t.Run(row.name, func(t *testing.T) {
			street(t, 2, func(list []*neighbour) {
				w := list[1]
				here := list[0].enter("/posts")
				there := w.connect()
				greet := func() { there.page.Hello(hub.Hello{Path: "/account", Session: "active", User: "ann"}) }
				if !row.first {
					greet()
					synctest.Wait()
					time.Sleep(time.Minute)
				}
				release := w.api.Hold("refreshToken")
				if row.first {
					greet()
				} else {
					go func() { _ = w.session.Resume(w.Context()) }() // as the timer would
				}
				time.Sleep(time.Second)
				row.do(here)
				time.Sleep(time.Second)
				release()
				time.Sleep(time.Second)
				views := there.views()
				if len(views) == 0 || views[len(views)-1].Session != row.session || views[len(views)-1].User != row.user {
					w.Errorf("the other tab was made to show %s", outline(views))
				}
				here.view()
				time.Sleep(time.Minute)
				here.nothing("again")
				there.nothing("again")
			})
		})
	}
}

// Whatever is done in the tabs of several workers, on a network that comes and goes: soon after, all show one session,
// and that is the cookie's.
func TestWorkersEndWithOneSession(t *testing.T) {
	for range 10 {
		seed := rand.Uint64()
		street(t, 3, func(list []*neighbour) {
			api, random := list[0].api, rand.New(rand.NewPCG(seed, 0))
			var tabs []*stressed
			for _, n := range list {
				tabs = append(tabs, &stressed{tab: n.open("/posts", "none", ""), shows: "none"})
			}
			for call := 1; call <= 40; call++ {
				tb := tabs[random.IntN(len(tabs))]
				tb.call = call
				switch random.IntN(5) {
				case 0, 1:
					tb.do(call, "/posts", screen.Login, "email", []string{ann, bob}[random.IntN(2)], "password", screentest.Password)
				case 2:
					tb.do(call, "/posts", screen.Logout)
				case 3:
					tb.page.Go(call, "/account")
				case 4:
					api.Down(random.IntN(2) == 0)
				}
				time.Sleep(time.Duration(random.IntN(3)*random.IntN(3000)) * time.Millisecond)
			}
			api.Down(false)
			time.Sleep(time.Minute) // the longest backoff and some pauses: less than any timer of a token takes
			synctest.Wait()
			truth := api.Session(list[0].T)
			if err := truth.Resume(list[0].Context()); err != nil && !errors.Is(err, session.ErrUnauthenticated) {
				list[0].Fatal(err)
			}
			want := truth.State()
			for i, n := range list {
				tabs[i].judge(n.world)
				if got := n.session.State(); got.SessionID != want.SessionID || tabs[i].shows != identity(want.Phase.String(), want.User.ID) {
					n.Errorf("seed %d: worker %d has session %q and shows %q, the cookie's is %q of %q", seed, i, got.SessionID, tabs[i].shows, want.SessionID, want.User.ID)
				}
			}
		})
	}
}
