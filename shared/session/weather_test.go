package session_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/session"
)

// offline cuts the wire, and returns what mends it.
func (f *fake) offline() (online func()) {
	f.over(func(string, *http.Request, http.RoundTripper) (*http.Response, error) { return nil, errCut })
	return func() { f.over(nil) }
}

// get asks for a resource and returns the status.
func get(ctx context.Context, hc *http.Client, url string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := hc.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// The timer's refresh does not get through before the token expires. Of a thousand requests around that moment none
// is sent with a token that is over, none fails, and one refresh serves them all.
func TestThousandRequestsAcrossAnExpiry(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s, r := withResource(t, f)
		online := f.offline()
		time.AfterFunc(5*time.Minute, func() { f.set(func() { clear(f.tokens) }) })
		time.AfterFunc(5*time.Minute+20*time.Second, online)
		hc := &http.Client{Transport: s.Transport(nil)}
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				<-time.After(4*time.Minute + time.Duration(i)*120*time.Millisecond) // two minutes long
				if status, err := get(t.Context(), hc, "https://app.example/x"); err != nil || status != http.StatusOK {
					t.Errorf("request %d: status %d, %v", i, status, err)
				}
			})
		}
		wg.Wait()
		if n, sent := len(f.seen("refreshToken")), len(r.authorizations()); n != 1 || sent != 1000 {
			t.Errorf("%d refreshes, %d requests sent; want 1 and 1000", n, sent)
		}
	})
}

// Offline for longer than a token lives: what is asked waits, whoever gives up harms nobody else, and Wake ends the
// wait at once.
func TestOfflineAndBack(t *testing.T) {
	for _, wake := range []bool{false, true} {
		bubble(t, func(t *testing.T, f *fake) {
			s, _ := withResource(t, f)
			online := f.offline()
			time.Sleep(30 * time.Minute)
			hc := &http.Client{Transport: s.Transport(nil)}
			impatient, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					if status, err := get(t.Context(), hc, "https://app.example/x"); err != nil || status != http.StatusOK {
						t.Errorf("who waited got status %d, %v", status, err)
					}
				})
				wg.Go(func() {
					if _, err := get(impatient, hc, "https://app.example/x"); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errCut) {
						t.Errorf("who gave up got %v, want the deadline's error and the network's", err)
					}
				})
			}
			time.Sleep(10 * time.Minute)
			if st := s.State(); st.Phase != session.Active || !errors.Is(st.Err, errCut) || time.Until(st.NextRefresh) > 30*time.Second {
				t.Errorf("state %+v", st)
			}
			online()
			back, limit := time.Now(), 30*time.Second
			if wake {
				s.Wake()
				limit = 250 * time.Millisecond
			}
			wg.Wait()
			if took := time.Since(back); took > limit {
				t.Errorf("answered %v after the network was back, want %v at most", took, limit)
			}
			if n := len(f.seen("refreshToken")); n != 1 || s.State().Err != nil {
				t.Errorf("%d refreshes, state %+v", n, s.State())
			}
		})
	}
}

// Close stops the refresh that runs, waits for that, and lets nobody wait for ever.
func TestCloseWaitsForTheRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		s, err := session.New(endpoint, session.WithTransport(f), session.WithJar(newJar(t)))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Login(t.Context(), email, password); err != nil {
			t.Fatal(err)
		}
		var running atomic.Int32
		f.over(func(_ string, req *http.Request, next http.RoundTripper) (*http.Response, error) {
			running.Add(1)
			defer running.Add(-1)
			<-req.Context().Done()
			<-time.After(2 * time.Second) // it takes its time to stop
			return nil, req.Context().Err()
		})
		f.set(func() { clear(f.tokens) })
		hc := &http.Client{Transport: s.Transport(&resource{f: f})}
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := get(t.Context(), hc, "https://app.example/x"); !errors.Is(err, session.ErrClosed) {
					t.Errorf("who waited for a token got %v, want ErrClosed", err)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 2*time.Second || running.Load() != 0 {
			t.Errorf("closed after %v with %d refreshes under way, want 2s and none", took, running.Load())
		}
		wg.Wait()
	})
}

