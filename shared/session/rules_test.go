package session_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/session"
)

// Rules W1 and W2 of ROTATION.md.
func TestEveryRefreshSaysRecoverAndMinAge(t *testing.T) {
	tests := []struct {
		name string
		opts []session.Option
		want float64
	}{
		{"by default", nil, 30},
		{"another grace", []session.Option{session.WithMinAge(2 * time.Minute)}, 120},
		{"rounded up to seconds", []session.Option{session.WithMinAge(1100 * time.Millisecond)}, 2},
		{"none", []session.Option{session.WithMinAge(-time.Second)}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fake) {
				s := login(t, f, test.opts...)
				time.Sleep(5 * time.Minute) // on the timer
				if err := s.Resume(t.Context()); err != nil {
					t.Fatal(err)
				}
				s.Forget()
				if _, err := s.Token(t.Context()); err != nil { // from the cookie
					t.Fatal(err)
				}
				f.set(func() { clear(f.tokens) })
				if err := me(t.Context(), s); err != nil { // after a 401
					t.Fatal(err)
				}
				faults := 2
				f.over(func(op string, req *http.Request, next http.RoundTripper) (*http.Response, error) {
					resp, err := next.RoundTrip(req)
					if faults--; faults >= 0 {
						return nil, errCut // the answer is lost
					}
					return resp, err
				})
				s.Forget()
				if err := s.Resume(t.Context()); err == nil {
					t.Error("the fake keeps one cookie only: the lost answer's") // a real server recovers
				}
				calls := f.seen("refreshToken")
				if len(calls) != 7 {
					t.Errorf("%d refreshes, want 7", len(calls))
				}
				for i, c := range calls {
					if c.vars["recover"] != true || c.vars["minAge"] != test.want || c.bearer != "" {
						t.Errorf("refresh %d: %+v", i, c)
					}
				}
			})
		})
	}
}

func me(ctx context.Context, s *session.Session) error {
	var q struct{ Me struct{ Email string } }
	err := s.Query(ctx, &q, nil)
	if err == nil && q.Me.Email != email {
		return errors.New("me is " + q.Me.Email)
	}
	return err
}

// Rule W3: one at a time, until the server has spoken, and whatever goes wrong on the way is not a no.
func TestFaultsDoNotEndASession(t *testing.T) {
	page := func(status int, body string, header ...string) *http.Response {
		resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
		for i := 0; i+1 < len(header); i += 2 {
			resp.Header.Set(header[i], header[i+1])
		}
		return resp
	}
	no := `"errors":[{"message":"no","extensions":{"code":"UNAUTHENTICATED","reason":"REVOKED"}}]`
	tests := []struct {
		name   string
		answer func() (*http.Response, error)
		atIs   error
		atMost time.Duration // until the second try
		least  time.Duration
	}{
		{"no connection", func() (*http.Response, error) { return nil, errCut }, errCut, time.Second, 0},
		{"cut in the middle", func() (*http.Response, error) { return page(200, `{"data":null,`+no[:60]), nil }, session.ErrUnreachable, time.Second, 0},
		{"a no, cut at the end", func() (*http.Response, error) { return page(200, `{"data":null,`+no), nil }, session.ErrUnreachable, time.Second, 0},
		{"unexpected EOF", func() (*http.Response, error) {
			resp := page(200, "")
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"data":null,`+no+`}`), failing{}))
			return resp, nil
		}, io.ErrUnexpectedEOF, time.Second, 0},
		{"empty", func() (*http.Response, error) { return page(200, ""), nil }, session.ErrUnreachable, time.Second, 0},
		{"a captive portal", func() (*http.Response, error) { return page(200, "<html>Welcome to our hotel"), nil }, session.ErrUnreachable, time.Second, 0},
		{"JSON of something else", func() (*http.Response, error) { return page(200, `{"ok":true}`), nil }, session.ErrUnreachable, time.Second, 0},
		{"no payload", func() (*http.Response, error) { return page(200, `{"data":{}}`), nil }, session.ErrUnreachable, time.Second, 0},
		{"too large", func() (*http.Response, error) {
			resp := page(200, "")
			resp.Body = io.NopCloser(endless{})
			return resp, nil
		}, session.ErrUnreachable, time.Second, 0},
		{"a redirect", func() (*http.Response, error) { return page(307, "", "Location", "https://evil.example/"), nil }, nil, time.Second, 0},
		{"forbidden", func() (*http.Response, error) { return page(403, "<html>"), nil }, session.ErrForbidden, time.Second, 0},
		{"too many", func() (*http.Response, error) { return page(429, "", "Retry-After", "20"), nil }, session.ErrRateLimited, 21 * time.Second, 20 * time.Second},
		{"unavailable until", func() (*http.Response, error) {
			return page(503, "", "Date", "Tue, 03 Jan 2006 10:00:00 GMT", "Retry-After", "Tue, 03 Jan 2006 10:01:00 GMT"), nil
		}, session.ErrInternal, 61 * time.Second, 60 * time.Second},
		{"a 502 that quotes a no", func() (*http.Response, error) { return page(502, `{`+no+`}`), nil }, session.ErrUnauthenticated, time.Second, 0},
		{"rate limited in words", func() (*http.Response, error) {
			return page(200, `{"errors":[{"message":"slow","extensions":{"code":"RATE_LIMITED","retryAfter":7}}]}`), nil
		}, session.ErrRateLimited, 8 * time.Second, 7 * time.Second},
		{"internal error", func() (*http.Response, error) {
			return page(200, `{"errors":[{"message":"oops","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`), nil
		}, session.ErrInternal, time.Second, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fake) {
				s := login(t, f)
				var broken atomic.Bool
				broken.Store(true)
				var fault atomic.Value
				s.Observe(func(st session.State) {
					if st.Err != nil {
						fault.Store(st.Err)
					}
				})
				f.over(func(_ string, req *http.Request, next http.RoundTripper) (*http.Response, error) {
					if broken.Swap(false) {
						return test.answer()
					}
					return next.RoundTrip(req)
				})
				start := time.Now()
				if err := s.Resume(t.Context()); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took > test.atMost || took < test.least {
					t.Errorf("tried again after %v, want between %v and %v", took, test.least, test.atMost)
				}
				wantPhase(t, s, session.Active, "")
				err, _ := fault.Load().(error)
				if err == nil || test.atIs != nil && !errors.Is(err, test.atIs) {
					t.Errorf("the fault told is %v, want %v", err, test.atIs)
				}
			})
		})
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// An HTTP 401 is a no, whoever wrote its body.
func TestUnauthorizedIsSpoken(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		f.over(func(string, *http.Request, http.RoundTripper) (*http.Response, error) {
			return &http.Response{StatusCode: 401, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("<html>"))}, nil
		})
		err := s.Resume(t.Context())
		var e *session.Error
		if !errors.As(err, &e) || e.Status != 401 || !errors.Is(err, session.ErrUnauthenticated) {
			t.Errorf("err = %v", err)
		}
		wantPhase(t, s, session.Ended, "")
	})
}

