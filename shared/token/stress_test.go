package token_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/shared/token"
)

// TestEverythingAtOnce lets twenty goroutines do whatever there is to do, for an hour, over an issuer that is slow
// and fails at random. The issuer watches that no two fetches overlap; what is left to see is that nobody hangs,
// which the bubble notices, and that a token given out always has life left.
func TestEverythingAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		i.life = 20 * time.Second
		i.says(func(ctx context.Context, _ int) error { return mishap(ctx) })
		k.Observe(func(s token.State[string]) {
			if s.Phase == token.Live && s.Holder != "ann" {
				t.Errorf("state %+v", s)
			}
		})
		end := time.Now().Add(time.Hour)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for time.Now().Before(end) {
					doSomething(t, k, i)
					<-time.After(rand.N(5 * time.Second))
				}
			})
		}
		wg.Wait()
	})
}

func mishap(ctx context.Context) error {
	select {
	case <-time.After(rand.N(3 * time.Second)):
	case <-ctx.Done():
		return ctx.Err()
	}
	switch rand.N(10) {
	case 0, 1:
		return errFault
	case 2:
		return token.Refuse(errNo)
	case 3:
		return token.Delay(errFault, time.Second)
	}
	return nil
}

func doSomething(t *testing.T, k *token.Keeper[string], i *issuer) {
	ctx, cancel := context.WithTimeout(context.Background(), rand.N(10*time.Second))
	defer cancel()
	login := func(ctx context.Context) (token.Token[string], error) {
		if i.busy.Load() != 0 {
			t.Error("a login and a fetch at a time")
		}
		return grant("login", i.life), mishap(ctx)
	}
	switch rand.N(12) {
	case 0:
		_ = k.Renew(ctx)
	case 1:
		_ = k.Replace(ctx, login)
	case 2:
		_ = k.Drop(ctx, mishap, errNo)
	case 3:
		k.Forget()
	default:
		secret, err := k.Token(ctx)
		if (err == nil) != (secret.Reveal() != "") {
			t.Errorf("token %q with error %v", secret.Reveal(), err)
		}
		if err == nil && rand.N(4) == 0 {
			k.Reject(secret)
		}
	}
}
