package auth_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

func (w *world) login(email, password, ip string) error {
	v := from()
	v.IP = ip
	_, err := w.Login(w.ctx, email, password, v)
	return err
}

func (w *world) fail(n int, email, ip string) {
	w.t.Helper()
	for range n {
		wantError(w.t, w.login(email, "wrong password", ip), auth.CodeUnauthenticated, auth.ReasonInvalidCredentials)
	}
}

func limited(t *testing.T, err error, wait time.Duration) {
	t.Helper()
	if e := wantError(t, err, auth.CodeRateLimited, ""); e.RetryAfter != wait {
		t.Errorf("retry after %v, want %v", e.RetryAfter, wait)
	}
}

func TestLimitOfAnAccount(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		w.signUp()
		w.fail(5, email, "192.0.2.1")
		time.Sleep(time.Minute)
		w.fail(5, email, "192.0.2.2")
		limited(t, w.login(email, password, "192.0.2.3"), 14*time.Minute)
		if err := w.login("eve@example.com", password, "192.0.2.3"); err == nil {
			t.Error("an unknown account let in")
		}
		time.Sleep(14 * time.Minute)
		if err := w.login(email, password, "192.0.2.3"); err != nil {
			t.Errorf("after the wait: %v", err)
		}
		w.fail(9, email, "192.0.2.4")
		if err := w.login(email, password, "192.0.2.5"); err != nil {
			t.Fatal(err)
		}
		w.fail(9, email, "192.0.2.6") // a success has cleared the account's count
	})
}

func TestLimitOfSignUps(t *testing.T) {
	cfg := standard
	cfg.SignUps = 3
	inBubble(t, cfg, func(t *testing.T, w *world) {
		signUp := func(email, ip string) error {
			_, err := w.SignUp(w.ctx, email, password, "", auth.Visitor{IP: ip})
			return err
		}
		for i, address := range []string{email, email, "eve@example.com"} { // what is taken counts too
			if err := signUp(address, fmt.Sprintf("2001:db8::%d", i)); err != nil && i != 1 {
				t.Fatal(err)
			}
		}
		wantError(t, signUp("short", "2001:db8::1"), auth.CodeBadUserInput, "") // and is not worth counting
		limited(t, signUp("bob@example.com", "2001:db8::99"), time.Hour)
		time.Sleep(30 * time.Minute)
		w.runFor(time.Second) // which prunes
		limited(t, signUp("bob@example.com", "2001:db8::99"), 30*time.Minute-time.Second)
		if err := signUp("bob@example.com", "2001:db8:0:1::1"); err != nil {
			t.Errorf("from elsewhere: %v", err)
		}
		time.Sleep(time.Hour)
		if err := signUp("carol@example.com", "2001:db8::1"); err != nil {
			t.Errorf("after the wait: %v", err)
		}
	})
}

func TestLimitOfAnUnknownAccount(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		for i := range 10 {
			w.fail(1, "Eve@example.com ", fmt.Sprintf("192.0.2.%d", i))
		}
		limited(t, w.login("eve@example.com", password, "192.0.2.100"), 15*time.Minute)
		if n := w.count(`select count(*) from login_failures where subject like '%eve%'`); n != 0 {
			t.Error("the email address stands in the table")
		}
	})
}

// TestLimitOfAnAddress has everybody behind an address try wrong passwords.
func TestLimitOfAnAddress(t *testing.T) {
	cfg := standard
	cfg.LoginAttemptsAddress = 20
	for _, row := range []struct{ name, from, same, other string }{
		{"IPv4", "192.0.2.1", "192.0.2.1", "192.0.2.2"},
		{"IPv6 network", "2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"},
		{"IPv4 in IPv6", "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2"},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, cfg, func(t *testing.T, w *world) {
				g := w.signUp()
				for i := range 20 {
					w.fail(1, fmt.Sprintf("user%d@example.com", i), row.from)
				}
				limited(t, w.login(email, password, row.same), 15*time.Minute)
				if err := w.login(email, password, row.other); err != nil {
					t.Errorf("another address: %v", err)
				}
				limited(t, w.login(email, password, row.same), 15*time.Minute)
				known := auth.Visitor{IP: row.same, Devices: []string{g.Device}}
				if _, err := w.Login(w.ctx, email, password, known); err != nil {
					t.Errorf("a known browser behind the address: %v", err)
				}
			})
		})
	}
}

func TestNoLimit(t *testing.T) {
	cfg := standard
	cfg.LoginAttempts, cfg.LoginAttemptsAddress = 0, 0
	inBubble(t, cfg, func(t *testing.T, w *world) {
		w.fail(30, email, "192.0.2.1")
		if n := w.count(`select count(*) from login_failures`); n != 0 {
			t.Errorf("%d failures kept", n)
		}
	})
}

// TestLimitOfGuessesAtOnce sends guesses side by side: no more than the limit may be told that they are wrong, and the
// right one among the rest is not told either.
func TestLimitOfGuessesAtOnce(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		w.signUp()
		release := w.TakeHashSlots()
		var (
			wg    sync.WaitGroup
			mu    sync.Mutex
			codes = map[auth.Code]int{}
		)
		for i := range 25 {
			wg.Go(func() {
				err := w.login(email, "wrong password", fmt.Sprintf("198.51.100.%d", i))
				mu.Lock()
				defer mu.Unlock()
				if e, ok := err.(*auth.Error); ok {
					codes[e.Code]++
				}
			})
		}
		time.Sleep(time.Second) // all of them wait for their turn now
		release()
		wg.Wait()
		if codes[auth.CodeUnauthenticated] != 10 || codes[auth.CodeRateLimited] != 15 {
			t.Errorf("answers %v", codes)
		}
	})
}

func TestLimitHoldsForTheRightPasswordToo(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		w.signUp()
		release := w.TakeHashSlots()
		done := make(chan error)
		go func() { done <- w.login(email, password, "192.0.2.99") }()
		time.Sleep(time.Second) // it has passed the first look at the count
		if _, err := w.raw.Exec(`insert into login_failures (subject, at) select 'address:192.0.2.99', ?
			from (with recursive n(i) as (select 1 union all select i + 1 from n where i < 200) select i from n)`, time.Now().UnixMilli()); err != nil {
			t.Fatal(err)
		}
		release()
		limited(t, <-done, 15*time.Minute)
	})
}

func TestChangePasswordCountsFailures(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		id := w.used(w.signUp())
		for range 10 {
			wantError(t, w.ChangePassword(w.ctx, from(), id, "wrong password", "another password"), auth.CodeBadUserInput, "")
		}
		limited(t, w.ChangePassword(w.ctx, from(), id, password, "another password"), 15*time.Minute)
		g, err := w.Login(w.ctx, email, password, from())
		if err != nil {
			t.Fatalf("the owner logs in: %v", err)
		}
		if err := w.ChangePassword(w.ctx, from(), w.used(g), password, "another password"); err != nil {
			t.Errorf("from another session: %v", err)
		}
		if strings.Contains(w.log.String(), "@") {
			t.Error("an email address in the log")
		}
	})
}