// Rule W3: an answer that does not come is not waited for for ever, and what comes too late is thrown away.
func TestRefreshIsGivenUpAndAborted(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		var aborted atomic.Int32
		f.over(func(_ string, req *http.Request, next http.RoundTripper) (*http.Response, error) {
			if aborted.Load() > 0 {
				return next.RoundTrip(req)
			}
			resp, err := next.RoundTrip(req)
			if err != nil {
				return nil, err
			}
			resp.Body = &hanging{ctx: req.Context(), closed: make(chan struct{}), aborted: &aborted}
			return resp, nil
		})
		start := time.Now()
		if err := s.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 20*time.Second || took > 21*time.Second {
			t.Errorf("given up after %v, want 20s: less than the grace", took)
		}
		if aborted.Load() != 1 {
			t.Errorf("aborted %d times", aborted.Load())
		}
	})
}

// hanging is a body as fetch has it: it does not see the request's context, only Close ends it.
type hanging struct {
	ctx     context.Context
	closed  chan struct{}
	once    sync.Once
	aborted *atomic.Int32
}

func (h *hanging) Read([]byte) (int, error) {
	<-h.closed
	return 0, io.EOF
}

func (h *hanging) Close() error {
	h.once.Do(func() {
		h.aborted.Add(1)
		close(h.closed)
	})
	return nil
}

// Rule W4: login and logout stop a running refresh, wait until it has stopped, and nothing overlaps.
func TestLoginLogoutAndRefreshNeverOverlap(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		var running, refreshes atomic.Int32
		f.over(func(op string, req *http.Request, next http.RoundTripper) (*http.Response, error) {
			if running.Add(1) != 1 {
				t.Errorf("%s overlaps with another", op)
			}
			defer running.Add(-1)
			if op == "refreshToken" && refreshes.Add(1) == 1 {
				<-req.Context().Done()
				<-time.After(2 * time.Second) // it takes its time to stop
				return next.RoundTrip(req)    // and answers after all: that is thrown away
			}
			<-time.After(100 * time.Millisecond)
			return next.RoundTrip(req)
		})
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := s.Resume(t.Context()); err != nil { // joined the refresh that is stopped: asks again
				t.Error(err)
			}
		})
		synctest.Wait()
		start := time.Now()
		if err := s.Login(t.Context(), email, password); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 2100*time.Millisecond {
			t.Errorf("logged in after %v, want the 2s that the refresh takes to stop, and 100ms", took)
		}
		wg.Wait()
		for range 10 {
			wg.Go(func() { _ = s.Login(t.Context(), email, password) })
			wg.Go(func() { _ = s.Logout(t.Context()) })
			wg.Go(func() { _ = s.Resume(t.Context()) })
		}
		wg.Wait()
	})
}

func TestWrongClocks(t *testing.T) {
	for _, skew := range []time.Duration{-50 * 365 * 24 * time.Hour, -time.Hour, time.Hour, 50 * 365 * 24 * time.Hour} {
		t.Run(skew.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fake) {
				f.set(func() { f.skew = skew })
				s := login(t, f)
				if got := s.State().Expiry.Sub(time.Now()); got < 299*time.Second || got > 301*time.Second {
					t.Errorf("expires in %v, want 5m", got)
				}
				time.Sleep(50 * time.Minute)
				if n := len(f.seen("refreshToken")); n < 10 || n > 15 {
					t.Errorf("%d refreshes in ten lives", n)
				}
			})
		})
	}
}

func TestShortLives(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		f.set(func() { f.life = time.Second })
		s := login(t, f, session.WithMinAge(time.Second))
		time.Sleep(10 * time.Second)
		if n := len(f.seen("refreshToken")); n < 10 || n > 15 {
			t.Errorf("%d refreshes in ten lives", n)
		}
		wantPhase(t, s, session.Active, "")
	})
}
