package route_test

import (
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/servertest"
)

// atOnce sends n requests as nearly at once as it goes, and returns every answer.
func atOnce(s site, n int, a func(i int) ask) []answer {
	s.t.Helper()
	answers := make([]answer, n)
	gate := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-gate
			var err error
			if answers[i], err = s.send(a(i)); err != nil {
				s.t.Error(err)
			}
		})
	}
	close(gate)
	wg.Wait()
	return answers
}

// Any number of racing requests with one token end with one and the same successor.
func TestRacingRefreshesGetOneSuccessor(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	m := s.register("ada")
	const racers = 20
	token := m.refresh
	for round := 1; round <= 3; round++ {
		next := ""
		for _, a := range atOnce(s, racers, func(int) ask { return ask{query: plainRefresh, cookies: []string{token}} }) {
			if a.said() != "" || a.cookie() == "" || a.cookie() == token {
				t.Fatalf("round %d: %d %s", round, a.status, a.body)
			}
			if next == "" {
				next = a.cookie()
			}
			if a.cookie() != next {
				t.Errorf("round %d: a fork: %s and %s", round, next[:56], a.cookie()[:56])
			}
		}
		if n := value[int](t, db, `select count(*) from refresh_tokens where session_id = $1`, m.session); n != round+1 {
			t.Errorf("round %d: the session has had %d tokens, want %d", round, n, round+1)
		}
		if n := value[int](t, db, `select count(*) from refresh_tokens where session_id = $1 and superseded_at is null`, m.session); n != 1 {
			t.Errorf("round %d: %d tokens are current", round, n)
		}
		token = next
	}
	pass(t, db, m.session, time.Minute)
	s.rotated(token)
}

// Whatever races with a logout: once it is answered, nothing of the session is.
func TestNothingIsAnsweredAfterALogout(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	ada := s.register("ada")
	for range 3 {
		m := s.another(ada)
		answers := atOnce(s, 10, func(i int) ask {
			if i == 5 {
				return ask{query: logoutQuery, cookies: []string{m.refresh}}
			}
			return ask{query: plainRefresh, cookies: []string{m.refresh}}
		})
		if done := answers[5].data.Logout; done == nil || !*done {
			t.Fatalf("logout: %s", answers[5].body)
		}
		for i, a := range answers {
			if said := a.said(); said != "" && said != "UNAUTHENTICATED LOGGED_OUT" {
				t.Errorf("a racing refresh is answered with %s", a.body)
			}
			if token := a.cookie(); i != 5 && token != "" {
				if late := s.refresh(token); late.said() != "UNAUTHENTICATED LOGGED_OUT" {
					t.Errorf("the token that a racer got is answered with %s", late.body)
				}
			}
		}
		wantEnded(s, m, "LOGGED_OUT")
	}
}

// With a grace of a second and the real clock: good within it, the end of the session after it.
func TestTheGraceRunsOut(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{Grace: time.Second})
	m := s.register("ada")
	began := time.Now()
	next := s.rotated(m.refresh)
	rotated := time.Now()
	eventually(t, "refused", func() bool {
		sent := time.Now()
		a := s.refresh(m.refresh)
		switch a.said() {
		case "":
			if a.cookie() != next || sent.Sub(rotated) > time.Second+5*time.Millisecond {
				t.Fatalf("%s after its rotation: %s %v", sent.Sub(rotated), a.body, a.header)
			}
			return false
		case "UNAUTHENTICATED TOKEN_REUSED":
			if age := time.Since(began); age < time.Second {
				t.Errorf("refused %s after its rotation, which is within the grace", age)
			}
			return true
		}
		t.Fatalf("answered with %d %s", a.status, a.body)
		return true
	})
	wantEnded(s, member{access: m.access, refresh: next}, "TOKEN_REUSED")
}
