package session_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/latchkey/shared/session"
)

func TestBearerGoesToTheOwnOriginOnly(t *testing.T) {
	tests := []struct {
		url  string
		sent bool
	}{
		{"https://app.example/", true},
		{"https://app.example:443/x?y=z", true},
		{"HTTPS://APP.example/x", true},
		{"http://app.example/", false},
		{"http://app.example:443/", false},
		{"https://app.example:8443/", false},
		{"https://app.example.evil.example/", false},
		{"https://evil.example/app.example", false},
		{"https://app.example@evil.example/", false},
		{"https://sub.app.example/", false},
		{"https://example/", false},
	}
	for _, test := range tests {
		t.Run(test.url, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fake) {
				s, r := withResource(t, f)
				req, err := http.NewRequestWithContext(t.Context(), "GET", test.url, nil)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := s.Transport(nil).RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				if sent := r.authorizations()[0] != ""; sent != test.sent {
					t.Errorf("token sent: %v, want %v", sent, test.sent)
				}
				if len(req.Header) != 0 {
					t.Errorf("the caller's request was changed: %v", req.Header)
				}
				if !test.sent && r.seen[0] != req {
					t.Error("the request did not pass untouched")
				}
			})
		})
	}
}

// A redirect to another origin goes there without the token, and one that comes back has it again.
func TestBearerDoesNotFollowARedirect(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s, r := withResource(t, f)
		hops := map[string]string{
			"https://app.example/away": "https://evil.example/hop",
			"https://evil.example/hop": "http://app.example/plain",
			"http://app.example/plain": "https://app.example:443/back",
		}
		redirecting := roundTripper(func(req *http.Request) (*http.Response, error) {
			resp, err := r.RoundTrip(req)
			if to, ok := hops[req.URL.String()]; ok && err == nil {
				resp.StatusCode = http.StatusTemporaryRedirect
				resp.Header.Set("Location", to)
			}
			return resp, err
		})
		resp, err := (&http.Client{Transport: s.Transport(redirecting)}).Get("https://app.example/away")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		var sent []bool
		for _, a := range r.authorizations() {
			sent = append(sent, a != "")
		}
		if want := []bool{true, false, false, true}; !slices.Equal(sent, want) || resp.StatusCode != http.StatusOK {
			t.Errorf("tokens sent: %v, want %v; status %d", sent, want, resp.StatusCode)
		}
	})
}

func TestOwnAuthorizationIsLeftAlone(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s, r := withResource(t, f)
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://app.example/", nil)
		req.Header.Set("Authorization", "Basic eA==")
		resp, err := s.Transport(nil).RoundTrip(req)
		if err != nil || resp.StatusCode != 401 || r.authorizations()[0] != "Basic eA==" {
			t.Fatalf("%v, %v, sent %q", resp, err, r.authorizations())
		}
		_ = resp.Body.Close()
		if n := len(f.seen("refreshToken")); n != 0 {
			t.Errorf("%d refreshes for somebody else's 401", n)
		}
	})
}

func TestUnauthorizedIsRefreshedAndRetriedOnce(t *testing.T) {
	none := func() io.Reader { return nil }
	plain := func() io.Reader { return strings.NewReader("hello") }                  // NewRequest sets GetBody
	stream := func() io.Reader { return io.MultiReader(strings.NewReader("hello")) } // and here it cannot
	tests := []struct {
		name      string
		body      func() io.Reader
		stays     bool // every token is refused
		status    int
		sent      int
		refreshes int
	}{
		{"no body", none, false, 200, 2, 1},
		{"a body that can be sent again", plain, false, 200, 2, 1},
		{"a body that cannot", stream, false, 401, 1, 0},
		{"still 401", plain, true, 401, 2, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fake) {
				s, r := withResource(t, f)
				f.set(func() { clear(f.tokens) })
				if test.stays {
					f.over(func(_ string, req *http.Request, next http.RoundTripper) (*http.Response, error) {
						resp, err := next.RoundTrip(req)
						f.set(func() { clear(f.tokens) })
						return resp, err
					})
				}
				reader := test.body()
				req, _ := http.NewRequestWithContext(t.Context(), "POST", "https://app.example/echo", reader)
				resp, err := s.Transport(nil).RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				got, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode != test.status || len(r.authorizations()) != test.sent || len(f.seen("refreshToken")) != test.refreshes {
					t.Errorf("status %d, sent %d times, %d refreshes", resp.StatusCode, len(r.authorizations()), len(f.seen("refreshToken")))
				}
				if reader != nil && string(got) != "hello" {
					t.Errorf("the body arrived as %q", got)
				}
				if n := r.open.Load(); n != 0 {
					t.Errorf("%d bodies left open", n)
				}
				if _, err := s.Token(t.Context()); err != nil || len(f.seen("refreshToken")) != 1 {
					t.Errorf("the refused token is given out again, or was refreshed twice: %v", err)
				}
			})
		})
	}
}

