package token_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/token"
)

func TestNobodyIsAskedBeforeTheFirstToken(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		time.Sleep(time.Hour)
		wantAsked(t, i, 0)
		if got := k.State(); got.Phase != token.Empty || got.Phase.String() != "empty" {
			t.Errorf("state %+v", got)
		}
		want(t, k, "token-1")
		want(t, k, "token-1")
		wantAsked(t, i, 1)
	})
}

func TestTimerRenews(t *testing.T) {
	for _, life := range []time.Duration{time.Second, 10 * time.Second, 5 * time.Minute, time.Hour} {
		t.Run(life.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
				i.life = life
				want(t, k, "token-1")
				state := k.State()
				if got := time.Until(state.Expiry); got != life {
					t.Errorf("expires in %v, want %v", got, life)
				}
				if got := time.Until(state.NextRefresh); got < life*7/10-1 || got > life*9/10 {
					t.Errorf("to be renewed in %v, want 70 to 90 %% of %v", got, life)
				}
				time.Sleep(life*7/10 - 2)
				synctest.Wait()
				wantAsked(t, i, 1)
				time.Sleep(life/5 + 2)
				synctest.Wait()
				wantAsked(t, i, 2)
				time.Sleep(100 * life)
				if got := i.asked.Load(); got < 100 || got > 150 {
					t.Errorf("asked %d times in a hundred lives", got)
				}
				if state := k.State(); state.Refreshes != int(i.asked.Load())-1 {
					t.Errorf("%d refreshes, want one less than the %d tokens", state.Refreshes, i.asked.Load())
				}
			})
		})
	}
}

func TestRenewalIsScattered(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		earliest, latest := time.Hour, time.Duration(0)
		for range 200 {
			if err := k.Renew(t.Context()); err != nil {
				t.Fatal(err)
			}
			in := time.Until(k.State().NextRefresh)
			earliest, latest = min(earliest, in), max(latest, in)
		}
		if latest-earliest < 50*time.Second {
			t.Errorf("renewals lie between %v and %v: too close together", earliest, latest)
		}
	})
}

func TestOneFlightForAll(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		i.latency = time.Second
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() { want(t, k, "token-1") })
		}
		wg.Wait()
		wantAsked(t, i, 1)
	})
}

func TestWaiterThatGivesUpDoesNotHurtTheFlight(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		i.latency = time.Minute / 4
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { want(t, k, "token-1") })
		start := time.Now()
		if _, err := k.Token(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v, want the context's", err)
		}
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited %v, want 1s", waited)
		}
		wg.Wait()
		wantAsked(t, i, 1)

		i.says(func(context.Context, int) error { return errFault })
		k.Forget()
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := k.Renew(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errFault) {
			t.Errorf("err = %v, want the context's and the last fault", err)
		}
		asked := i.asked.Load()
		k.Forget()
		synctest.Wait()
		if _, err := k.Token(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v, want the context's", err)
		}
		wantAsked(t, i, asked) // a context that has ended starts nothing
	})
}

func TestFaultsAreRetriedUntilTheIssuerSpeaks(t *testing.T) {
	tests := []struct {
		name string
		last error
		want error
	}{
		{"a token", nil, nil},
		{"a no", token.Refuse(errNo), errNo},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
				var at []time.Time
				i.says(func(_ context.Context, n int) error {
					at = append(at, time.Now())
					if n <= 20 {
						return errFault
					}
					return test.last
				})
				if _, err := k.Token(t.Context()); err != test.want {
					t.Fatalf("err = %v, want %v", err, test.want)
				}
				wantAsked(t, i, 21)
				var longest time.Duration
				for j := 1; j < len(at); j++ {
					pause := at[j].Sub(at[j-1])
					longest = max(longest, pause)
					if j < 8 && pause > 250*time.Millisecond<<(j-1) || pause > 30*time.Second {
						t.Errorf("pause %d took %v", j, pause)
					}
				}
				if longest < 5*time.Second {
					t.Errorf("the longest of 20 pauses took %v: they do not grow", longest)
				}
			})
		})
	}
}

func TestOldTokenIsGivenOutWhileRetrying(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		want(t, k, "token-1")
		up := make(chan struct{})
		i.says(func(context.Context, int) error {
			select {
			case <-up:
				return nil
			default:
				return errFault
			}
		})
		arrived := k.State().Expiry.Add(-5 * time.Minute)
		time.Sleep(5*time.Minute - 11*time.Second)
		want(t, k, "token-1")
		if state := k.State(); !errors.Is(state.Err, errFault) || state.Phase != token.Live || !state.NextRefresh.After(time.Now().Add(-1)) {
			t.Errorf("state %+v, want a fault and a next try", state)
		}
		time.Sleep(2 * time.Second) // into the margin
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if got, err := k.Token(ctx); err == nil {
			t.Errorf("%v after its arrival the token is given out: %q", time.Since(arrived), got.Reveal())
		}
		close(up)
		if _, err := k.Token(t.Context()); err != nil {
			t.Error(err)
		}
		if state := k.State(); state.Err != nil {
			t.Errorf("the fault is over, and the state is %+v", state)
		}
	})
}

func TestIssuerThatWantsToBeLeftAlone(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		i.says(func(_ context.Context, n int) error {
			if n == 1 {
				return token.Delay(errFault, 90*time.Second)
			}
			return nil
		})
		start := time.Now()
		want(t, k, "token-2")
		if waited := time.Since(start); waited < 90*time.Second || waited > 91*time.Second {
			t.Errorf("asked again after %v, want 90s and a little", waited)
		}
	})
}

func TestTryIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Minute}
		i.says(func(ctx context.Context, n int) error {
			if n == 1 {
				<-ctx.Done() // and then a token after all, which comes too late
			}
			return nil
		})
		k := token.New(token.Config[string]{Fetch: i.fetch, Timeout: 7 * time.Second})
		defer k.Close()
		start := time.Now()
		want(t, k, "token-2")
		if waited := time.Since(start); waited < 7*time.Second || waited > 8*time.Second {
			t.Errorf("the first try was given up after %v, want 7s", waited)
		}
	})
}

func TestTokenWithoutLifetimeIsAFault(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		i.life = 0
		i.says(func(_ context.Context, n int) error {
			if n == 2 {
				i.life = time.Minute
			}
			return nil
		})
		want(t, k, "token-2")
		err := k.Replace(t.Context(), func(context.Context) (token.Token[string], error) { return grant("x", -1), nil })
		if err == nil {
			t.Error("Replace took a token without a lifetime")
		}
		want(t, k, "token-2")
	})
}

func TestRefusal(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		i.says(func(context.Context, int) error { return fmt.Errorf("wrapped: %w", token.Refuse(errNo)) })
		for range 3 {
			if _, err := k.Token(t.Context()); err != errNo {
				t.Errorf("err = %v, want %v", err, errNo)
			}
		}
		wantAsked(t, i, 1)
		if state := k.State(); state.Phase != token.Refused || state.Lost || state.Refusal != errNo || state.Err != nil || !state.NextRefresh.IsZero() {
			t.Errorf("state %+v", state)
		}
		i.says(nil)
		if err := k.Renew(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, k, "token-2")

		i.says(func(context.Context, int) error { return token.Refuse(errNo) })
		time.Sleep(5 * time.Minute) // the timer meets the refusal
		synctest.Wait()
		wantAsked(t, i, 3)
		if state := k.State(); state.Phase != token.Refused || !state.Lost {
			t.Errorf("state %+v, want a token lost", state)
		}
		time.Sleep(time.Hour)
		wantAsked(t, i, 3)
	})
}
