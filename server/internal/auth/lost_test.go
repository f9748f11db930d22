package auth_test

import (
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// The counter-examples to leaving a rule out. The client's part in them is its rules: every refresh of its own has minAge =
// grace and recover, as the page's has.

// C1: the answer to a page is lost, and the client's timer presents the old token after the grace.
func TestLostAnswerIsRecovered(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		first := w.signUp()
		time.Sleep(time.Minute)
		lost := w.refreshed(first.RefreshToken, page)
		time.Sleep(4 * time.Minute)
		found := w.refreshed(first.RefreshToken, page)
		if found.RefreshToken == "" || found.RefreshToken == lost.RefreshToken {
			t.Error("the lost token, sent long ago, was sent again")
		}
		w.used(found)
		if n := w.count(`select count(*) from audit where kind = 'TOKEN_RECOVERED' and token_id = ? and ip = '192.0.2.7'
			and user_agent = 'Test/1.0'`, auth.TokenName(first.RefreshToken)); n != 1 {
			t.Errorf("%d audit records of the recovery", n)
		}
		time.Sleep(time.Minute)
		w.refreshed(found.RefreshToken, page)
	})
	t.Run("not without recover", func(t *testing.T) {
		inBubble(t, standard, func(t *testing.T, w *world) {
			first := w.signUp()
			w.refreshed(first.RefreshToken, plain)
			time.Sleep(grace + ms)
			w.refused(first.RefreshToken, minAge(grace), auth.ReasonTokenReused)
		})
	})
}

// The server's own renderer uses the access token of a page that is lost: that is not the holder's use.
func TestRenderingIsNotSeeing(t *testing.T) {
	for _, row := range []struct {
		name     string
		byHolder bool
	}{{"by the renderer", false}, {"by the holder", true}} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, standard, func(t *testing.T, w *world) {
				first := w.signUp()
				time.Sleep(time.Minute)
				lost := w.refreshed(first.RefreshToken, page)
				if _, err := w.Authenticate(w.ctx, lost.AccessToken, row.byHolder); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				if row.byHolder {
					w.refused(first.RefreshToken, page, auth.ReasonTokenReused)
				} else {
					w.refreshed(first.RefreshToken, page)
				}
			})
		})
	}
}

// C2: next day two tabs of a browser whose last answer was lost send the same cookie; one is answered and used before
// the other arrives.
func TestTwoTabsAfterALostAnswer(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		first := w.signUp()
		w.refreshed(first.RefreshToken, plain)
		time.Sleep(20 * time.Hour)
		a := w.refreshed(first.RefreshToken, page)
		kept := w.refreshed(a.RefreshToken, page)
		if kept.RefreshToken != "" {
			t.Error("the recovered token was rotated at once")
		}
		w.used(kept)
		time.Sleep(grace - ms)
		b := w.refreshed(first.RefreshToken, page)
		if b.RefreshToken != a.RefreshToken {
			t.Error("two tabs of one browser were given two tokens")
		}
		time.Sleep(time.Minute)
		w.refreshed(b.RefreshToken, page)
	})
}

// C3: a page that was answered late puts a token back into the jar that the timer had presented meanwhile.
func TestLatePageAfterTheTimer(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		first := w.signUp()
		time.Sleep(4 * time.Minute)
		a := w.refreshed(first.RefreshToken, page)
		if timer := w.refreshed(a.RefreshToken, page); timer.RefreshToken != "" {
			t.Error("the timer rotated a token that was sent this moment")
		}
		b := w.refreshed(first.RefreshToken, page)
		time.Sleep(grace + ms)
		w.refreshed(b.RefreshToken, page)
	})
}

// C4: at the last moment of the grace two pages are answered with a successor that is as old as the grace.
func TestAgeCountsFromSending(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		first := w.signUp()
		lost := w.refreshed(first.RefreshToken, plain)
		time.Sleep(grace)
		a := w.refreshed(first.RefreshToken, page)
		b := w.refreshed(first.RefreshToken, page)
		if a.RefreshToken != lost.RefreshToken || b.RefreshToken != lost.RefreshToken {
			t.Fatal("within the grace the current token was not repeated")
		}
		if kept := w.refreshed(a.RefreshToken, page); kept.RefreshToken != "" {
			t.Error("a token that was sent this moment was rotated, for it was made long ago")
		}
		time.Sleep(grace + ms)
		w.refreshed(b.RefreshToken, page)
	})
}

// T3 and T4: a thief rotates the stolen token and keeps the successor unshown. The owner's recovery must not hand the
// very same token to both.
func TestThiefWhoHidesTheSuccessor(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		stolen := w.signUp()
		time.Sleep(time.Minute)
		thief := w.refreshed(stolen.RefreshToken, plain)
		time.Sleep(4 * time.Minute)
		owner := w.refreshed(stolen.RefreshToken, page)
		if owner.RefreshToken == thief.RefreshToken {
			t.Fatal("owner and thief hold one token")
		}
		w.used(owner)
		time.Sleep(time.Minute)
		w.refused(thief.RefreshToken, page, auth.ReasonTokenReused)
		w.refused(owner.RefreshToken, page, auth.ReasonTokenReused)
	})
}

// A thief who uses what a stolen token gave is found out at the owner's next refresh.
func TestThiefWhoUsesTheSuccessor(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		stolen := w.signUp()
		time.Sleep(time.Minute)
		w.used(w.refreshed(stolen.RefreshToken, plain))
		time.Sleep(4 * time.Minute)
		w.refused(stolen.RefreshToken, page, auth.ReasonTokenReused)
	})
}

// A cookie jar's backup can end a session for as long as a jar may hold a cookie, and cannot revive one.
func TestOldSecret(t *testing.T) {
	cfg := standard
	cfg.IdleTTL = 48 * time.Hour
	inBubble(t, cfg, func(t *testing.T, w *world) {
		old := w.signUp()
		token := old.RefreshToken
		for range 9 {
			time.Sleep(6 * time.Hour)
			token = w.refreshed(token, plain).RefreshToken
		}
		w.refused(old.RefreshToken, page, auth.ReasonUnknownToken)
		w.refreshed(token, plain)
	})
}
