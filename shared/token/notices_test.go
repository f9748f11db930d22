package token_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/token"
)

func testContext(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}

func TestObserversAreToldInOrderAndOneAtATime(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		var running atomic.Int32
		var mu sync.Mutex
		told := make(map[int][]int)
		for o := range 3 {
			k.Observe(func(s token.State[string]) {
				if running.Add(1) != 1 {
					t.Error("two observers at a time")
				}
				<-time.After(time.Millisecond)
				k.State() // no lock is held
				running.Add(-1)
				mu.Lock()
				defer mu.Unlock()
				told[o] = append(told[o], s.Refreshes)
			})
		}
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if err := k.Renew(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for range 20 {
			if err := k.Renew(t.Context()); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		for o, refreshes := range told {
			if len(refreshes) != k.State().Refreshes+1 {
				t.Errorf("observer %d was told %d states, want %d", o, len(refreshes), k.State().Refreshes+1)
			}
			for j, r := range refreshes {
				if r != j {
					t.Fatalf("observer %d was told %v", o, refreshes)
				}
			}
		}
	})
}

func TestObserverMayCloseAndStop(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		i.says(func(context.Context, int) error { return errFault })
		closed := make(chan struct{})
		var after atomic.Int32
		k.Observe(func(token.State[string]) {
			k.Close()
			close(closed)
		})
		k.Observe(func(token.State[string]) { after.Add(1) })
		if _, err := k.Token(t.Context()); err != token.ErrClosed {
			t.Errorf("err = %v, want ErrClosed", err)
		}
		<-closed
		if after.Load() != 0 {
			t.Error("an observer was told something after Close")
		}
	})
}

func TestStoppedObserverIsToldNothing(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		var first, second, third atomic.Int32
		release := make(chan struct{})
		k.Observe(func(token.State[string]) { first.Add(1); <-release })
		stop := k.Observe(func(token.State[string]) { second.Add(1) })
		k.Observe(func(token.State[string]) { third.Add(1) })
		want(t, k, "token-1")
		synctest.Wait() // the first is being told, the others are to come
		stop()
		stop()
		close(release)
		synctest.Wait()
		k.Forget()
		synctest.Wait()
		if first.Load() != 2 || second.Load() != 0 || third.Load() != 2 {
			t.Errorf("told %d, %d and %d times, want 2, 0 and 2", first.Load(), second.Load(), third.Load())
		}
	})
}
