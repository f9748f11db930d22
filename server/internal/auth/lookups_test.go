package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// slowStore counts what is asked of a store about sessions. While it is held, each lookup waits to be let through.
type slowStore struct {
	auth.Store
	presented, lookedUp, atOnce, most atomic.Int64
	held                              atomic.Bool
	let                               chan struct{}
}

// Present implements auth.Store.
func (s *slowStore) Present(ctx context.Context, session string, generation int64, step func(auth.Snapshot) (auth.Change, error)) error {
	s.presented.Add(1)
	return s.Store.Present(ctx, session, generation, step)
}

// Ending implements auth.Store.
func (s *slowStore) Ending(ctx context.Context, session string) (auth.Ending, error) {
	s.lookedUp.Add(1)
	s.most.Store(max(s.most.Load(), s.atOnce.Add(1)))
	defer s.atOnce.Add(-1)
	if s.held.Load() {
		<-s.let
	}
	return s.Store.Ending(ctx, session)
}

// slowed is a process on the world's database that has met no session.
func (w *world) slowed() (*slowStore, *auth.Service) {
	w.t.Helper()
	st := &slowStore{Store: w.store, let: make(chan struct{})}
	s, err := auth.New(w.ctx, st, unlimited)
	if err == nil {
		err = s.SetPasswordCost(64, 1)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return st, s
}

// by is a visitor with these tokens from an address.
func by(ip string, tokens ...string) auth.Visitor {
	return auth.Visitor{IP: ip, UserAgent: "Test/1.0", Tokens: tokens}
}

// TestInventedTokensCostNoWrite sends tokens of no session beside each request that takes them. However many came
// before, honest requests of the same address are answered.
func TestInventedTokensCostNoWrite(t *testing.T) {
	inBubble(t, unlimited, func(t *testing.T, w *world) {
		first, second, third := w.signUp(), w.loggedIn("Phone"), w.loggedIn("Laptop")
		st, s := w.slowed()
		for range 200 {
			_, err := s.Refresh(w.ctx, from(auth.NewRefreshToken(), auth.NewRefreshToken()), plain)
			wantError(t, err, auth.CodeUnauthenticated, auth.ReasonUnknownToken)
			if err := s.Logout(w.ctx, from(auth.NewRefreshToken()), nil); err != nil {
				t.Fatal(err)
			}
		}
		if n := st.presented.Load(); n != 0 || st.lookedUp.Load() != 600 {
			t.Errorf("%d presentations and %d lookups", n, st.lookedUp.Load())
		}
		if _, err := s.Refresh(w.ctx, from(auth.NewRefreshToken(), first.RefreshToken), plain); err != nil {
			t.Errorf("refresh: %v", err)
		}
		g, err := s.Login(w.ctx, email, password, from(auth.NewRefreshToken(), second.RefreshToken))
		if err != nil {
			t.Errorf("login: %v", err)
		}
		if err := s.Logout(w.ctx, from(auth.NewRefreshToken(), third.RefreshToken), nil); err != nil {
			t.Errorf("logout: %v", err)
		}
		w.refused(second.RefreshToken, plain, auth.ReasonLoggedOut)
		w.refused(third.RefreshToken, plain, auth.ReasonLoggedOut)
		before := st.lookedUp.Load()
		if _, err := s.Refresh(w.ctx, from(g.RefreshToken), plain); err != nil || st.lookedUp.Load() != before {
			t.Errorf("a session that this process opened is looked up, %v", err)
		}
	})
}

// TestInventedTokensKeepNobodyWaiting floods a process from one network while the database is slow.
func TestInventedTokensKeepNobodyWaiting(t *testing.T) {
	inBubble(t, unlimited, func(t *testing.T, w *world) {
		known, unknown, near := w.signUp(), w.loggedIn("Phone"), w.loggedIn("Laptop")
		st, s := w.slowed()
		known, err := s.Refresh(w.ctx, from(known.RefreshToken), plain)
		if err != nil {
			t.Fatal(err)
		}
		st.held.Store(true)
		var wg sync.WaitGroup
		flood := func(n int) {
			for i := range n {
				wg.Go(func() {
					_, err := s.Refresh(w.ctx, by(fmt.Sprintf("2001:db8::%x", i), auth.NewRefreshToken()), plain)
					if e := (*auth.Error)(nil); !errors.As(err, &e) || e.Reason != auth.ReasonUnknownToken {
						t.Errorf("an invented token: %v", err)
					}
				})
			}
			synctest.Wait()
		}
		flood(500)
		if _, err := s.Refresh(w.ctx, by("2001:db8::1", known.RefreshToken), plain); err != nil {
			t.Errorf("a session that the process knows: %v", err)
		}
		done := make(chan error, 2)
		wg.Go(func() { _, err := s.Refresh(w.ctx, by("192.0.2.1", unknown.RefreshToken), plain); done <- err })
		synctest.Wait()
		flood(100)
		lookups := 0
		for ; len(done) == 0; lookups++ {
			st.let <- struct{}{}
			synctest.Wait()
		}
		if err := <-done; err != nil || lookups > 5 {
			t.Errorf("another network waits for %d lookups, %v", lookups, err)
		}
		wg.Go(func() { _, err := s.Refresh(w.ctx, by("2001:db8::2", near.RefreshToken), plain); done <- err })
		synctest.Wait()
		st.held.Store(false)
		close(st.let)
		wg.Wait()
		if err := <-done; err != nil {
			t.Errorf("the network that floods: %v", err)
		}
		if n := st.most.Load(); n > 2 {
			t.Errorf("%d lookups at once", n)
		}
	})
}

// TestNoTimeForALookup has the database answer no lookup for longer than a request waits.
func TestNoTimeForALookup(t *testing.T) {
	inBubble(t, unlimited, func(t *testing.T, w *world) {
		mine, other := w.signUp(), w.loggedIn("Phone")
		st, s := w.slowed()
		st.held.Store(true)
		for range 2 {
			go func() { _, _ = s.Refresh(w.ctx, from(other.RefreshToken), plain) }()
		}
		synctest.Wait()
		began := time.Now()
		_, err := s.Refresh(w.ctx, from(mine.RefreshToken), plain)
		if wantError(t, err, auth.CodeInternal, ""); !errors.Is(err, auth.ErrUnavailable) || time.Since(began) != 5*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if err := s.Logout(w.ctx, from(mine.RefreshToken), nil); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("a logout that ended nothing says so: %v", err)
		}
		if _, err := s.Login(w.ctx, email, password, from(mine.RefreshToken)); err != nil {
			t.Errorf("a login is refused for the cookie beside it: %v", err)
		}
		close(st.let)
		synctest.Wait()
		if _, err := s.Refresh(w.ctx, from(mine.RefreshToken), plain); err != nil {
			t.Errorf("once it answers: %v", err)
		}
	})
}
