package auth_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/server/internal/auth"
)

func TestRefreshRotates(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		first := w.signUp()
		time.Sleep(time.Minute)
		second := w.refreshed(first.RefreshToken, page)
		if second.RefreshToken == "" || second.RefreshToken == first.RefreshToken {
			t.Fatal("a current token of a minute was not rotated")
		}
		if second.User.Email != email || second.SessionID != first.SessionID {
			t.Errorf("the grant is for %v in %s", second.User, second.SessionID)
		}
		superseded, expires := w.supersededAt(first.RefreshToken)
		if want := time.Now().Add(grace); !expires.Equal(want) || !superseded.Equal(time.Now()) {
			t.Errorf("superseded at %v, expires at %v, want %v", superseded, expires, want)
		}
		kept := w.refreshed(second.RefreshToken, page)
		if kept.RefreshToken != "" || kept.AccessToken == "" {
			t.Error("a token younger than minAge was rotated")
		}
		if id := w.used(kept); id.Generation != 2 || id.UserID != first.User.ID {
			t.Errorf("identity %+v", id)
		}
		if id := w.used(first); id.Generation != 1 {
			t.Errorf("an access token handed out before the refresh: %+v", id)
		}
	})
}

// supersededAt reads the row of a token.
func (w *world) supersededAt(token string) (superseded, expires time.Time) {
	w.t.Helper()
	var s, e int64
	session, generation := auth.Place(token)
	if err := w.raw.QueryRow(`select superseded_at, expires_at from refresh_tokens where session_id = ? and generation = ?`,
		session, generation).Scan(&s, &e); err != nil {
		w.t.Fatal(err)
	}
	return time.UnixMilli(s).UTC(), time.UnixMilli(e).UTC()
}

// TestRacingRefreshes is the promise of contract §3: any number of racing requests with one token end with one and
// the same successor.
func TestRacingRefreshes(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		first := w.signUp()
		time.Sleep(time.Minute)
		var (
			wg    sync.WaitGroup
			mu    sync.Mutex
			given = map[string]int{}
		)
		for range 20 {
			wg.Go(func() {
				g, err := w.Refresh(w.ctx, from(first.RefreshToken), plain)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				given[g.RefreshToken]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if len(given) != 1 {
			t.Fatalf("20 racing requests were given %d tokens", len(given))
		}
		if n := w.count(`select count(*) from refresh_tokens where superseded_at is null`); n != 1 {
			t.Errorf("%d current tokens", n)
		}
		time.Sleep(grace + ms)
		for token := range given {
			w.refreshed(token, plain)
		}
	})
}

func TestReuseEndsTheSession(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		first := w.signUp()
		second := w.refreshed(first.RefreshToken, plain)
		third := w.refreshed(second.RefreshToken, plain)
		w.used(third)
		time.Sleep(grace + ms)
		w.refused(first.RefreshToken, page, auth.ReasonTokenReused)
		w.refused(third.RefreshToken, plain, auth.ReasonTokenReused)
		w.refused(second.RefreshToken, plain, auth.ReasonTokenReused)
		_, err := w.Authenticate(w.ctx, third.AccessToken, true)
		wantError(t, err, auth.CodeUnauthenticated, auth.ReasonTokenReused)
		if n := w.count(`select count(*) from audit where kind = 'SESSION_ENDED' and reason = 'TOKEN_REUSED' and user_id = ?
			and session_id = ? and token_id = ? and ip = '192.0.2.7' and user_agent = 'Test/1.0' and at > 0`,
			first.User.ID, first.SessionID, auth.TokenName(first.RefreshToken)); n != 1 {
			t.Errorf("%d audit records of the reuse", n)
		}
		if n := w.count(`select count(*) from sessions where end_reason = 'TOKEN_REUSED' and end_token_id = ?
			and end_ip = '192.0.2.7'`, auth.TokenName(first.RefreshToken)); n != 1 {
			t.Errorf("%d sessions with the evidence", n)
		}
		if n := w.count(`select count(*) from refresh_tokens where sealed is not null`); n != 0 {
			t.Errorf("%d seals of an ended session", n)
		}
		if !strings.Contains(w.log.String(), "used again") {
			t.Errorf("nothing in the log:\n%s", w.log)
		}
		w.clean(first.RefreshToken, second.RefreshToken, third.RefreshToken, password)
	})
}

func TestWrongSecretHarmsNothing(t *testing.T) {
	guess := func(of string) string { return of[:56] + auth.NewRefreshToken()[56:] }
	for _, row := range []struct {
		name  string
		token func(superseded, current string) string
	}{
		{"guess at the superseded", func(s, _ string) string { return guess(s) }},
		{"guess at the current", func(_, c string) string { return guess(c) }},
		{"secret of another", func(s, c string) string { return c[:56] + s[56:] }},
		{"unknown id", func(_, _ string) string { return auth.NewRefreshToken() }},
		{"malformed", func(_, c string) string { return "x" + c }},
		{"empty", func(_, _ string) string { return "" }},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, standard, func(t *testing.T, w *world) {
				first := w.signUp()
				second := w.refreshed(first.RefreshToken, plain)
				time.Sleep(time.Hour)
				token := row.token(first.RefreshToken, second.RefreshToken)
				w.refused(token, page, auth.ReasonUnknownToken)
				if err := w.Logout(w.ctx, from(token), nil); err != nil {
					t.Error(err)
				}
				if _, err := w.Login(w.ctx, email, password, from(token)); err != nil {
					t.Error(err)
				}
				w.refreshed(second.RefreshToken, plain)
				if err := w.Logout(w.ctx, from(second.RefreshToken), nil); err != nil {
					t.Fatal(err)
				}
				w.refused(token, plain, auth.ReasonUnknownToken) // a guess is not told why the session ended
			})
		})
	}
}

