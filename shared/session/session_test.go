package session_test

import (
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/session"
)

func newJar(t testing.TB) http.CookieJar {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return jar
}

// bubble runs test against a fake, on a clock of its own.
func bubble(t *testing.T, test func(t *testing.T, f *fake)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newFake()) })
}

func wantPhase(t *testing.T, s *session.Session, phase session.Phase, reason session.Reason) {
	t.Helper()
	synctest.Wait()
	if st := s.State(); st.Phase != phase || st.Reason != reason {
		t.Fatalf("state %+v, want %v %q", st, phase, reason)
	}
}

func TestNewChecksTheEndpoint(t *testing.T) {
	tests := []struct {
		name, endpoint string
		ok             bool
	}{
		{"https", "https://app.example/graphql", true},
		{"http with a port", "http://localhost:8080/graphql", true},
		{"empty", "", false},
		{"relative", "/graphql", false},
		{"another scheme", "ws://app.example/graphql", false},
		{"no host", "https:///graphql", false},
		{"a password in it", "https://ann:hunter2@app.example/graphql", false},
		{"not a URL", "https://app.example/\x00hunter2", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := session.New(test.endpoint)
			if (err == nil) != test.ok || (s != nil) != test.ok {
				t.Errorf("New = %v, %v", s, err)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error holds a password: %v", err)
			}
		})
	}
}

func TestLogin(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := open(t, f)
		wantPhase(t, s, session.Unknown, "")
		if err := s.Login(t.Context(), email, password); err != nil {
			t.Fatal(err)
		}
		st := s.State()
		if st.Phase != session.Active || st.User != (session.User{ID: "u1", Email: email, Name: "Ann"}) || st.SessionID != "s1" {
			t.Errorf("state %+v", st)
		}
		if got := time.Until(st.Expiry); got < 299*time.Second || got > 301*time.Second {
			t.Errorf("expires in %v, want 5m", got)
		}
		token, err := s.Token(t.Context())
		if err != nil || !f.tokens[token] {
			t.Errorf("Token() = %q, %v", token, err)
		}
		if calls := f.seen(""); len(calls) != 1 || calls[0].bearer != "" || calls[0].vars["email"] != email {
			t.Errorf("calls %+v", calls)
		}
	})
}

func TestSignUp(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := open(t, f)
		for name, want := range map[string]any{"": nil, "Ann": "Ann"} {
			if err := s.SignUp(t.Context(), email, password, name); err != nil {
				t.Fatal(err)
			}
			calls := f.seen("signUp")
			if got := calls[len(calls)-1].vars["name"]; got != want {
				t.Errorf("name %q was sent as %v", name, got)
			}
			wantPhase(t, s, session.Active, "")
		}
	})
}

func TestRefusedLoginLeavesTheSessionAsItWas(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		before := s.State()
		err := s.Login(t.Context(), email, "wrong")
		if !errors.Is(err, session.ErrInvalidCredentials) || !errors.Is(err, session.ErrUnauthenticated) {
			t.Errorf("err = %v", err)
		}
		if after := s.State(); after != before {
			t.Errorf("state %+v, want %+v", after, before)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if st := s.State(); st.Refreshes != 1 || st.Phase != session.Active {
			t.Errorf("state %+v: the timer has not gone on", st)
		}
	})
}

func TestResume(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		jar := newJar(t)
		first := login(t, f, session.WithJar(jar))
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		second := open(t, f, session.WithJar(jar))
		if err := second.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantPhase(t, second, session.Active, "")
		third := open(t, f, session.WithJar(jar))
		if _, err := third.Token(t.Context()); err != nil { // does without Resume
			t.Fatal(err)
		}
		if got := third.State().User.Email; got != email {
			t.Errorf("user %q", got)
		}
	})
}

