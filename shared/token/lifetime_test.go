package token_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/token"
)

func TestNext(t *testing.T) {
	arrived := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	tests := []struct {
		name string
		life time.Duration
		r    float64
		want time.Duration // after the arrival
	}{
		{"five minutes, earliest", 5 * time.Minute, 0, 210 * time.Second},
		{"five minutes, middle", 5 * time.Minute, 0.5, 240 * time.Second},
		{"five minutes, latest", 5 * time.Minute, 1, 270 * time.Second},
		{"one second, earliest", time.Second, 0, 700 * time.Millisecond},
		{"one second, latest", time.Second, 1, 900 * time.Millisecond},
		{"a year, latest", 8760 * time.Hour, 1, 7884 * time.Hour},
		{"no life", 0, 0.5, 0},
		{"negative life", -time.Minute, 0.5, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := token.Next(arrived, test.life, test.r).Sub(arrived)
			if diff := got - test.want; diff < -time.Microsecond || diff > time.Microsecond {
				t.Errorf("renewed %v after its arrival, want %v", got, test.want)
			}
		})
	}
}

func TestMargin(t *testing.T) {
	tests := []struct {
		name       string
		life, want time.Duration
	}{
		{"a year", 8760 * time.Hour, 10 * time.Second},
		{"five minutes", 5 * time.Minute, 10 * time.Second},
		{"ten seconds", 10 * time.Second, time.Second},
		{"one second", time.Second, 100 * time.Millisecond},
		{"no life", 0, 0},
		{"negative life", -time.Minute, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := token.Margin(test.life); got != test.want {
				t.Errorf("margin %v, want %v", got, test.want)
			}
			if latest := token.Next(time.Time{}, test.life, 1).Sub(time.Time{}); test.life > 0 && latest > test.life-token.Margin(test.life) {
				t.Errorf("renewed after %v: that is inside the margin", latest)
			}
		})
	}
}

func TestRemaining(t *testing.T) {
	const life = 5 * time.Minute
	tests := []struct {
		name            string
		wall, monotonic time.Duration
		want            time.Duration
	}{
		{"just arrived", 0, 0, life},
		{"both clocks agree", time.Minute, time.Minute, 4 * time.Minute},
		{"slept: the monotonic clock stood still", 4 * time.Minute, time.Second, time.Minute},
		{"wall clock set back a little", time.Minute, 3 * time.Minute, 2 * time.Minute},
		{"wall clock set back past the arrival", -time.Second, time.Minute, 0},
		{"wall clock set back by a year", -8760 * time.Hour, time.Second, 0},
		{"wall clock set forward", time.Hour, time.Minute, 0},
		{"over", 6 * time.Minute, 6 * time.Minute, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := token.Remaining(life, test.wall, test.monotonic); got != test.want {
				t.Errorf("%v remain, want %v", got, test.want)
			}
		})
	}
}

func TestBackoff(t *testing.T) {
	tests := []struct {
		name  string
		try   int
		after time.Duration
		r     float64
		want  time.Duration
	}{
		{"first try, no luck", 0, 0, 1, 250 * time.Millisecond},
		{"first try, at once", 0, 0, 0, 0},
		{"third try", 2, 0, 1, time.Second},
		{"bounded", 7, 0, 1, 30 * time.Second},
		{"still bounded", 1 << 40, 0, 0.5, 15 * time.Second},
		{"the issuer asks for more", 0, time.Minute, 0, time.Minute},
		{"scattered after what the issuer asks for", 0, time.Minute, 1, time.Minute + 250*time.Millisecond},
		{"the issuer asks for a day", 0, 24 * time.Hour, 0, 5 * time.Minute},
		{"the issuer asks for less than nothing", 0, -time.Minute, 1, 250 * time.Millisecond},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := token.Backoff(test.try, test.after, test.r); got != test.want {
				t.Errorf("waits %v, want %v", got, test.want)
			}
		})
	}
}

// TestRandom gives the keeper its random numbers: the renewal is where they say, and so is the try after a fault.
func TestRandom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, fails := time.Now(), true
		k := token.New(token.Config[string]{
			Random: func() float64 { return 0.5 },
			Fetch: func(context.Context) (token.Token[string], error) {
				if fails {
					fails = false
					return token.Token[string]{}, errors.New("no answer")
				}
				return token.Token[string]{Secret: token.NewSecret("token-1"), Lifetime: 100 * time.Second}, nil
			},
		})
		defer k.Close()
		if _, err := k.Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited != 125*time.Millisecond {
			t.Errorf("tried again after %v, want half of 250 ms", waited)
		}
		if next := k.State().NextRefresh.Sub(time.Now().Round(0)); next != 80*time.Second {
			t.Errorf("renewed after %v, want 80 s", next)
		}
	})
}
