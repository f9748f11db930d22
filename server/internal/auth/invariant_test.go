package auth_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"example.com/latchkey/server/internal/auth"
)

// TestInvariants plays random histories of a session in which any token ever issued may be presented again at any
// time, and checks what the package's doc says holds.
func TestInvariants(t *testing.T) {
	check(t, play)
}

// check plays random histories. Each has a bubble of its own: rapid measures time, and may not live in one. What it
// throws to stop a history is handed over.
func check(t *testing.T, play func(*testing.T, *rapid.T)) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		var thrown any
		synctest.Test(t, func(t *testing.T) {
			defer func() { thrown = recover() }()
			play(t, rt)
		})
		if thrown != nil {
			panic(thrown)
		}
	})
}

func play(t *testing.T, rt *rapid.T) {
	cfg := standard
	cfg.IdleTTL, cfg.MaxTTL, cfg.Recovery = 6*time.Hour, 24*time.Hour, 2*time.Hour
	w := newWorld(t, cfg)
	g := w.signUp()
	h := &history{world: w, rt: rt, session: g.SessionID, issued: []auth.Grant{g}, current: g.RefreshToken}
	rt.Repeat(map[string]func(*rapid.T){
		"wait":    h.wait,
		"present": h.present,
		"race":    h.race,
		"use":     h.use,
		"prune":   h.prune,
		"log out": h.logOut,
		"":        h.check,
	})
}

// history is a session and all that was ever issued of it.
type history struct {
	*world
	rt      *rapid.T
	session string
	issued  []auth.Grant
	current string
	ended   bool
}

func (h *history) wait(rt *rapid.T) {
	time.Sleep(rapid.SampledFrom([]time.Duration{
		ms, time.Second, grace - ms, grace, grace + ms, 5 * time.Minute, time.Hour, 2 * time.Hour,
	}).Draw(rt, "wait"))
}

func (h *history) options(rt *rapid.T) auth.RefreshOptions {
	return rapid.SampledFrom([]auth.RefreshOptions{plain, page, recovering, minAge(grace), byPage}).Draw(rt, "options")
}

func (h *history) any(rt *rapid.T) auth.Grant {
	return h.issued[rapid.IntRange(max(0, len(h.issued)-6), len(h.issued)-1).Draw(rt, "token")]
}

func (h *history) present(rt *rapid.T) { h.exchange(h.any(rt).RefreshToken, h.options(rt)) }

// race presents one token several times at one moment: whoever is given a token is given the same.
func (h *history) race(rt *rapid.T) {
	token, o := h.any(rt).RefreshToken, h.options(rt)
	first := h.exchange(token, o)
	for range 2 {
		again := h.exchange(token, o)
		if first != "" && again != "" && first != again {
			rt.Fatal("racing presentations of one token were given two")
		}
	}
}

func (h *history) exchange(token string, o auth.RefreshOptions) (given string) {
	g, err := h.Refresh(h.ctx, from(token), o)
	var e *auth.Error
	switch {
	case err == nil && h.ended:
		h.rt.Fatal("an ended session was answered")
	case errors.As(err, &e) && e.Code != auth.CodeUnauthenticated:
		h.rt.Fatalf("refresh: %v: %v", e, e.Err)
	case err != nil && e.Reason == auth.ReasonTokenReused && !h.ended && o.Page:
		h.rt.Fatal("a page request ended the session")
	case err != nil && e.Reason == auth.ReasonUndecided && (h.ended || !o.Page):
		h.rt.Fatal("undecided, of an ended session or not of a page request")
	case err != nil && e.Reason != auth.ReasonUnknownToken && e.Reason != auth.ReasonUndecided:
		h.ended = true // by reuse or by its age
	case err == nil && g.RefreshToken == "" && token != h.current:
		h.rt.Fatal("a token that is not current was let stand")
	case err == nil && g.RefreshToken != "":
		h.current = g.RefreshToken
		h.issued = append(h.issued, g)
	}
	return g.RefreshToken
}

func (h *history) use(rt *rapid.T) {
	_, err := h.Authenticate(h.ctx, h.any(rt).AccessToken, rapid.Bool().Draw(rt, "by holder"))
	if e := (*auth.Error)(nil); errors.As(err, &e) && e.Code != auth.CodeUnauthenticated {
		rt.Fatalf("authenticate: %v: %v", e, e.Err)
	}
}

func (h *history) prune(rt *rapid.T) {
	h.world.prune(auth.Retention{Grace: grace, Recovery: 2 * time.Hour, Sessions: 7 * time.Hour, Counts: time.Hour})
}

func (h *history) logOut(rt *rapid.T) {
	if rapid.IntRange(0, 9).Draw(rt, "log out") > 0 {
		return // seldom, or no history would be long
	}
	if err := h.Logout(h.ctx, from(h.current), nil); err != nil {
		rt.Fatal(err)
	}
	h.ended = true
}

func (h *history) check(rt *rapid.T) {
	var current, reachable int
	_, generation := auth.Place(h.current)
	if err := h.raw.QueryRow(`select count(*), count(case when t.generation = s.generation and t.generation = ? then 1 end)
		from refresh_tokens t join sessions s on s.id = t.session_id where s.id = ? and superseded_at is null`,
		generation, h.session).Scan(&current, &reachable); err != nil {
		rt.Fatal(err)
	}
	pruned := h.ended && current == 0
	if !pruned && (current != 1 || reachable != 1) {
		rt.Fatalf("%d current tokens, %d of them the last one sent", current, reachable)
	}
}
