package session_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/session"
)

func TestObserveAndLog(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		var log bytes.Buffer
		s := open(t, f, session.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		var told []session.Phase
		stop := s.Observe(func(st session.State) { told = append(told, st.Phase) })
		if err := s.Login(t.Context(), email, password); err != nil {
			t.Fatal(err)
		}
		token, err := s.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f.over(func(string, *http.Request, http.RoundTripper) (*http.Response, error) { return nil, errCut })
		time.Sleep(4*time.Minute + 40*time.Second)
		f.over(nil)
		time.Sleep(time.Minute)
		f.set(func() { f.cookie, f.reason = "another", session.ReasonRevoked })
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if n := len(told); n < 4 || told[0] != session.Active || told[n-1] != session.Ended {
			t.Errorf("told %v", told)
		}
		stop()
		text := log.String()
		for _, want := range []string{"session active", "session refreshed", "cannot refresh", errCut.Error(), "session ended", "REVOKED"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in the log", want)
			}
		}
		for _, secret := range []string{token, "cookie-", password} {
			if strings.Contains(text, secret) {
				t.Errorf("the log holds a secret:\n%s", text)
			}
		}
	})
}

// Whoever counts refreshes from outside, for metrics say, is told of each one: its number, and its times.
func TestObserveTellsEveryRefresh(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		type notice struct {
			session.State
			at time.Time
		}
		var told []notice
		s.Observe(func(st session.State) { told = append(told, notice{st, time.Now().Round(0)}) })
		ways := []func() error{
			func() error { time.Sleep(time.Until(s.State().NextRefresh)); return nil }, // the timer
			func() error { return s.Resume(t.Context()) },
			func() error { f.set(func() { clear(f.tokens) }); return me(t.Context(), s) }, // a 401
		}
		for n := range 3 * len(ways) {
			if err := ways[n%len(ways)](); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if len(told) != n+1 || len(f.seen("refreshToken")) != n+1 {
				t.Fatalf("told %d times after %d refreshes, want %d", len(told), len(f.seen("refreshToken")), n+1)
			}
			last := told[n]
			if last.Refreshes != n+1 || last.Phase != session.Active || last.SessionID != "s1" || last.Err != nil {
				t.Errorf("refresh %d is told as %+v", n+1, last.State)
			}
			if !last.Arrived.Equal(last.at) || last.Claims.ID != fmt.Sprintf("j%d", n+2) || last.Claims.SessionID != "s1" {
				t.Errorf("refresh %d: the token came %v after it was told, and says %+v", n+1, last.Arrived.Sub(last.at), last.Claims)
			}
			if life, next := last.Expiry.Sub(last.at), last.NextRefresh.Sub(last.at); life != 5*time.Minute || next < 210*time.Second || next > 270*time.Second {
				t.Errorf("refresh %d: expires %v after it was told, the next is due after %v", n+1, life, next)
			}
			if token, err := s.Token(t.Context()); err != nil || strings.Contains(fmt.Sprintf("%#v", last), token) {
				t.Errorf("the token is in what is told, or %v", err)
			}
		}
	})
}

func TestNothingPrintsTheToken(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := open(t, roundTripper(f.RoundTrip)) // fmt would show the fake's own tokens
		if err := s.Login(context.Background(), email, password); err != nil {
			t.Fatal(err)
		}
		token, err := s.Token(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []any{s, struct{ s *session.Session }{s}, s.State(), s.Transport(nil), []any{s}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
				text := fmt.Sprintf(verb, v)
				for _, part := range strings.Split(token, ".") {
					if strings.Contains(text, part) {
						t.Errorf("%s of %T holds %q of the token: %s", verb, v, part, text)
					}
				}
				if strings.Contains(text, token) || strings.Contains(text, fmt.Sprintf("%x", token)) {
					t.Errorf("%s of %T: %s", verb, v, text)
				}
			}
			if b, err := json.Marshal(v); err == nil && bytes.Contains(b, []byte(token)) {
				t.Errorf("JSON of %T: %s", v, b)
			}
			var log bytes.Buffer
			slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
			if strings.Contains(log.String(), token) {
				t.Errorf("slog of %T: %s", v, &log)
			}
		}
		for phase, want := range map[session.Phase]string{session.Unknown: "unknown", session.None: "none", session.Active: "active", session.Ended: "ended", 9: "Phase(9)"} {
			if phase.String() != want {
				t.Errorf("%d is %q", int(phase), phase)
			}
		}
	})
}