// The answer to a request whose body cannot come again is its first 401; made anew it goes with a fresh token.
func TestRequestMadeAnewAfterA401(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s, r := withResource(t, f)
		f.set(func() { clear(f.tokens) })
		send := func() int {
			stream := struct{ *strings.Reader }{strings.NewReader("hello")} // not a type that NewRequest knows
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://app.example/echo", stream)
			if err != nil || req.GetBody != nil {
				t.Fatalf("%v, or the body can come again", err)
			}
			resp, err := s.Transport(nil).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			return resp.StatusCode
		}
		if first, second := send(), send(); first != http.StatusUnauthorized || second != http.StatusOK {
			t.Errorf("status %d, then %d", first, second)
		}
		if sent, n := r.authorizations(), len(f.seen("refreshToken")); len(sent) != 2 || sent[0] == sent[1] || n != 1 {
			t.Errorf("%d requests, %d refreshes, or the same token twice", len(sent), n)
		}
	})
}

// A service of the origin that answers 401 to whatever token does not have the API asked for one at every request, and
// leaves the session and everybody else's requests alone.
func TestServiceThatTakesNoToken(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s, r := withResource(t, f)
		var sent atomic.Int32
		stubborn := &http.Client{Transport: s.Transport(roundTripper(func(*http.Request) (*http.Response, error) {
			sent.Add(1)
			return page(http.StatusUnauthorized, "no"), nil
		}))}
		hc := &http.Client{Transport: s.Transport(r)}
		const requests = 600
		for range requests { // ten minutes
			if status, err := get(t.Context(), stubborn, "https://app.example/stubborn"); err != nil || status != http.StatusUnauthorized {
				t.Fatalf("status %d, %v: want the service's own 401", status, err)
			}
			if status, err := get(t.Context(), hc, "https://app.example/x"); err != nil || status != http.StatusOK {
				t.Fatalf("beside it: status %d, %v", status, err)
			}
			time.Sleep(time.Second)
		}
		n := len(f.seen("refreshToken"))
		if n < 2 || n > 61 {
			t.Errorf("%d refreshes in ten minutes, want one in ten seconds at most", n)
		}
		if got := int(sent.Load()); got != requests+n {
			t.Errorf("%d requests sent for %d and %d refreshes, want each again once after a refresh", got, requests, n)
		}
		wantPhase(t, s, session.Active, "")
	})
}

// While the server cannot be asked, the state says why and when it will be, in whatever phase.
func TestFaultsAreToldInEveryPhase(t *testing.T) {
	for _, row := range []struct {
		name  string
		begin func(t *testing.T, f *fake) *session.Session
		phase session.Phase
	}{
		{"unknown", func(t *testing.T, f *fake) *session.Session { return open(t, f) }, session.Unknown},
		{"none", func(t *testing.T, f *fake) *session.Session {
			s := login(t, f)
			if err := s.Logout(t.Context()); err != nil {
				t.Fatal(err)
			}
			return s
		}, session.None},
		{"active", func(t *testing.T, f *fake) *session.Session { return login(t, f) }, session.Active},
		{"ended", func(t *testing.T, f *fake) *session.Session {
			s := login(t, f)
			f.set(func() { f.cookie, f.reason = "another", session.ReasonRevoked })
			if err := s.Resume(t.Context()); !errors.Is(err, session.ErrUnauthenticated) {
				t.Fatal(err)
			}
			return s
		}, session.Ended},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fake) {
				s := row.begin(t, f)
				f.offline()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if err := s.Resume(ctx); !errors.Is(err, errCut) {
					t.Errorf("Resume: %v", err)
				}
				st := s.State()
				if st.Phase != row.phase || !errors.Is(st.Err, errCut) || time.Until(st.NextRefresh) > 30*time.Second {
					t.Errorf("state %+v", st)
				}
			})
		})
	}
}
