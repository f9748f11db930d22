package simulation

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// twelve opens so many tabs, whose pages take five seconds each.
func (s *stage) twelve(address func(tab int) string) {
	for i := range 12 {
		s.visitAt(address(i), takes(20*time.Millisecond, 5*time.Second))
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(12 * 6 * time.Second)
	s.prove()
}

// c7 opens twelve tabs on one address: the last ones leave a minute after they were made, with the cookie of then.
func c7(s *stage) { s.twelve(func(int) string { return "/posts" }) }

// TestTwelveAddresses opens the tabs of C7 on an address each: no cookie comes late, so that P is not needed.
func TestTwelveAddresses(t *testing.T) {
	tpl := theTemplate(t)
	failures, history := perform(t, tpl, withoutP, true, func(s *stage) {
		s.twelve(func(tab int) string { return fmt.Sprintf("/posts?tab=%d", tab) })
	})
	if len(failures) > 0 {
		t.Errorf("%s\n%s", history, strings.Join(failures, "\n"))
	}
}

// TestTheftWithoutScripts has no client of the owner's that could find a theft out. The owner's page that finds the old
// token shows the login form and ends nothing (P). The owner's login with that token ends the session.
func TestTheftWithoutScripts(t *testing.T) {
	failures, history := perform(t, theTemplate(t), mutant{}, true, func(s *stage) {
		s.scriptless = true
		s.visit(quick)
		time.Sleep(time.Minute)
		thief := s.newThief(s.browser.device)
		thief.steal()
		thief.present(refresh)
		thief.use(thief.tokens[0])
		time.Sleep(2 * grace)

		first := s.session()
		meets := func(what string, m *message, status int, ended bool) {
			tab := s.open(m, 0, 0)
			time.Sleep(time.Second)
			if got := tab.shows(); got != status || s.watch.hasEnded(first) != ended {
				s.world.fail("owner", "%s: a page has status %d, and that the session has ended is %v", what, got, !ended)
			}
			s.shut(tab)
		}
		meets("before the login", get("/posts"), http.StatusUnauthorized, false)
		form := url.Values{"intent": {"login"}, "email": {s.account.email}, "password": {password}}
		meets("at the login", postForm(login, "/posts", form), http.StatusOK, true)
		s.arrive()
		if s.session() == first {
			s.world.fail("owner", "has no session of its own after the login")
		}
		if thief.present(refresh) {
			s.world.fail("thief", "theft unnoticed: the thief is answered after the owner's login")
		}
		s.watch.mu.Lock()
		if reason := s.watch.sessions[first].now.reason; reason != "TOKEN_REUSED" {
			s.world.fail("database", "the session has ended: %s", reason)
		}
		s.watch.mu.Unlock()
		s.prove()
	})
	if len(failures) > 0 {
		t.Errorf("%s\n%s", history, strings.Join(failures, "\n"))
	}
}
