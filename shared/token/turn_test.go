package token_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/token"
)

// stuck makes every fetch from now on wait for its context, and then some time to stop.
func stuck(i *issuer, stopping time.Duration) {
	i.says(func(ctx context.Context, _ int) error {
		<-ctx.Done()
		<-time.After(stopping)
		return nil // what it brings now is to be thrown away
	})
}

func TestReplaceStopsTheFlightAndWaits(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		stuck(i, 3*time.Second)
		var wg sync.WaitGroup
		wg.Go(func() { want(t, k, "login") }) // was waiting for the flight
		synctest.Wait()
		start := time.Now()
		err := k.Replace(t.Context(), func(ctx context.Context) (token.Token[string], error) {
			if waited := time.Since(start); waited != 3*time.Second {
				t.Errorf("began after %v, want the 3s that the flight takes to stop", waited)
			}
			if i.busy.Load() != 0 {
				t.Error("began while a fetch was under way")
			}
			wg.Go(func() { want(t, k, "login") }) // comes meanwhile
			<-time.After(time.Minute)
			return grant("login", 5*time.Minute), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		wantAsked(t, i, 1)
		if state := k.State(); state.Refreshes != 0 || state.Phase != token.Live {
			t.Errorf("state %+v", state)
		}
	})
}

func TestFailedTurnLeavesEverythingAsItWas(t *testing.T) {
	turns := []struct {
		name string
		take func(k *token.Keeper[string]) error
	}{
		{"Replace", func(k *token.Keeper[string]) error {
			return k.Replace(context.Background(), func(context.Context) (token.Token[string], error) {
				return token.Token[string]{}, errNo
			})
		}},
		{"Drop", func(k *token.Keeper[string]) error {
			return k.Drop(context.Background(), func(context.Context) error { return errNo }, errFault)
		}},
	}
	for _, turn := range turns {
		t.Run(turn.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
				want(t, k, "token-1")
				before := k.State()
				if err := turn.take(k); err != errNo {
					t.Fatalf("err = %v, want %v", err, errNo)
				}
				if after := k.State(); after != before {
					t.Errorf("state %+v, want %+v", after, before)
				}
				time.Sleep(time.Until(before.NextRefresh) + 1)
				synctest.Wait()
				want(t, k, "token-2") // the timer went on

				// A renewal that the turn has stopped is taken up again.
				stuck(i, 0)
				time.Sleep(4*time.Minute + 30*time.Second)
				synctest.Wait()
				i.says(nil)
				if err := turn.take(k); err != errNo {
					t.Fatal(err)
				}
				synctest.Wait()
				want(t, k, "token-4")
			})
		})
	}
}

func TestDrop(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		want(t, k, "token-1")
		if err := k.Drop(t.Context(), func(context.Context) error { return nil }, errNo); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Token(t.Context()); err != errNo {
			t.Errorf("err = %v, want %v", err, errNo)
		}
		if state := k.State(); state.Phase != token.Refused || state.Lost || state.Holder != "" {
			t.Errorf("state %+v", state)
		}
		time.Sleep(time.Hour)
		wantAsked(t, i, 1)
	})
}

func TestTurnsAreTakenOneByOne(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		inside := 0 // not guarded: that is the test, under -race
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				err := k.Replace(t.Context(), func(context.Context) (token.Token[string], error) {
					inside++
					if inside != 1 {
						t.Errorf("%d at a time", inside)
					}
					<-time.After(time.Second)
					inside--
					return grant("x", time.Minute), nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if err := k.Drop(ctx, func(context.Context) error { return nil }, errNo); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v, want the context's: it was not its turn", err)
		}
		wg.Wait()
	})
}

func TestTurnThatGivesUpWaitingForTheFlight(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		want(t, k, "token-1")
		stuck(i, time.Minute)
		time.Sleep(4*time.Minute + 30*time.Second)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := k.Replace(ctx, func(context.Context) (token.Token[string], error) {
			t.Error("ran while a flight was stopping")
			return token.Token[string]{}, nil
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v, want the context's", err)
		}
		i.says(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		wantAsked(t, i, 3) // the renewal that was stopped has been taken up again
		want(t, k, "token-3")
	})
}
