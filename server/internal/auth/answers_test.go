package auth_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/latchkey/server/internal/auth"
)

// questions counts what a service asks of answers.
type questions struct {
	auth.Store
	asked, marked atomic.Int64
}

func (q *questions) Answered(ctx context.Context, a auth.Answer) error {
	q.asked.Add(1)
	return q.Store.Answered(ctx, a)
}

func (q *questions) MarkSeen(ctx context.Context, a auth.Answer) error {
	q.marked.Add(1)
	return q.Store.MarkSeen(ctx, a)
}

func (q *questions) take() (asked, marked int64) { return q.asked.Swap(0), q.marked.Swap(0) }

// TestForgedSessionsAreUnknown shows tokens with good signatures of sessions that never were, or of others' sessions: as
// a thief of the signing key makes them.
func TestForgedSessionsAreUnknown(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g, other := w.signUp(), w.loggedInAs("eve@example.com")
		for name, forge := range map[string]func(claims map[string]any){
			"a session that never was":       func(c map[string]any) { c["sid"] = uuid.NewString() },
			"no UUID":                        func(c map[string]any) { c["sid"] = "x\x00y" },
			"a user who never was":           func(c map[string]any) { c["sub"] = uuid.NewString() },
			"another user's session":         func(c map[string]any) { c["sub"] = other.User.ID },
			"a generation that is not there": func(c map[string]any) { c["gen"] = 2 },
			"a generation of another time":   func(c map[string]any) { c["gen"] = int64(1) << 52 },
		} {
			claims := part(t, g.AccessToken, 1)
			forge(claims)
			token := w.SignToken(nil, claims)
			for _, byHolder := range []bool{true, false, true} {
				if _, err := w.Authenticate(w.ctx, token, byHolder); err == nil {
					t.Errorf("%s is answered (by holder: %v)", name, byHolder)
				} else {
					wantError(t, err, auth.CodeUnauthenticated, auth.ReasonUnknownToken)
				}
			}
		}
		w.used(g)
		w.used(other)
	})
}

// TestTokensAfterARestoredCopy restores the database from a copy that is older than a session, and than another one's
// last refresh.
func TestTokensAfterARestoredCopy(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		old := w.signUp()
		restore := w.copied()
		next, later := w.refreshed(old.RefreshToken, plain), w.loggedInAs("eve@example.com")
		restore()
		_, s := w.aside(standard)
		for name, token := range map[string]string{"refreshed later": next.AccessToken, "logged in later": later.AccessToken} {
			_, err := s.Authenticate(w.ctx, token, true)
			wantError(t, err, auth.CodeUnauthenticated, auth.ReasonUnknownToken)
			t.Log(name)
		}
		if _, err := s.Authenticate(w.ctx, old.AccessToken, true); err != nil {
			t.Errorf("what is in the copy: %v", err)
		}
	})
}

// copied copies the accounts and sessions, and returns what puts the copies back.
func (w *world) copied() (restore func()) {
	w.t.Helper()
	tables := []string{"users", "sessions", "refresh_tokens"}
	run := func(statement string) {
		w.t.Helper()
		if _, err := w.raw.Exec(statement); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, table := range tables {
		run(`create table copied_` + table + ` as select * from ` + table)
	}
	return func() {
		w.t.Helper()
		run(`delete from users`)
		run(`delete from sessions`)
		run(`delete from refresh_tokens`)
		for _, table := range tables {
			run(`insert into ` + table + ` select * from copied_` + table)
		}
	}
}

// TestAnswersAreAskedForOnce counts what a process asks the store: nothing of its own answers until their tokens are
// used, and once of each answer.
func TestAnswersAreAskedForOnce(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		mine, others := &questions{Store: w.store}, &questions{Store: w.store}
		s, err := auth.New(w.ctx, mine, standard)
		if err != nil {
			t.Fatal(err)
		}
		other, err := auth.New(w.ctx, others, standard)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetPasswordCost(64, 1); err != nil {
			t.Fatal(err)
		}
		g, err := s.SignUp(w.ctx, email, password, "", from())
		if err != nil {
			t.Fatal(err)
		}
		for round := range 3 {
			for _, row := range []struct {
				who           string
				s             *auth.Service
				q             *questions
				byHolder      bool
				asked, marked int64 // at the first use
			}{
				{"the renderer, in the process that answered", s, mine, false, 0, 0},
				{"the renderer, elsewhere", other, others, false, 1, 0},
				{"its holder", s, mine, true, 0, 1},
				{"its holder, elsewhere", other, others, true, 0, 1},
				{"the renderer after its holder", s, mine, false, 0, 0},
				{"the renderer after its holder, elsewhere", other, others, false, 0, 0},
			} {
				for use := range 3 {
					if _, err := row.s.Authenticate(w.ctx, g.AccessToken, row.byHolder); err != nil {
						t.Fatalf("%s: %v", row.who, err)
					}
					asked, marked := row.q.take()
					if use == 0 && (asked != row.asked || marked != row.marked) || use > 0 && asked+marked > 0 {
						t.Errorf("round %d, %s, use %d: it asked %d times and marked %d times", round, row.who, use, asked, marked)
					}
				}
			}
			time.Sleep(100 * time.Millisecond)
			if g, err = s.Refresh(w.ctx, from(g.RefreshToken), plain); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestTheSameAnswerAgain refreshes without a new refresh token: the access tokens are of one answer, marked once.
func TestTheSameAnswerAgain(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		q := &questions{Store: w.store}
		s, err := auth.New(w.ctx, q, standard)
		if err != nil {
			t.Fatal(err)
		}
		g := w.signUp()
		for range 2 {
			if _, err := s.Authenticate(w.ctx, g.AccessToken, true); err != nil {
				t.Fatal(err)
			}
			again, err := s.Refresh(w.ctx, from(g.RefreshToken), auth.RefreshOptions{MinAge: time.Hour})
			if err != nil || again.RefreshToken != "" {
				t.Fatalf("%+v, %v", again, err)
			}
			g.AccessToken = again.AccessToken
		}
		if asked, marked := q.take(); asked != 0 || marked != 1 {
			t.Errorf("it asked %d times and marked %d times, want one mark", asked, marked)
		}
	})
}
