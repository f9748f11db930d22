package auth_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// announced is how long a key is published before it signs: the bound is that of the published keys, and as much again.
const announced = 2 * auth.JWKSMaxAge

// TestKeyRotation follows a key through its life, on three processes of which one signs tokens that live for longer.
func TestKeyRotation(t *testing.T) {
	long := standard
	long.AccessTTL = 20 * time.Minute
	inBubble(t, standard, func(t *testing.T, w *world) {
		f := newFleet(t, w, standard, standard, long)
		stop := f.run(3)
		defer stop()
		_, first := f.token(0)
		made, err := auth.RotateKeys(w.ctx, w.store, nil)
		if err != nil {
			t.Fatal(err)
		}
		began, second := time.Now(), made.Kid
		if !made.SignsFrom.Equal(began.Add(announced)) {
			t.Errorf("it signs from %v on, announced at %v", made.SignsFrom, began)
		}
		f.wantStates("announced", "signing "+first, "announced "+second)
		if again, err := auth.RotateKeys(w.ctx, w.store, nil); err != nil || again != made {
			t.Errorf("rotated while one is announced: %+v, %v", again, err)
		}
		time.Sleep(time.Second)
		f.published("announced for a second", first, second)
		stop() // from now on they read the keys when they are asked: to poll for half an hour shows nothing more

		var tokens []string // the first key's, that are still good
		at := func(after time.Duration, signer string) {
			t.Helper()
			time.Sleep(time.Until(began.Add(after)))
			tokens = tokens[:0]
			for i := range f.processes {
				token, kid := f.token(i)
				if tokens = append(tokens, token); kid != signer {
					t.Errorf("%v after the announcement process %d signs with %s", after, i, kid)
				}
			}
			f.verified(after.String(), tokens...)
		}
		at(announced/2, first)
		at(announced-time.Second, first)
		old := slices.Clone(tokens)
		at(announced+time.Second, second)
		f.wantStates("the second signs", "retired "+first, "signing "+second)
		f.published("the second signs", first, second)
		f.verified("the second signs", old...)
		time.Sleep(time.Until(began.Add(announced + 4*time.Minute)))
		f.verified("a minute before they expire", old...)
		time.Sleep(time.Until(began.Add(announced + 19*time.Minute)))
		f.verified("a minute before the longest expires", old[2])
		at(announced+20*time.Minute+59*time.Second, second)
		f.published("before the first is gone", first, second)
		at(announced+21*time.Minute, second)
		f.published("the first is gone", second)
		f.wantStates("the first is gone", "signing "+second)
		if n := w.count(`select count(*) from audit where kind = 'KEY_ANNOUNCED' and key_id = $1`, second); n != 1 {
			t.Errorf("%d entries of the audit record, want 1", n)
		}
	})
}

// TestKeysRotateByAge lets the ages of five keys pass. No token is ever refused.
func TestKeysRotateByAge(t *testing.T) {
	cfg := standard
	cfg.KeyMaxAge = 30 * time.Minute
	inBubble(t, cfg, func(t *testing.T, w *world) {
		f := newFleet(t, w, cfg, cfg)
		began, seen := time.Now(), map[string]time.Duration{}
		var last string
		for time.Since(began) < 5*cfg.KeyMaxAge-5*time.Minute {
			time.Sleep(4 * time.Minute)
			if last != "" {
				f.verified(time.Since(began).String(), last)
			}
			token, kid := f.token(int(time.Since(began).Minutes()/4) % 2)
			f.verified(time.Since(began).String(), token)
			last = token
			if _, known := seen[kid]; !known {
				seen[kid] = time.Since(began)
			}
			if n := len(f.states()); n > 2 {
				t.Fatalf("%d keys", n)
			}
		}
		if len(seen) != 5 {
			t.Errorf("%d keys in the time of five", len(seen))
		}
		for kid, first := range seen {
			if late := first % cfg.KeyMaxAge; late > 8*time.Minute {
				t.Errorf("%s signs first after %v", kid, first)
			}
		}
	})
}

// A key that signs for less than it takes to announce the next is replaced as soon as that may be.
func TestKeysOfShortAge(t *testing.T) {
	cfg := standard
	cfg.KeyMaxAge = time.Second
	inBubble(t, cfg, func(t *testing.T, w *world) {
		f := newFleet(t, w, cfg)
		for range 20 {
			token, _ := f.token(0)
			time.Sleep(4 * time.Minute)
			f.verified("4 minutes later", token)
		}
		if n := w.count(`select max(number) from signing_keys`); n < 9 || n > 11 {
			t.Errorf("%d keys in 80 minutes", n)
		}
	})
}

