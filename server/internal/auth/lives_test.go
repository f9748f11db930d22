package auth_test

import (
	"bytes"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// TestIdleSessionStaysEnded lets sessions end under a short configuration, and then starts a server with a longer one:
// nothing brings them back, neither a token nor the list.
func TestIdleSessionStaysEnded(t *testing.T) {
	long := standard
	long.IdleTTL, long.MaxTTL, long.AccessTTL = 1000*time.Hour, 0, 2*time.Hour
	for name, life := range map[string]auth.Life{
		"idle":                   {Idle: time.Hour},
		"idle, with a great age": {Idle: time.Hour, Max: 1000 * time.Hour},
		"too old":                {Idle: 1000 * time.Hour, Max: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			short := standard
			short.IdleTTL, short.MaxTTL = life.Idle, life.Max
			inBubble(t, short, func(t *testing.T, w *world) {
				g := w.signUp()
				g = w.refreshed(g.RefreshToken, plain)
				time.Sleep(30 * time.Minute)
				_, s := open(t, w.path, long, &bytes.Buffer{})
				longer, err := s.Refresh(w.ctx, from(g.RefreshToken), plain)
				if err != nil {
					t.Fatal(err)
				}
				other, err := w.Login(w.ctx, email, password, from())
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour + time.Second)
				_, err = s.Refresh(w.ctx, from(other.RefreshToken), page)
				wantError(t, err, auth.CodeUnauthenticated, auth.ReasonIdle)
				list, err := s.Sessions(w.ctx, auth.Identity{UserID: g.User.ID})
				if err != nil || len(list) != 1 || list[0].ID != g.SessionID {
					t.Errorf("listed are %+v, %v", list, err)
				}
				// A refresh under the longer configuration has lengthened the first one's life.
				if _, err := s.Refresh(w.ctx, from(longer.RefreshToken), page); err != nil {
					t.Errorf("the one that was refreshed: %v", err)
				}
			})
		})
	}
}

// TestKeptTokenEndsWithItsSession gets an access token without a new refresh token, under a longer configuration than
// that of the answer before: it lives no longer than the session.
func TestKeptTokenEndsWithItsSession(t *testing.T) {
	short, long := standard, standard
	short.IdleTTL, long.AccessTTL = time.Minute, time.Hour
	inBubble(t, short, func(t *testing.T, w *world) {
		g := w.signUp()
		_, s := open(t, w.path, long, &bytes.Buffer{})
		kept, err := s.Refresh(w.ctx, from(g.RefreshToken), page)
		if err != nil || kept.RefreshToken != "" {
			t.Fatalf("%+v, %v", kept, err)
		}
		if left := time.Until(kept.Expiry); left > time.Minute {
			t.Errorf("it lives for %v", left)
		}
	})
}