func TestManyUnauthorizedMakeOneRefresh(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s, r := withResource(t, f)
		f.set(func() { clear(f.tokens) })
		f.over(func(_ string, req *http.Request, next http.RoundTripper) (*http.Response, error) {
			<-time.After(time.Second)
			return next.RoundTrip(req)
		})
		hc := &http.Client{Transport: s.Transport(slow{r})}
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				resp, err := hc.Post("https://app.example/echo", "text/plain", strings.NewReader("hello"))
				if err != nil {
					t.Error(err)
					return
				}
				if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 || string(body) != "hello" {
					t.Errorf("status %d, body %q", resp.StatusCode, body)
				}
				_ = resp.Body.Close()
			})
		}
		wg.Wait()
		if n := len(f.seen("refreshToken")); n != 1 {
			t.Errorf("%d refreshes, want 1", n)
		}
		if n := r.open.Load(); n != 0 {
			t.Errorf("%d bodies left open", n)
		}
	})
}

func TestWithoutATokenNothingIsSent(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		r := &resource{f: f}
		s := open(t, r)
		var unclosed atomic.Int32
		send := func(ctx context.Context) error {
			unclosed.Add(1)
			req, _ := http.NewRequestWithContext(ctx, "POST", "https://app.example/echo", &tracked{Reader: strings.NewReader("x"), open: &unclosed})
			_, err := (&http.Client{Transport: s.Transport(nil)}).Do(req)
			return err
		}
		if err := send(t.Context()); !errors.Is(err, session.ErrUnauthenticated) {
			t.Errorf("err = %v, want ErrUnauthenticated", err)
		}
		s.Forget()
		f.over(func(string, *http.Request, http.RoundTripper) (*http.Response, error) { return nil, errCut })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := send(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v, want the context's", err)
		}
		if len(r.seen) != 0 || unclosed.Load() != 0 {
			t.Errorf("%d requests sent, %d bodies left open", len(r.seen), unclosed.Load())
		}
	})
}

func TestRefusalAfterA401(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s, r := withResource(t, f)
		f.set(func() { clear(f.tokens); f.cookie, f.reason = "another", session.ReasonRevoked })
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://app.example/", nil)
		_, err := s.Transport(nil).RoundTrip(req)
		var e *session.Error
		if !errors.As(err, &e) || e.Reason != session.ReasonRevoked || r.open.Load() != 0 {
			t.Errorf("err = %v, %d bodies left open", err, r.open.Load())
		}
		wantPhase(t, s, session.Ended, session.ReasonRevoked)
	})
}

func TestBodyThatFailsToComeAgain(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s, r := withResource(t, f)
		f.set(func() { clear(f.tokens) })
		req, _ := http.NewRequestWithContext(t.Context(), "POST", "https://app.example/", strings.NewReader("x"))
		req.GetBody = func() (io.ReadCloser, error) { return nil, errCut }
		if _, err := s.Transport(nil).RoundTrip(req); !errors.Is(err, errCut) || r.open.Load() != 0 {
			t.Errorf("err = %v, %d bodies left open", err, r.open.Load())
		}
	})
}

func TestCloseIdleConnectionsReachesTheBase(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		base := &idle{RoundTripper: f}
		(&http.Client{Transport: s.Transport(base)}).CloseIdleConnections()
		(&http.Client{Transport: s.Transport(f)}).CloseIdleConnections()
		if base.closed != 1 {
			t.Errorf("closed %d times, want once", base.closed)
		}
	})
}
