package auth_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/latchkey/server/internal/auth"
)

// A stolen token that comes back when nothing is left of its row is known all the same, and the evidence names it.
func TestReuseOfATokenThatWasPruned(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		stolen := w.signUp()
		token := stolen.RefreshToken
		for range 20 {
			time.Sleep(5 * time.Minute)
			g := w.refreshed(token, page)
			w.used(g)
			token = g.RefreshToken
			w.prune(retention)
		}
		if n := w.count(`select count(*) from refresh_tokens`); n > 3 {
			t.Errorf("%d tokens are kept", n)
		}
		time.Sleep(20 * 24 * time.Hour)
		w.refused(stolen.RefreshToken, page, auth.ReasonTokenReused)
		w.refused(token, page, auth.ReasonTokenReused)
		if n := w.count(`select count(*) from audit a join sessions s on s.id = a.session_id and s.end_token_id = a.token_id
			where a.reason = 'TOKEN_REUSED' and a.token_id = ? and a.ip = '192.0.2.7' and s.end_ip = a.ip`,
			auth.TokenName(stolen.RefreshToken)); n != 1 {
			t.Errorf("%d audit records of the reuse", n)
		}
	})
}

// Nobody without the secret ends a session by naming a token whose row is gone, and nobody at all once no jar can hold
// it.
func TestPrunedTokensHarmNothing(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		first := w.signUp()
		time.Sleep(time.Hour)
		second := w.refreshed(first.RefreshToken, page)
		w.used(second)
		time.Sleep(time.Hour)
		w.prune(retention)
		w.refused(first.RefreshToken[:56]+second.RefreshToken[56:], page, auth.ReasonUnknownToken)
		w.refused(edited(first.RefreshToken, func(id []byte) { id[25]++ }), page, auth.ReasonUnknownToken)
		current := second.RefreshToken
		for range 31 * 24 {
			time.Sleep(time.Hour)
			g := w.refreshed(current, page)
			w.used(g)
			current = g.RefreshToken
		}
		w.refused(first.RefreshToken, page, auth.ReasonUnknownToken)
		w.refreshed(current, page)
	})
}

// retention is what a service with the standard configuration prunes by.
var retention = auth.Retention{Grace: grace, Recovery: recovery, Sessions: idle + 24*time.Hour, Counts: time.Hour}

// TestPruningChangesNoAnswer plays random histories on two services, one pruned all the time and one never: any token
// that a cookie jar may hold has the same outcome on both.
func TestPruningChangesNoAnswer(t *testing.T) { check(t, playTwice) }

func playTwice(t *testing.T, rt *rapid.T) {
	cfg := standard
	cfg.IdleTTL, cfg.MaxTTL, cfg.Recovery = 6*time.Hour, 24*time.Hour, 2*time.Hour
	h := &twins{pruned: newWorld(t, cfg), kept: newWorld(t, cfg), idle: cfg.IdleTTL,
		retention: auth.Retention{Grace: cfg.Grace, Recovery: cfg.Recovery}}
	h.add(h.pruned.signUp(), h.kept.signUp())
	rt.Repeat(map[string]func(*rapid.T){
		"wait":    func(rt *rapid.T) { (&history{}).wait(rt) },
		"present": h.present,
		"rotate":  h.rotate,
		"use":     h.use,
		"log out": h.logOut,
		"":        h.check,
	})
}

// twins are two services with one history.
type twins struct {
	pruned, kept *world
	idle         time.Duration
	retention    auth.Retention
	issued       []*issued
}

// issued is a token as each service made it, and when it was last sent.
type issued struct {
	pruned, kept auth.Grant
	sent         time.Time
}

// add takes note of what was issued, or sent again. Both services number their tokens alike.
func (h *twins) add(pruned, kept auth.Grant) {
	_, generation := auth.Place(kept.RefreshToken)
	if int(generation) > len(h.issued) {
		h.issued = append(h.issued, &issued{})
	}
	*h.issued[generation-1] = issued{pruned, kept, time.Now()}
}

func (h *twins) any(rt *rapid.T) *issued {
	return h.issued[rapid.IntRange(max(0, len(h.issued)-8), len(h.issued)-1).Draw(rt, "token")]
}

func (h *twins) present(rt *rapid.T) { h.exchange(rt, h.any(rt)) }
func (h *twins) rotate(rt *rapid.T)  { h.exchange(rt, h.issued[len(h.issued)-1]) }

func (h *twins) exchange(rt *rapid.T, t *issued) {
	o := (&history{}).options(rt)
	if time.Since(t.sent) > h.idle {
		return // no jar holds it any more
	}
	a, errA := h.pruned.Refresh(h.pruned.ctx, from(t.pruned.RefreshToken), o)
	b, errB := h.kept.Refresh(h.kept.ctx, from(t.kept.RefreshToken), o)
	if x, y := outcome(a, errA), outcome(b, errB); x != y {
		rt.Fatalf("pruned: %s, not pruned: %s", x, y)
	}
	if errB == nil && b.RefreshToken != "" {
		h.add(a, b)
	}
}

// outcome is what the holder learns: why not, or which token.
func outcome(g auth.Grant, err error) string {
	var e *auth.Error
	switch {
	case errors.As(err, &e):
		return fmt.Sprintf("%s %s", e.Code, e.Reason)
	case g.RefreshToken == "":
		return "the cookie stays"
	}
	_, generation := auth.Place(g.RefreshToken)
	return fmt.Sprintf("token %d", generation)
}

func (h *twins) use(rt *rapid.T) {
	t, byHolder := h.any(rt), rapid.Bool().Draw(rt, "by holder")
	_, errA := h.pruned.Authenticate(h.pruned.ctx, t.pruned.AccessToken, byHolder)
	_, errB := h.kept.Authenticate(h.kept.ctx, t.kept.AccessToken, byHolder)
	if x, y := outcome(auth.Grant{}, errA), outcome(auth.Grant{}, errB); x != y {
		rt.Fatalf("an access token: pruned: %s, not pruned: %s", x, y)
	}
}

// logOut lets any token end the session, seldom, or no history would be long.
func (h *twins) logOut(rt *rapid.T) {
	t := h.any(rt)
	if rapid.IntRange(0, 19).Draw(rt, "log out") > 0 || time.Since(t.sent) > h.idle {
		return
	}
	errA := h.pruned.Logout(h.pruned.ctx, from(t.pruned.RefreshToken), nil)
	errB := h.kept.Logout(h.kept.ctx, from(t.kept.RefreshToken), nil)
	if errA != nil || errB != nil {
		rt.Fatal(errA, errB)
	}
}

// check prunes after each step, and compares what became of the two sessions.
func (h *twins) check(rt *rapid.T) {
	h.pruned.prune(h.retention)
	const end = `select coalesce(end_reason, '') || ' ' || generation from sessions`
	if a, b := h.pruned.text(end), h.kept.text(end); a != b {
		rt.Fatalf("sessions: pruned: %s, not pruned: %s", a, b)
	}
}

// text runs a query for one text.
func (w *world) text(query string, args ...any) (s string) {
	w.t.Helper()
	if err := w.raw.QueryRow(query, args...).Scan(&s); err != nil {
		w.t.Fatal(err)
	}
	return s
}
