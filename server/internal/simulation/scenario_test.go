package simulation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/shared/session"
)

// The counter-examples: what happens where a rule is left out. t0 is the cookie at the start.

// c1 loses the answer to a page; the client has an older token, and its timer comes after the grace.
func c1(s *stage) {
	a := s.visit(quick)
	time.Sleep(time.Minute)
	b := s.visit(lost) // t0 -> t1, on a foreign page that opens a window and closes it
	time.Sleep(time.Second)
	s.shut(b)
	s.timer(a, time.Second) // the timer presents t0
	s.prove()
}

// c2 loses the answer to a page; the next day two tabs are restored at once.
func c2(s *stage) {
	a := s.visit(lost) // t0 -> t1
	time.Sleep(time.Second)
	s.shut(a)
	time.Sleep(14 * time.Hour)
	a = s.visit(quick)                               // recovers
	s.visit(takes(grace-time.Second, time.Second/2)) // t0 again, when the tab beside it is long at work
	time.Sleep(time.Second)
	s.use(a)
	time.Sleep(2 * grace)
	s.prove()
}

// c3 opens two tabs as the timer fires.
func c3(s *stage) {
	a := s.visit(quick)
	time.Sleep(time.Second)
	s.timer(a, -500*time.Millisecond)
	s.visit(quick) // t0 -> t1, and arrives
	late := s.visitLate(30*time.Millisecond, grace/2)
	time.Sleep(2 * time.Second) // the timer presents t1
	s.use(a)                    // whatever it brought is in use
	late()                      // the jar has t1
	s.timer(a, time.Second)
	s.prove()
}

// c4 presents a token at the last moment of its grace, when its successor is as old.
func c4(s *stage) {
	a := s.visit(lost) // t0 -> t1
	time.Sleep(grace - 10*time.Millisecond)
	s.shut(a)
	a = s.visit(takes(5*time.Millisecond, 20*time.Millisecond)) // t1, which is G old by the time it is presented
	late := s.visitLate(8*time.Millisecond, grace/2)            // t1 too
	time.Sleep(2 * time.Second)                                 // the client of the first presents it
	s.use(a)
	late() // the jar has t1
	s.timer(a, time.Second)
	s.prove()
}

// c6 logs in while a page of the dead session is on its way.
func c6(s *stage) {
	a := s.visit(quick)
	time.Sleep(time.Second)
	s.leave()
	s.plans(string(logout), fate{loseDown: true, reset: true})
	if err := a.running().s.Logout(a.ctx); err == nil {
		s.world.fail("logout", "is answered")
	}
	a.running().s.Forget()
	s.visit(quick) // shows the login form
	s.visit(takes(20*time.Millisecond, grace/2))
	time.Sleep(time.Second)
	if err := a.running().s.Login(a.ctx, s.account.email, password); err != nil {
		s.world.fail("login", "%v", err)
	}
	s.arrive()
	time.Sleep(grace)
	s.prove()
}

// t3 has a thief hide the successor until the owner has recovered, and show it then.
func t3(s *stage) {
	a := s.visit(quick)
	time.Sleep(time.Minute)
	thief := s.newThief(s.browser.device)
	thief.steal()
	thief.present(refresh) // t0 -> t1, which he hides
	s.timer(a, time.Second)
	s.use(a)
	time.Sleep(2 * grace)
	if thief.present(refresh) {
		s.world.fail("thief", "theft unnoticed: the thief's successor is answered after the owner has recovered")
	}
	caught(s, a)
}

// t4 does the same with pages, again and again, without ever using an access token. The thief sees pages until the
// owner's next refresh, none after it, and ends the session with a refresh of his own.
func t4(s *stage) {
	a := s.visit(quick)
	time.Sleep(time.Minute)
	thief := s.newThief(s.browser.device)
	thief.steal()
	rounds := 0
	for rounds < 10 && thief.present(page) {
		rounds++
		s.timer(a, time.Second)
		s.use(a)
		time.Sleep(2 * grace)
	}
	if rounds > 1 {
		s.world.fail("thief", "theft unnoticed: the thief takes part for %d rounds", rounds)
	}
	thief.present(refresh)
	caught(s, a)
}

// caught says that the owner's client knows of the theft at its next refresh.
func caught(s *stage, a *tab) {
	s.timer(a, time.Second)
	if st := a.running().s.State(); st.Phase != session.Ended || st.Reason != session.ReasonTokenReused {
		s.world.fail("owner", "theft unnoticed: the client is %v %v", st.Phase, st.Reason)
	}
}

func TestScenarios(t *testing.T) {
	tpl := theTemplate(t)
	for _, row := range []struct {
		name   string
		play   func(*stage)
		mutant mutant
		broken string // what fails with the mutant
	}{
		{"C1", c1, withoutW1, "an honest user is logged out"},
		{"C2", c2, withoutS2, "an honest user's page is not answered"},
		{"C3", c3, withoutW2, "an honest user is logged out"},
		{"C4", c4, withoutAge, "an honest user is logged out"},
		{"C6", c6, withoutC6, "an honest user is logged out"},
		{"C7", c7, withoutP, "an honest user is logged out"},
		{"T3", t3, withoutS5, "theft unnoticed"},
		{"T4", t4, withoutS5, "theft unnoticed"},
	} {
		for _, shared := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, shared worker %v", row.name, shared), func(t *testing.T) {
				if failures, history := perform(t, tpl, mutant{}, shared, row.play); len(failures) > 0 {
					t.Errorf("%s\n%s", history, strings.Join(failures, "\n"))
				}
				failures, history := perform(t, tpl, row.mutant, shared, row.play)
				if !strings.Contains(strings.Join(failures, "\n"), row.broken) {
					t.Errorf("holds without %q: %q\n%s", row.mutant.rule, failures, history)
				}
			})
		}
	}
}