func TestWhatASpokenNoLeadsTo(t *testing.T) {
	tests := []struct {
		name    string
		cookie  string
		reason  session.Reason
		active  bool
		phase   session.Phase
		because session.Reason
	}{
		{"no cookie", "", "", false, session.None, ""},
		{"unknown cookie", "x", session.ReasonUnknownToken, false, session.None, ""},
		{"ended session", "x", session.ReasonIdle, false, session.Ended, session.ReasonIdle},
		{"active, revoked", "x", session.ReasonRevoked, true, session.Ended, session.ReasonRevoked},
		{"active, reused", "x", session.ReasonTokenReused, true, session.Ended, session.ReasonTokenReused},
		{"active, unknown", "x", session.ReasonUnknownToken, true, session.Ended, session.ReasonUnknownToken},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fake) {
				jar := newJar(t)
				s := open(t, f, session.WithJar(jar))
				if test.active {
					if err := s.Login(t.Context(), email, password); err != nil {
						t.Fatal(err)
					}
				} else if test.cookie != "" {
					u, _ := url.Parse(endpoint)
					jar.SetCookies(u, []*http.Cookie{{Name: cookieName, Value: test.cookie, Path: "/", Secure: true}})
				}
				f.set(func() { f.cookie, f.reason = "another", test.reason })
				err := s.Resume(t.Context())
				if !errors.Is(err, session.ErrUnauthenticated) {
					t.Fatalf("err = %v, want ErrUnauthenticated", err)
				}
				wantPhase(t, s, test.phase, test.because)
				asked := len(f.seen(""))
				if _, again := s.Token(t.Context()); again == nil || again.Error() != err.Error() {
					t.Errorf("Token: %v, want %v", again, err)
				}
				time.Sleep(time.Hour)
				if now := len(f.seen("")); now != asked {
					t.Errorf("asked %d times after the no", now-asked)
				}
				if err := s.Resume(t.Context()); !errors.Is(err, session.ErrUnauthenticated) { // without a cookie by now
					t.Errorf("Resume: %v, want ErrUnauthenticated", err)
				}
				wantPhase(t, s, test.phase, test.because)
				if err := s.Login(t.Context(), email, password); err != nil {
					t.Fatal(err)
				}
				wantPhase(t, s, session.Active, "")
			})
		})
	}
}

func TestLogout(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		if err := s.Logout(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantPhase(t, s, session.None, "")
		if _, err := s.Token(t.Context()); !errors.Is(err, session.ErrUnauthenticated) {
			t.Errorf("Token: %v", err)
		}
		out := f.seen("logout")
		if len(out) != 1 || out[0].cookie == "" || out[0].bearer != "" {
			t.Errorf("calls %+v, want one with the cookie alone", out)
		}
		if err := s.Resume(t.Context()); !errors.Is(err, session.ErrUnauthenticated) {
			t.Errorf("Resume: %v", err)
		}
		if again := f.seen("refreshToken"); len(again) != 1 || again[0].cookie != "" {
			t.Errorf("calls %+v: the cookie is still there", again)
		}
		if err := s.Logout(t.Context()); err != nil {
			t.Errorf("nothing to end: %v", err)
		}
	})
}

func TestLogoutThatIsNotHeardLeavesTheSession(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		f.over(func(string, *http.Request, http.RoundTripper) (*http.Response, error) { return nil, errCut })
		if err := s.Logout(t.Context()); !errors.Is(err, session.ErrUnreachable) || !errors.Is(err, errCut) {
			t.Errorf("err = %v", err)
		}
		wantPhase(t, s, session.Active, "")
	})
}

func TestLogoutEverywhere(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		f.set(func() { clear(f.tokens) }) // the first try meets a 401
		n, err := s.LogoutEverywhere(t.Context())
		if err != nil || n != 3 {
			t.Fatalf("LogoutEverywhere() = %d, %v", n, err)
		}
		wantPhase(t, s, session.None, "")
		if calls := f.seen("logoutEverywhere"); len(calls) != 2 || calls[1].bearer == calls[0].bearer {
			t.Errorf("calls %+v", calls)
		}
		if _, err := s.LogoutEverywhere(t.Context()); !errors.Is(err, session.ErrUnauthenticated) {
			t.Errorf("without a session: %v", err)
		}
	})
}

func TestForgetAndClose(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		s.Forget()
		wantPhase(t, s, session.Unknown, "")
		time.Sleep(time.Hour / 2)
		if n := len(f.seen("refreshToken")); n != 0 {
			t.Errorf("%d refreshes after Forget", n)
		}
		if _, err := s.Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantPhase(t, s, session.Active, "")

		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Error(err)
		}
		_, err := s.Token(t.Context())
		for _, err := range []error{err, s.Login(t.Context(), email, password), s.Logout(t.Context()), s.Resume(t.Context()), s.Query(t.Context(), &struct{ Me struct{ Email string } }{}, nil)} {
			if !errors.Is(err, session.ErrClosed) {
				t.Errorf("after Close: %v", err)
			}
		}
		time.Sleep(time.Hour)
		if n := len(f.seen("refreshToken")); n != 1 {
			t.Errorf("%d refreshes, want 1", n)
		}
	})
}