// TestReplaceKeys drops a stolen key: within a second nobody takes what it has signed, and nobody is logged out.
func TestReplaceKeys(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		f := newFleet(t, w, standard, standard)
		defer f.run(2)()
		old, first := f.token(0)
		if _, err := auth.RotateKeys(w.ctx, w.store, nil); err != nil {
			t.Fatal(err)
		}
		f.verified("before", old)
		made, err := auth.ReplaceKeys(w.ctx, w.store, nil)
		if err != nil || made.State != auth.KeySigning || made.Kid == first {
			t.Fatalf("made %+v, %v", made, err)
		}
		f.wantStates("replaced", "signing "+made.Kid)
		time.Sleep(time.Second)
		for i, s := range f.processes {
			_, err := s.Authenticate(w.ctx, old, true)
			if e := wantError(t, err, auth.CodeUnauthenticated, auth.ReasonUnknownToken); e.Message == "" {
				t.Errorf("process %d says nothing", i)
			}
		}
		f.published("replaced", made.Kid)
		for i := range f.processes {
			token, kid := f.token(i)
			if kid != made.Kid {
				t.Errorf("process %d signs with %s", i, kid)
			}
			f.verified("replaced", token)
		}
		if n := w.count(`select count(*) from audit where kind = 'KEYS_REPLACED' and key_id = $1`, made.Kid); n != 1 {
			t.Errorf("%d entries of the audit record, want 1", n)
		}
	})
}

// counted counts how often the keys are read.
type counted struct {
	auth.Store
	mu    sync.Mutex // guards what follows
	reads int
	fail  error
}

func (c *counted) Keys(ctx context.Context) ([]auth.Key, time.Time, error) {
	c.mu.Lock()
	c.reads++
	fail := c.fail
	c.mu.Unlock()
	if fail != nil {
		return nil, time.Time{}, fail
	}
	return c.Store.Keys(ctx)
}

func (c *counted) take() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.reads
	c.reads = 0
	return n
}

// aside opens one more process, with the readings of its keys counted.
func (w *world) aside(cfg auth.Config) (*counted, *auth.Service) {
	w.t.Helper()
	c := &counted{Store: w.store}
	s, err := auth.New(w.ctx, c, cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	c.take()
	return c, s
}

// A process that is shown a token of a key that another has just made looks for it before it refuses.
func TestUnknownKeyIsLookedFor(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		c, s := w.aside(standard)
		if _, err := auth.ReplaceKeys(w.ctx, w.store, nil); err != nil {
			t.Fatal(err)
		}
		_, other := open(t, w.path, standard, w.log)
		g, err := other.Refresh(w.ctx, from(g.RefreshToken), plain)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := s.Authenticate(w.ctx, g.AccessToken, true); err != nil {
				t.Errorf("refused: %v (%v)", err, errors.Unwrap(err))
			}
		}
		if n := c.take(); n != 1 {
			t.Errorf("it looked %d times, want once", n)
		}
	})
}

// TestForgedKeysDoNotFloodTheDatabase shows thousands of tokens of keys that never were.
func TestForgedKeysDoNotFloodTheDatabase(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		claims := part(t, g.AccessToken, 1)
		kid := func(n byte) string { return strings.Repeat(string('A'+rune(n%26)), 43) }
		c, s := w.aside(standard)
		began := time.Now()
		for round := range 10 {
			var wg sync.WaitGroup
			for i := range 300 {
				wg.Go(func() {
					forged := w.SignToken(map[string]any{"kid": kid(byte(i))}, claims)
					_, err := s.Authenticate(w.ctx, forged, true)
					if e := (*auth.Error)(nil); !errors.As(err, &e) || e.Reason != auth.ReasonUnknownToken {
						t.Errorf("round %d: %v", round, err)
					}
				})
			}
			wg.Wait()
		}
		took := time.Since(began)
		if n, most := c.take(), int(took/(100*time.Millisecond))+1; n > most || n < 10 {
			t.Errorf("3,000 forged tokens made it look %d times in %v, want at most %d", n, took, most)
		}
		for _, name := range []any{nil, "", "short", strings.Repeat("x", 1000), 7, []string{kid(0)}} {
			_, err := s.Authenticate(w.ctx, w.SignToken(map[string]any{"kid": name}, claims), true)
			wantError(t, err, auth.CodeUnauthenticated, auth.ReasonUnknownToken)
		}
		if n := c.take(); n != 0 {
			t.Errorf("it looked %d times for what cannot be the name of a key", n)
		}
	})
}

// TestKeysWithoutTheDatabase takes it away: what was read last serves on for as long as that can be relied on.
func TestKeysWithoutTheDatabase(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		c, s := w.aside(standard)
		c.mu.Lock()
		c.fail = auth.ErrUnavailable
		c.mu.Unlock()
		if _, err := s.Authenticate(w.ctx, g.AccessToken, true); err != nil {
			t.Errorf("at once: %v", err)
		}
		time.Sleep(time.Second + ms)
		_, err := s.Authenticate(w.ctx, g.AccessToken, true)
		if e := wantError(t, err, auth.CodeInternal, ""); !errors.Is(e, auth.ErrUnavailable) {
			t.Errorf("after a second: %v", e.Err)
		}
		forged := w.SignToken(map[string]any{"kid": strings.Repeat("A", 43)}, part(t, g.AccessToken, 1))
		_, err = s.Authenticate(w.ctx, forged, true)
		wantError(t, err, auth.CodeInternal, "")
		c.take()
		if g, err = s.Refresh(w.ctx, from(g.RefreshToken), plain); err != nil {
			t.Errorf("an answer is lost: %v", err)
		}
		if n := c.take(); n > 1 {
			t.Errorf("it looked %d times", n)
		}
		c.mu.Lock()
		c.fail = nil
		c.mu.Unlock()
		time.Sleep(time.Second)
		if _, err := s.Authenticate(w.ctx, g.AccessToken, true); err != nil {
			t.Errorf("the database is back: %v", err)
		}
	})
}
