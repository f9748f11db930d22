package hub_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/ui"
	"example.com/latchkey/wasm/hub"
)

// Many tabs do what tabs do, all at once, with a network that comes and goes and sessions that end. When it is over
// every page that is left shows what the client knows, and no call was answered twice, or by another's answer.
func TestManyTabsAtOnce(t *testing.T) {
	for range 3 {
		seed := rand.Uint64()
		bubble(t, func(w *world) {
			w.api.Fill(ann, 15)
			w.api.Life = 20 * time.Second
			var tabs []*stressed
			var all sync.WaitGroup
			for i := range uint64(8) {
				tb := &stressed{rand: rand.New(rand.NewPCG(seed, i)), shows: "none"}
				tabs = append(tabs, tb)
				all.Go(func() { tb.live(w) })
			}
			weather := rand.New(rand.NewPCG(seed, 99))
			for range 40 {
				time.Sleep(time.Duration(weather.IntN(5000)) * time.Millisecond)
				switch weather.IntN(5) {
				case 0, 1:
					w.api.Down(weather.IntN(2) == 0)
				case 2:
					w.api.End("REVOKED")
				case 3:
					w.api.Enter([]string{ann, bob}[weather.IntN(2)])
				}
			}
			w.api.Down(false)
			all.Wait()
			time.Sleep(2 * time.Minute) // whatever is still asked is answered, and the timer has met what has ended
			synctest.Wait()
			st, want := w.session.State(), "none"
			if st.Phase == session.Active {
				want = "active " + st.User.ID
			}
			for _, tb := range tabs {
				tb.judge(w)
				if tb.shows != want {
					w.Errorf("seed %d: a tab shows %q, the client has %q (%v)", seed, tb.shows, want, st.Phase)
				}
			}
		})
	}
}

// stressed is a tab under stress, which is reloaded now and then.
type stressed struct {
	*tab
	rand  *rand.Rand
	call  int
	shows string // what judge has made of the views
}

func (s *stressed) live(w *world) {
	for range 4 {
		s.tab = w.connect()
		hello := []hub.Hello{
			{Path: "/posts", Session: "active", User: "ann"}, {Path: "/account", Session: "active", User: "bob"},
			{Path: "/login", Session: "none"}, {Path: "/posts", Session: "ended"},
		}[s.rand.IntN(4)]
		s.shows, s.call = identity(hello.Session, hello.User), 0
		s.page.Hello(hello)
		for range 10 {
			time.Sleep(time.Duration(s.rand.IntN(2000)) * time.Millisecond)
			s.act()
		}
		if s.rand.IntN(2) == 0 {
			s.page.Gone()
			s.judge(w)
			s.tab = nil
			time.Sleep(time.Duration(s.rand.IntN(2000)) * time.Millisecond)
		}
	}
	if s.tab == nil {
		s.tab = w.connect()
		s.shows = "none"
		s.page.Hello(hub.Hello{Path: "/", Session: "none"})
	}
}

func (s *stressed) act() {
	s.call++
	switch s.rand.IntN(8) {
	case 0:
		s.do(s.call, "/login", screen.Login, "email", []string{ann, bob}[s.rand.IntN(2)], "password", screentest.Password)
	case 1:
		s.do(s.call, "/posts", screen.Logout)
	case 2:
		s.do(s.call, "/posts", screen.Publish, "title", "t", "body", "b")
	case 3:
		s.page.Checked([]ui.Place{{Name: "x", Searched: 1}})
	default:
		s.page.Go(s.call, []string{"/posts", "/account", "/", "/login"}[s.rand.IntN(4)])
	}
}

// judge looks through what the tab was told.
func (s *stressed) judge(w *world) {
	last := 0
	for _, v := range s.views() {
		s.shows = identity(v.Session, v.User)
		if v.Call == 0 {
			continue
		}
		if v.Call <= last || v.Call > s.call {
			w.Errorf("call %d was answered after call %d, of %d calls", v.Call, last, s.call)
		}
		last = v.Call
	}
}

func identity(session, user string) string {
	if session == "active" {
		return session + " " + user
	}
	return "none"
}
