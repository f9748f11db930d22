package simulation

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// stage is a world with one browser in which nothing is left to chance.
type stage struct {
	*world
	*browser

	mu    sync.Mutex      // guards fates
	fates map[string]fate // of what a tab asks for, by its name, and of a kind of request
}

// What becomes of a request on a stage.
var (
	quick = fate{up: 20 * time.Millisecond, down: 20 * time.Millisecond, cut: 1}
	lost  = fate{up: 20 * time.Millisecond, loseDown: true, cut: 1}
)

// takes is a request, and an answer, that take so long.
func takes(up, down time.Duration) fate { return fate{up: up, down: down, cut: 1} }

// perform plays a scenario without the rule that a mutant takes out, and returns what did not hold, with the events.
func perform(t *testing.T, tpl *template, m mutant, shared bool, scenario func(*stage)) (failures []string, history string) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, tpl, 1)
		w.mutant = m
		w.staff(2)
		s := &stage{world: w, browser: w.newBrowser(0, shared), fates: map[string]fate{}}
		s.planned = func(who string, k kind) fate {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, name := range []string{who, string(k)} {
				if f, set := s.fates[name]; set {
					return f
				}
			}
			return quick
		}
		time.Sleep(time.Minute) // the token of the template has come of age
		scenario(s)
		s.quit()
		w.close()
		failures, history = w.failures, w.history()
	})
	return failures, history
}

// plans says what becomes of the requests of a name from now on.
func (s *stage) plans(name string, f fate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fates[name] = f
}

// visit opens a tab whose page request has that fate, on an address of its own: no other holds it back.
func (s *stage) visit(f fate) *tab { return s.visitAt(fmt.Sprintf("/posts?tab=%d", s.opened+1), f) }

// visitAt opens a tab on an address, whose page request has that fate once it leaves.
func (s *stage) visitAt(address string, f fate) *tab {
	s.plans(fmt.Sprintf("%s.%d", s.browser.name, s.opened+1), f)
	return s.open(get(address), 0, 0)
}

// visitLate opens a tab whose page takes so long, and is closed when it has arrived: what stays is the cookie. It
// returns how to wait for that.
func (s *stage) visitLate(up, down time.Duration) (wait func()) {
	began := time.Now()
	t := s.visit(takes(up, down))
	return func() {
		time.Sleep(time.Until(began.Add(up + down + time.Millisecond)))
		s.shut(t)
	}
}

// use makes a query in the tab's client.
func (s *stage) use(t *tab) { t.running().query(t.ctx) }

// timer waits until the tab's client refreshes next, and so much longer (or less).
func (s *stage) timer(t *tab, after time.Duration) {
	time.Sleep(time.Until(t.running().s.State().NextRefresh) + after)
}

// present has the thief show the token that he has last come by, and returns whether he was answered.
func (t *thief) present(k kind) bool {
	n := len(t.cookies)
	cookie := t.cookies[n-1]
	if k == page {
		t.ask(&message{kind: page, method: http.MethodGet, path: "/posts", cookie: cookie, header: http.Header{}})
	} else {
		t.ask(call(refresh, cookie, `mutation{refreshToken(recover:true){accessToken}}`))
	}
	return len(t.cookies) > n
}
