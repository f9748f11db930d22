package session_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/session"
)

// Rules W1 and W2 of the package's doc.
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
		var fault error
		s.Observe(func(st session.State) { fault = errors.Join(fault, st.Err) })
		start := time.Now()
		if err := s.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !errors.Is(fault, session.ErrUnreachable) || errors.Is(fault, context.DeadlineExceeded) {
			t.Errorf("told %v: that is no caller's deadline", fault)
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
				if got := time.Until(s.State().Expiry); got < 299*time.Second || got > 301*time.Second {
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
