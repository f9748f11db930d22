package token_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/token"
)

func TestWakeAfterSleep(t *testing.T) {
	tests := []struct {
		name  string
		slept time.Duration // by the wall clock, while the timers stood still
		wake  bool
		runs  time.Duration // from then on
		asked int32
	}{
		{"nothing is due", time.Minute, true, 0, 1},
		{"the renewal is due", 4*time.Minute + 31*time.Second, true, 0, 2},
		{"the token is over", 24 * time.Hour, true, 0, 2},
		{"the clock was set back", -time.Hour, true, 0, 2},
		{"the timer is late", 3 * time.Minute, true, 91 * time.Second, 2},
		{"the timer is late, and nobody says so", 3 * time.Minute, false, 91 * time.Second, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
				want(t, k, "token-1")
				k.MoveWallClock(test.slept)
				if test.wake {
					k.Wake()
				}
				time.Sleep(test.runs)
				synctest.Wait()
				wantAsked(t, i, test.asked)
			})
		})
	}
}

// A clock that was set back does not put the timer off.
func TestWakeDoesNotPutTheRenewalOff(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		want(t, k, "token-1")
		time.Sleep(3 * time.Minute)
		k.MoveWallClock(-2 * time.Minute)
		k.Wake()
		time.Sleep(91 * time.Second) // 4m31s in all
		synctest.Wait()
		wantAsked(t, i, 2)
	})
}

// slowest has pauses as long as they can be.
func slowest() float64 { return 1 - 1e-9 }

func TestWakeCutsABackoffShort(t *testing.T) {
	tests := []struct {
		name  string
		after time.Duration // which the issuer asks for
		wake  bool
		want  time.Duration // from the tenth fault to the token, at most, and at least a quarter of a second less
	}{
		{"nobody says that the network is back", 0, false, 30 * time.Second},
		{"woken", 0, true, 1250 * time.Millisecond},
		{"woken, but the issuer has asked for a minute", time.Minute, true, 60250 * time.Millisecond},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var last time.Time
				i := &issuer{life: 5 * time.Minute}
				down := func(_ context.Context, n int) error {
					if n > 10 {
						return nil
					}
					last = time.Now()
					return token.Delay(errFault, test.after)
				}
				i.says(down)
				k := token.New(token.Config[string]{Fetch: i.fetch, Random: slowest})
				defer k.Close()
				var wg sync.WaitGroup
				wg.Go(func() { want(t, k, "token-11") })
				for synctest.Wait(); i.asked.Load() < 10; synctest.Wait() {
					time.Sleep(time.Second / 10)
				}
				time.Sleep(time.Until(last.Add(time.Second)))
				if test.wake {
					k.Wake()
					synctest.Wait()
					if next := k.State().NextRefresh.Sub(last.Round(0)); next > test.want {
						t.Errorf("the next try is said to come %v after the last", next)
					}
				}
				wg.Wait()
				if took := time.Since(last); took > test.want || took < test.want-250*time.Millisecond {
					t.Errorf("the token came %v after the last fault, want %v", took, test.want)
				}
			})
		})
	}
}

// Waking cuts one pause short and begins the backoff anew, so that it grows again.
func TestBackoffBeginsAnewAfterWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: 5 * time.Minute}
		i.says(func(context.Context, int) error { return errFault })
		k := token.New(token.Config[string]{Fetch: i.fetch, Random: slowest})
		defer k.Close()
		ctx, cancel := testContext(t, time.Hour)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = k.Token(ctx) })
		time.Sleep(10 * time.Minute)
		before := i.asked.Load()
		k.Wake()
		time.Sleep(16 * time.Second) // 0.25 and 0.25, 0.5, 1, 2, 4 and 8 s
		if tries := i.asked.Load() - before; tries != 7 {
			t.Errorf("%d tries in 16 s after waking, want 7", tries)
		}
		before = i.asked.Load()
		for range 10000 {
			k.Wake()
			time.Sleep(time.Millisecond)
		}
		if tries := i.asked.Load() - before; tries < 20 || tries > 41 {
			t.Errorf("%d tries in 10 s of waking every millisecond, want one every quarter of a second", tries)
		}
		cancel()
		wg.Wait()
	})
}

func TestWakeAsksNobodyWhereNothingIsDue(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		k.Wake()
		time.Sleep(time.Hour)
		wantAsked(t, i, 0)
		err := k.Replace(t.Context(), func(context.Context) (token.Token[string], error) {
			k.Wake()
			return grant("login", time.Minute), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		k.Wake()
		synctest.Wait()
		wantAsked(t, i, 0)
		if err := k.Drop(t.Context(), func(context.Context) error { return nil }, errNo); err != nil {
			t.Fatal(err)
		}
		k.Wake()
		k.Close()
		k.Wake()
		time.Sleep(time.Hour)
		wantAsked(t, i, 0)
	})
}
