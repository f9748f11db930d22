package auth_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// crowd is requests that are under way at once, with how many of each name had each outcome.
type crowd struct {
	w    *world
	wg   sync.WaitGroup
	mu   sync.Mutex
	said map[string]int
}

// come starts n requests, which wait when it returns.
func (c *crowd) come(n int, name string, do func() error) {
	for range n {
		c.wg.Go(func() {
			outcome := "in"
			if err := do(); err != nil {
				outcome = err.Error()
				if e := (*auth.Error)(nil); errors.As(err, &e) && e.Code == auth.CodeRateLimited && e.RetryAfter == time.Second {
					outcome = string(e.Reason)
				}
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			c.said[name+" "+outcome]++
		})
	}
	synctest.Wait()
}

// of returns how many requests of the name had the outcome.
func (c *crowd) of(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.said[what]
}

// login is a login with the right password.
func (c *crowd) login(ip string) func() error {
	return func() error { return c.w.login(email, password, ip) }
}

// TestNobodyHoldsTheQueue has senders fill the queue of password hashes with the right password while all turns are
// taken, and then others come.
func TestNobodyHoldsTheQueue(t *testing.T) {
	fill := map[string]func(c *crowd){
		"two addresses": func(c *crowd) {
			c.come(60, "flood", c.login("198.51.100.1"))
			c.come(60, "flood", c.login("203.0.113.1"))
		},
		"one network of 48 bits": func(c *crowd) {
			for _, ip := range in64s("2001:db8:0:", 120) {
				c.come(1, "flood", c.login(ip))
			}
		},
	}
	for _, name := range slices.Sorted(maps.Keys(fill)) {
		t.Run(name, func(t *testing.T) {
			recorded(t, unlimited, func(t *testing.T, w *world, _ *recorder, _ func()) {
				g := w.signUp()
				c := &crowd{w: w, said: map[string]int{}}
				release := w.TakeHashSlots()
				fill[name](c)
				if n := w.HashesQueued(); n != 100 {
					t.Errorf("%d in the queue", n)
				}
				for i := range 25 {
					c.come(1, "other", c.login(fmt.Sprintf("192.0.2.%d", i)))
				}
				release()
				c.wg.Wait()
				if c.of("other in") != 25 || c.of("flood in") != 75 || c.of("flood BUSY") != 45 {
					t.Errorf("answers %v", c.said)
				}
				time.Sleep(time.Second)
				synctest.Wait()
				const entries = `select coalesce(sum(times), 0) from audit where kind = 'LOGIN_FAILED' and user_id = ?`
				if n, all := w.count(entries+` and reason = 'BUSY'`, g.User.ID), w.count(entries, g.User.ID); n != 45 || all != 45 {
					t.Errorf("%d of %d refusals are on record as BUSY", n, all)
				}
			})
		})
	}
}

// TestWaitingIsBounded has one address wait in all the places, and gives up on each request in turn.
func TestWaitingIsBounded(t *testing.T) {
	inBubble(t, unlimited, func(t *testing.T, w *world) {
		w.signUp()
		release := w.TakeHashSlots()
		c := &crowd{w: w, said: map[string]int{}}
		c.come(110, "one", c.login("192.0.2.1"))
		if n := w.HashesQueued(); n != 100 || c.of("one BUSY") != 10 {
			t.Errorf("%d in the queue, %v", n, c.said)
		}
		began := time.Now()
		c.wg.Wait()
		if waited := time.Since(began); waited != 4*time.Second || c.of("one BUSY") != 110 {
			t.Errorf("waited for %s, %v", waited, c.said)
		}
		gone, leave := context.WithCancel(w.ctx)
		c.come(20, "gone", func() error { _, err := w.Login(gone, email, password, from()); return err })
		leave()
		c.wg.Wait()
		if n := w.HashesQueued(); n != 0 || c.of("gone "+context.Canceled.Error()) != 20 {
			t.Errorf("%d are left in the queue, %v", n, c.said)
		}
		release()
		if n := w.HashSlots(); n == 0 || w.login(email, password, "192.0.2.1") != nil || w.HashSlots() != n {
			t.Errorf("%d turns are free", n)
		}
	})
}

// TestKnownBrowsersHaveRoom changes passwords by live sessions while strangers fill the queue. What is refused for want
// of room is on record as that.
func TestKnownBrowsersHaveRoom(t *testing.T) {
	recorded(t, unlimited, func(t *testing.T, w *world, _ *recorder, _ func()) {
		id := w.used(w.signUp())
		release := w.TakeHashSlots()
		c := &crowd{w: w, said: map[string]int{}}
		for i := range 300 {
			c.come(1, "stranger", c.login(fmt.Sprintf("198.%d.%d.1", i/250, i%250)))
		}
		c.come(1, "sign-up", func() error {
			_, err := w.SignUp(w.ctx, "eve@example.com", password, "", auth.Visitor{IP: "198.0.0.1"})
			return err
		})
		c.come(1, "owner", func() error { return w.ChangePassword(w.ctx, from(), id, password, "another password") })
		release()
		c.wg.Wait()
		if c.of("owner in") != 1 || c.of("sign-up BUSY") != 1 {
			t.Errorf("answers %v", c.said)
		}
		defer w.TakeHashSlots()()
		c.come(60, "session", func() error { return w.ChangePassword(w.ctx, from(), id, password, "another password") })
		if n := w.HashesQueued(); n != 50 || c.of("session BUSY") != 10 {
			t.Errorf("%d in the queue, answers %v", n, c.said)
		}
		c.wg.Wait()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		for kind, want := range map[auth.EventKind]int{auth.EventSignUpRefused: 1, auth.EventPasswordChangeFailed: 60} {
			if n := w.count(`select coalesce(sum(times), 0) from audit where kind = ? and reason = 'BUSY'`, kind); n != want {
				t.Errorf("%d of %s, want %d", n, kind, want)
			}
		}
	})
}
