package auth_test

import (
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// A page request is answered as a client's refresh is, except that it ends no session and changes nothing instead (P).
func TestDecideForAPage(t *testing.T) {
	for _, row := range decideRows {
		want, o := row.action, row.opts
		if want == auth.Reuse {
			want = auth.Undecided
		}
		o.Page = true
		t.Run(row.name, func(t *testing.T) {
			d := auth.Decide(row.snap, presented(0), policy, o)
			if d.Action != want {
				t.Fatalf("decided %v %q, want %v", d.Action, d.Reason, want)
			}
			checkChange(t, row.snap, d)
		})
	}
}

// reused makes a session whose first token is reuse for every refresh, and returns that token and the current one.
func (w *world) reused() (old, current string) {
	w.t.Helper()
	first := w.signUp()
	second := w.refreshed(first.RefreshToken, plain)
	w.used(second)
	time.Sleep(time.Hour)
	return first.RefreshToken, second.RefreshToken
}

// unchanged runs do and fails where it wrote to a table.
func (w *world) unchanged(do func()) {
	w.t.Helper()
	const all = `select (select group_concat(generation || ' ' || sent_at || ' ' || coalesce(superseded_at, '') || ' ' ||
		coalesce(seen_at, ''), ',') from refresh_tokens) || '|' || (select group_concat(generation || ' ' ||
		coalesce(ended_at, '') || ' ' || coalesce(end_reason, ''), ',') from sessions) || '|' || (select count(*) from audit)`
	read := func() (text string) {
		if err := w.raw.QueryRow(all).Scan(&text); err != nil {
			w.t.Fatal(err)
		}
		return text
	}
	before := read()
	do()
	if after := read(); after != before {
		w.t.Errorf("the rows changed from\n%s\nto\n%s", before, after)
	}
}

// A page request changes nothing by a token that a client's refresh would end the session for (P), however often it
// comes. The client's refresh with the same token still ends the session.
func TestAPageEndsNoSession(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		old, current := w.reused()
		w.unchanged(func() {
			for range 3 {
				w.refused(old, byPage, auth.ReasonUndecided)
				time.Sleep(time.Minute)
			}
		})
		if w.log.Len() > 0 {
			t.Errorf("the log has\n%s", w.log)
		}
		w.refreshed(current, page)
		w.refused(old, page, auth.ReasonTokenReused)
		w.refused(current, byPage, auth.ReasonTokenReused) // a page says why a session has ended
	})
}

// Of several cookies of one page request a live session's wins, and none ends a session.
func TestSeveralTokensOfAPage(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		old, _ := w.reused()
		g, err := w.Login(w.ctx, email, password, from())
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
		for _, tokens := range [][]string{{old, g.RefreshToken}, {g.RefreshToken, old}} {
			if got, err := w.Refresh(w.ctx, from(tokens...), byPage); err != nil || got.SessionID != g.SessionID {
				t.Errorf("session %s answered, %v", got.SessionID, err)
			}
		}
		w.unchanged(func() {
			for _, tokens := range [][]string{{old, out.RefreshToken}, {out.RefreshToken, old}, {"junk", old, old}} {
				_, err := w.Refresh(w.ctx, from(tokens...), byPage)
				wantError(t, err, auth.CodeUnauthenticated, auth.ReasonUndecided)
			}
		})
	})
}
