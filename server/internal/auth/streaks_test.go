package auth_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

func TestWaitsOfAStreak(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		1: 0, 99: 0, 100: 15 * time.Minute, 101: 30 * time.Minute, 102: time.Hour, 106: 16 * time.Hour,
		107: 24 * time.Hour, 108: 24 * time.Hour, 1 << 40: 24 * time.Hour,
	} {
		if got := auth.StreakWait(failures); got != want {
			t.Errorf("after %d failures: %s, want %s", failures, got, want)
		}
	}
}

// patiently guesses at an account for as long as it takes, each time from another address and as soon as it may. It
// returns how many guesses were told that they are wrong.
func (w *world) patiently(email string, long time.Duration) (guesses int) {
	w.t.Helper()
	for end := time.Now().Add(long); time.Now().Before(end); {
		err := w.login(email, "wrong password", fmt.Sprintf("198.51.%d.%d", guesses/200, guesses%200))
		e := (*auth.Error)(nil)
		switch {
		case !errors.As(err, &e):
			w.t.Fatalf("a guess: %v", err)
		case e.Code == auth.CodeRateLimited:
			time.Sleep(e.RetryAfter)
		default:
			guesses++
		}
	}
	return guesses
}

// TestPatientGuesses guesses at an account for a month. An email address without an account looks the same.
func TestPatientGuesses(t *testing.T) {
	const month = 30 * 24 * time.Hour
	guesses := map[string]int{}
	for _, address := range []string{email, "nobody@example.com"} {
		inBubble(t, standard, func(t *testing.T, w *world) {
			g := w.signUp()
			guesses[address] = w.patiently(address, month)
			if _, err := w.deviceLogin(email, password, "198.51.100.1", g.Device); err != nil {
				t.Errorf("a known browser: %v", err)
			}
		})
	}
	// A hundred in 2.5 hours, seven while the wait doubles to a day, and one on each of the days that are left.
	if n := guesses[email]; n != guesses["nobody@example.com"] || n < 130 || n > 140 {
		t.Errorf("guesses in a month: %v", guesses)
	}
}

// TestWhatEndsAStreak has a hundred failures in a row, and then what ends them or does not.
func TestWhatEndsAStreak(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(w *world, g auth.Grant) error
		ends bool
	}{
		{"nothing", func(*world, auth.Grant) error { return nil }, false},
		{"a refresh", func(w *world, g auth.Grant) error {
			_, err := w.Refresh(w.ctx, from(g.RefreshToken), plain)
			return err
		}, false},
		{"a login of a known browser", func(w *world, g auth.Grant) error {
			_, err := w.deviceLogin(email, password, "192.0.2.7", g.Device)
			return err
		}, true},
		{"a login of a stranger", func(w *world, _ auth.Grant) error { return w.login(email, password, "203.0.113.1") }, true},
		{"89 days", func(*world, auth.Grant) error { time.Sleep(89 * 24 * time.Hour); return nil }, false},
		{"90 days", func(*world, auth.Grant) error { time.Sleep(90 * 24 * time.Hour); return nil }, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := standard
			cfg.IdleTTL = 1000 * time.Hour
			inBubble(t, cfg, func(t *testing.T, w *world) {
				g := w.signUp()
				if n := w.patiently(email, 2*time.Hour+20*time.Minute); n != 100 {
					t.Fatalf("%d guesses", n)
				}
				time.Sleep(15 * time.Minute)
				if err := row.do(w, g); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				w.fail(1, email, "203.0.113.2")
				err := w.login(email, "wrong password", "203.0.113.3")
				if e := (*auth.Error)(nil); !errors.As(err, &e) || (e.Code == auth.CodeRateLimited) == row.ends {
					t.Errorf("the next guess: %v", err)
				}
			})
		})
	}
}

// TestStreaksArePruned leaves rows of many addresses that were tried once or often.
func TestStreaksArePruned(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		for i := range 20 {
			w.fail(1, fmt.Sprintf("user%d@example.com", i), "198.51.100.1")
		}
		w.fail(10, email, "198.51.100.1")
		const rows = `select count(*) from login_streaks`
		for _, step := range []struct {
			wait time.Duration
			want int
		}{{7*24*time.Hour - time.Hour, 21}, {time.Hour, 1}, {83*24*time.Hour - time.Hour, 1}, {time.Hour, 0}} {
			time.Sleep(step.wait)
			w.runFor(time.Second)
			if n := w.count(rows); n != step.want {
				t.Errorf("after another %s: %d rows, want %d", step.wait, n, step.want)
			}
		}
	})
}