func TestNoToken(t *testing.T) {
	w := newWorld(t, standard)
	_, err := w.Refresh(w.ctx, from(), page)
	wantError(t, err, auth.CodeUnauthenticated, auth.ReasonNoToken)
}

func TestEndsOfALife(t *testing.T) {
	cfg := standard
	cfg.IdleTTL, cfg.MaxTTL = time.Hour, 2*time.Hour
	t.Run("idle", func(t *testing.T) {
		inBubble(t, cfg, func(t *testing.T, w *world) {
			g := w.signUp()
			time.Sleep(time.Hour + ms)
			w.refused(g.RefreshToken, page, auth.ReasonIdle)
		})
	})
	t.Run("max age", func(t *testing.T) {
		inBubble(t, cfg, func(t *testing.T, w *world) {
			g := w.signUp()
			time.Sleep(time.Hour)
			g = w.refreshed(g.RefreshToken, page)
			time.Sleep(time.Hour - 10*time.Second)
			g = w.refreshed(g.RefreshToken, page)
			if left := time.Until(g.Expiry); left > 10*time.Second {
				t.Errorf("an access token outlives its session: %v", left)
			}
			time.Sleep(10 * time.Second)
			w.refused(g.RefreshToken, page, auth.ReasonMaxAge)
		})
	})
	t.Run("access token of an idle session", func(t *testing.T) {
		cfg.IdleTTL = time.Minute
		inBubble(t, cfg, func(t *testing.T, w *world) {
			g := w.signUp()
			if left := time.Until(g.Expiry); left > time.Minute {
				t.Errorf("an access token outlives its session: %v", left)
			}
		})
	})
}

func TestSeveralTokens(t *testing.T) {
	type sessions struct{ a0, a1, b0, b1, guess, ended string }
	for _, row := range []struct {
		name   string
		tokens func(s sessions) []string
		live   string      // the session that is answered, or
		reason auth.Reason // why none is
		ended  int         // sessions ended by it
	}{
		{"the live one comes last", func(s sessions) []string { return []string{"junk", s.guess, s.ended, s.b1} }, "b", "", 0},
		{"the live one comes first", func(s sessions) []string { return []string{s.b1, s.ended, s.guess} }, "b", "", 0},
		{"a leftover of the same session", func(s sessions) []string { return []string{s.a0, s.a1} }, "a", "", 0},
		{"a leftover behind the current one", func(s sessions) []string { return []string{s.a1, s.a0} }, "a", "", 0},
		{"a reused one of another session", func(s sessions) []string { return []string{s.a0, s.b1} }, "b", "", 1},
		{"one token twice", func(s sessions) []string { return []string{s.b1, s.b1} }, "b", "", 0},
		{"reuse tells most", func(s sessions) []string { return []string{s.ended, s.a0, s.guess} }, "", auth.ReasonTokenReused, 1},
		{"two reused", func(s sessions) []string { return []string{s.a0, s.b0} }, "", auth.ReasonTokenReused, 2},
		{"an ending tells more than a guess", func(s sessions) []string { return []string{s.guess, s.ended} }, "", auth.ReasonLoggedOut, 0},
		{"guesses", func(s sessions) []string { return []string{s.guess, "junk"} }, "", auth.ReasonUnknownToken, 0},
		{"nothing but junk", func(s sessions) []string { return []string{"junk", ""} }, "", auth.ReasonUnknownToken, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, standard, func(t *testing.T, w *world) {
				a := w.signUp()
				b, err := w.Login(w.ctx, email, password, from())
				if err != nil {
					t.Fatal(err)
				}
				out, err := w.Login(w.ctx, email, password, from())
				if err != nil {
					t.Fatal(err)
				}
				if err := w.Logout(w.ctx, from(out.RefreshToken), nil); err != nil {
					t.Fatal(err)
				}
				a1, b1 := w.refreshed(a.RefreshToken, plain), w.refreshed(b.RefreshToken, plain)
				w.used(a1)
				w.used(b1)
				time.Sleep(time.Hour)
				s := sessions{a.RefreshToken, a1.RefreshToken, b.RefreshToken, b1.RefreshToken, auth.NewRefreshToken(), out.RefreshToken}
				before := w.count(`select count(*) from sessions where ended_at is not null`)
				g, err := w.Refresh(w.ctx, from(row.tokens(s)...), page)
				if row.live == "" {
					wantError(t, err, auth.CodeUnauthenticated, row.reason)
				} else if want := map[string]string{"a": a.SessionID, "b": b.SessionID}[row.live]; err != nil || g.SessionID != want {
					t.Errorf("answered session %s, %v; want %s", g.SessionID, err, want)
				}
				if n := w.count(`select count(*) from sessions where ended_at is not null`) - before; n != row.ended {
					t.Errorf("ended %d sessions, want %d", n, row.ended)
				}
			})
		})
	}
}

// TestFailuresOfTheStore shows that a failing database says nothing to the user, and what it is to the log.
func TestFailuresOfTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, standard)
		g := w.signUp()
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := w.Refresh(w.ctx, from(g.RefreshToken), plain)
		if e := wantError(t, err, auth.CodeInternal, ""); e.Err == nil || strings.Contains(e.Error(), "database") {
			t.Errorf("shown %q, cause %v", e.Error(), e.Err)
		}
		_, err = w.Sessions(w.ctx, auth.Identity{UserID: g.User.ID})
		wantError(t, err, auth.CodeInternal, "")
	})
}
