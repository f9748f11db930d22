package token_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/shared/token"
)

func TestRejectedTokenIsReplacedOnce(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		old, err := k.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				k.Reject(old)
				want(t, k, "token-2")
			})
		}
		wg.Wait()
		k.Reject(old) // long replaced
		want(t, k, "token-2")
		wantAsked(t, i, 2)
	})
}

// A server that takes no token costs one fetch in ten seconds, however often it says so.
func TestRejectionsAreBounded(t *testing.T) {
	login := func(t *testing.T, k *token.Keeper[string], _ token.Secret) {
		grants := func(context.Context) (token.Token[string], error) { return grant("login", 5*time.Minute), nil }
		if err := k.Replace(t.Context(), grants); err != nil {
			t.Fatal(err)
		}
	}
	reject := func(_ *testing.T, k *token.Keeper[string], s token.Secret) { k.Reject(s) }
	renew := func(t *testing.T, k *token.Keeper[string], _ token.Secret) {
		if err := k.Renew(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	type act = func(*testing.T, *token.Keeper[string], token.Secret)
	for _, row := range []struct {
		name    string
		acts    []act         // done with the first token, each followed by a call of Token
		after   time.Duration // and then, so much later, the token of then is rejected
		another bool
	}{
		{"a first token", nil, 0, true},
		{"a token that replaced a rejected one", []act{reject}, 0, false},
		{"shortly before the time is over", []act{reject}, 9999 * time.Millisecond, false},
		{"when it is over", []act{reject}, 10 * time.Second, true},
		{"a token that replaced a good one", []act{renew}, 0, true},
		{"one that came later than that of a rejection", []act{reject, renew}, 0, true},
		{"one of a login after a rejection", []act{reject, login}, 0, true},
		{"one of a login instead of a rejected one", []act{func(t *testing.T, k *token.Keeper[string], s token.Secret) {
			k.Reject(s)
			login(t, k, s)
		}}, 0, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, k *token.Keeper[string], _ *issuer) {
				secret := ask(t, k)
				for _, act := range row.acts {
					act(t, k, secret)
					secret = ask(t, k)
				}
				time.Sleep(row.after)
				if got := k.Reject(secret); got != row.another {
					t.Errorf("Reject reports %t, want %t", got, row.another)
				}
				if again := ask(t, k) != secret; again != row.another {
					t.Errorf("another token is given out: %t, want %t", again, row.another)
				}
			})
		})
	}
	t.Run("for an hour", func(t *testing.T) {
		bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
			for range 3600 * 4 {
				k.Reject(ask(t, k))
				time.Sleep(250 * time.Millisecond)
			}
			if n := i.asked.Load(); n < 350 || n > 361 {
				t.Errorf("%d fetches in an hour of rejections, want one in ten seconds", n)
			}
		})
	})
}

func ask(t *testing.T, k *token.Keeper[string]) token.Secret {
	t.Helper()
	s, err := k.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}
