package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// TestHashesWaitInAShortQueue has logins come from several networks while every turn is taken: so many wait, of one
// network and of all, and the others are told when to try again.
func TestHashesWaitInAShortQueue(t *testing.T) {
	cfg := standard
	cfg.LoginAttempts = 0
	inBubble(t, cfg, func(t *testing.T, w *world) {
		w.signUp()
		release := w.TakeHashSlots()
		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			said = map[string]int{}
		)
		come := func(n int, ip string, name string) {
			for range n {
				wg.Go(func() {
					err := w.login(email, password, ip)
					mu.Lock()
					defer mu.Unlock()
					switch e := (*auth.Error)(nil); {
					case err == nil:
						said[name+" in"]++
					case errors.As(err, &e) && e.Code == auth.CodeRateLimited && e.RetryAfter == time.Second:
						said[name+" later"]++
					default:
						said[name+" "+err.Error()]++
					}
				})
			}
			synctest.Wait()
		}
		come(60, "192.0.2.1", "one")
		for i := range 6 {
			come(10, fmt.Sprintf("198.51.100.%d", i), "many")
		}
		gone, leave := context.WithCancel(w.ctx)
		leave()
		if n := w.HashesQueued(); n != 100 {
			t.Errorf("%d in the queue", n)
		}
		release()
		wg.Wait()
		want := map[string]int{"one in": 50, "one later": 10, "many in": 50, "many later": 10}
		for name, n := range want {
			if said[name] != n {
				t.Errorf("%s: %d, want %d", name, said[name], n)
			}
		}
		defer w.TakeHashSlots()()
		began := time.Now()
		wantError(t, w.login(email, password, "192.0.2.1"), auth.CodeRateLimited, "")
		if waited := time.Since(began); waited != 4*time.Second {
			t.Errorf("waited for %s", waited)
		}
		_, err := w.Login(gone, email, password, from())
		if n := w.HashesQueued(); n != 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("%d are left in the queue, %v", n, err)
		}
	})
}
