package token_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/token"
)

var (
	errFault = errors.New("the network is down")
	errNo    = errors.New("no")
)

// issuer hands out token-1, token-2, ... and watches that it is never asked by two at a time.
type issuer struct {
	life    time.Duration
	latency time.Duration
	asked   atomic.Int32
	busy    atomic.Int32
	overlap atomic.Bool

	mu     sync.Mutex
	answer func(ctx context.Context, n int) error // where set, decides about the n-th call, from 1
}

// says sets what the issuer answers from now on.
func (i *issuer) says(answer func(ctx context.Context, n int) error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = answer
}

func (i *issuer) fetch(ctx context.Context) (token.Token[string], error) {
	n := int(i.asked.Add(1))
	if i.busy.Add(1) > 1 {
		i.overlap.Store(true)
	}
	defer i.busy.Add(-1)
	if i.latency > 0 {
		select {
		case <-time.After(i.latency):
		case <-ctx.Done():
			return token.Token[string]{}, ctx.Err()
		}
	}
	i.mu.Lock()
	answer := i.answer
	i.mu.Unlock()
	if answer != nil {
		if err := answer(ctx, n); err != nil {
			return token.Token[string]{}, err
		}
	}
	return grant(fmt.Sprintf("token-%d", n), i.life), nil
}

func grant(value string, life time.Duration) token.Token[string] {
	return token.Token[string]{Secret: token.NewSecret(value), Lifetime: life, Holder: "ann"}
}

// bubble runs test with a keeper over an issuer of five-minute tokens, on a clock of its own.
func bubble(t *testing.T, test func(t *testing.T, k *token.Keeper[string], i *issuer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: 5 * time.Minute}
		k := token.New(token.Config[string]{Fetch: i.fetch, Timeout: time.Hour})
		defer func() {
			k.Close()
			if i.overlap.Load() {
				t.Error("two fetches at a time")
			}
		}()
		test(t, k, i)
	})
}

func want(t *testing.T, k *token.Keeper[string], value string) {
	t.Helper()
	got, err := k.Token(t.Context())
	if err != nil || got.Reveal() != value {
		t.Fatalf("Token() = %q, %v; want %q", got.Reveal(), err, value)
	}
}

func wantAsked(t *testing.T, i *issuer, n int32) {
	t.Helper()
	if got := i.asked.Load(); got != n {
		t.Fatalf("the issuer was asked %d times, want %d", got, n)
	}
}
