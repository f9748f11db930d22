package token_test

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/token"
)

func TestCheckOnUseIsTheTruth(t *testing.T) {
	tests := []struct {
		name  string
		moved time.Duration // the wall clock, while the timers stood still
		want  string
	}{
		{"slept a little", 4 * time.Minute, "token-1"},
		{"slept into the margin", 4*time.Minute + 51*time.Second, "token-2"},
		{"slept through", time.Hour, "token-2"},
		{"clock set back past the arrival", -time.Second, "token-2"},
		{"clock set back by a year", -8760 * time.Hour, "token-2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
				want(t, k, "token-1")
				k.MoveWallClock(test.moved)
				want(t, k, test.want)
			})
		})
	}
}

func TestClockSetBackDoesNotMakeATokenYounger(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		want(t, k, "token-1")
		stuck(i, 0) // the timer's own renewal does not help
		time.Sleep(4*time.Minute + 40*time.Second)
		synctest.Wait()
		want(t, k, "token-1")
		k.MoveWallClock(-4 * time.Minute) // by the wall clock it is 40 s old now
		time.Sleep(11 * time.Second)
		ctx, cancel := testContext(t, time.Second)
		defer cancel()
		if got, err := k.Token(ctx); err == nil {
			t.Errorf("%q is given out 4m51s after its arrival", got.Reveal())
		}
	})
}

func TestRenewalAfterTheClockWasSet(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		want(t, k, "token-1")
		k.MoveWallClock(-8760 * time.Hour)
		time.Sleep(5 * time.Minute) // the timer counts on regardless
		synctest.Wait()
		wantAsked(t, i, 2)
		if state := k.State(); time.Until(state.Expiry) > 5*time.Minute {
			t.Errorf("state %+v: the token outlives its lifetime", state)
		}
	})
}
