package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// recorder counts the commits of what was refused, and fails while it is told to.
type recorder struct {
	auth.Store
	calls  atomic.Int64
	broken atomic.Bool
	keep   atomic.Int64 // for how long the audit record was to be kept at the last pruning
}

// Record implements auth.Store.
func (r *recorder) Record(ctx context.Context, step func(time.Time) []auth.Event) error {
	r.calls.Add(1)
	if r.broken.Load() {
		return errors.New("the disk is full")
	}
	return r.Store.Record(ctx, step)
}

// Prune implements auth.Store.
func (r *recorder) Prune(ctx context.Context, ret auth.Retention, from auth.PruneCursor, limit int) (auth.PruneCursor, int, error) {
	r.keep.Store(int64(ret.Audit))
	return r.Store.Prune(ctx, ret, from, limit)
}

// recorded runs test on a new world whose store is a recorder, with the service running until end is called.
func recorded(t *testing.T, cfg auth.Config, test func(t *testing.T, w *world, r *recorder, end func())) {
	t.Helper()
	inBubble(t, cfg, func(t *testing.T, w *world) {
		r := &recorder{Store: w.store}
		var err error
		if w.Service, err = auth.New(w.ctx, r, cfg); err != nil {
			t.Fatal(err)
		}
		if err := w.SetPasswordCost(64, 1); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(w.ctx)
		var running sync.WaitGroup
		running.Go(func() {
			if err := w.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		end := func() {
			stop()
			running.Wait()
		}
		defer end()
		test(t, w, r, end)
	})
}

// wrong is a login with a wrong password.
func (w *world) wrong(email, ip string) {
	w.t.Helper()
	_, err := w.Login(w.ctx, email, "wrong", auth.Visitor{IP: ip, UserAgent: "Guess/1.0"})
	wantError(w.t, err, auth.CodeUnauthenticated, auth.ReasonInvalidCredentials)
}

// unlimited is standard without a limit of logins.
var unlimited = func() auth.Config {
	cfg := standard
	cfg.LoginAttempts, cfg.LoginAttemptsAddress = 0, 0
	return cfg
}()

// However often something is refused, it is a row in a second.
func TestRefusalsAreCounted(t *testing.T) {
	recorded(t, unlimited, func(t *testing.T, w *world, r *recorder, _ func()) {
		g := w.signUp()
		if err := w.Logout(w.ctx, from(g.RefreshToken), nil); err != nil {
			t.Fatal(err)
		}
		for range 100 {
			w.wrong(email, "192.0.2.1")
			w.refused(g.RefreshToken, plain, auth.ReasonLoggedOut)
		}
		if r.calls.Load() != 0 {
			t.Errorf("%d commits in the requests' time", r.calls.Load())
		}
		time.Sleep(time.Second)
		synctest.Wait()
		w.wrong(email, "192.0.2.1")
		time.Sleep(time.Second)
		synctest.Wait()
		if r.calls.Load() != 2 {
			t.Errorf("%d commits, want 2", r.calls.Load())
		}
		if n := w.count(`select count(*) from audit where kind = 'LOGIN_FAILED' and times = 101 and last_at - at = 1000
			and user_id = ? and ip = '192.0.2.1' and user_agent = 'Guess/1.0'`, g.User.ID); n != 1 {
			t.Error("the failed logins are not one entry of 101")
		}
		if n := w.count(`select count(*) from audit where kind = 'REFRESH_REFUSED' and times = 100 and last_at = at
			and session_id = ?`, g.SessionID); n != 1 {
			t.Error("the refused refreshes are not one entry of 100")
		}
	})
}

// Entries are told apart by whom they are about, by network and by hour, and not by what a stranger writes.
func TestRefusalsAreToldApart(t *testing.T) {
	for _, row := range []struct {
		name    string
		again   func(w *world)
		entries int
	}{
		{"the same", func(w *world) { w.wrong(email, "2001:db8::1") }, 1},
		{"the same network", func(w *world) { w.wrong(email, "2001:db8::2") }, 1},
		{"another user agent", func(w *world) {
			_, err := w.Login(w.ctx, email, "wrong", auth.Visitor{IP: "2001:db8::1", UserAgent: "Other/1.0"})
			wantError(w.t, err, auth.CodeUnauthenticated, auth.ReasonInvalidCredentials)
		}, 1},
		{"another network", func(w *world) { w.wrong(email, "2001:db8:0:1::1") }, 2},
		{"an address without an account", func(w *world) { w.wrong("eve@example.com", "2001:db8::1") }, 2},
		{"the next hour", func(w *world) {
			time.Sleep(time.Hour)
			w.wrong(email, "2001:db8::1")
		}, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			recorded(t, unlimited, func(t *testing.T, w *world, _ *recorder, _ func()) {
				w.signUp()
				w.wrong(email, "2001:db8::1")
				row.again(w)
				time.Sleep(time.Second)
				synctest.Wait()
				if n := w.count(`select count(*) from audit where kind = 'LOGIN_FAILED'`); n != row.entries {
					t.Errorf("%d entries, want %d", n, row.entries)
				}
				if n := w.count(`select sum(times) from audit where kind = 'LOGIN_FAILED'`); n != 2 {
					t.Errorf("they count %d, want 2", n)
				}
			})
		})
	}
}

// Guesses from everywhere fill neither an account's record nor the disk, and each is counted.
func TestAFloodFromEverywhereIsBounded(t *testing.T) {
	recorded(t, unlimited, func(t *testing.T, w *world, _ *recorder, _ func()) {
		g := w.signUp()
		for i := range 40 {
			w.wrong(email, fmt.Sprintf("198.51.100.%d", i))
		}
		for i := range 300 {
			w.wrong(fmt.Sprintf("nobody%d@example.com", i), fmt.Sprintf("203.0.%d.%d", i/100, i%100))
		}
		// The login that a guess has led to is on record with its address, whatever comes beside.
		if _, err := w.Login(w.ctx, email, password, auth.Visitor{IP: "198.51.100.250"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		for _, row := range []struct {
			name, where string
			rows, times int
		}{
			{"of the account, by address", `user_id = '` + g.User.ID + `' and ip <> ''`, 16, 16},
			{"of the account, from elsewhere", `user_id = '` + g.User.ID + `' and ip = ''`, 1, 24},
			{"of nobody, by address", `user_id = '' and ip <> ''`, 256, 256},
			{"of nobody, from elsewhere", `user_id = '' and ip = ''`, 1, 44},
		} {
			where := ` from audit where kind = 'LOGIN_FAILED' and ` + row.where
			if rows, times := w.count(`select count(*)`+where), w.count(`select coalesce(sum(times), 0)`+where); rows != row.rows || times != row.times {
				t.Errorf("%s: %d entries of %d, want %d of %d", row.name, rows, times, row.rows, row.times)
			}
		}
		if n := w.count(`select count(*) from audit where kind = 'LOGGED_IN' and ip = '198.51.100.250'`); n != 1 {
			t.Errorf("%d good logins on record", n)
		}
	})
}

// An attacker who knows many accounts' addresses is bounded too, and what waits is written little by little.
func TestAFloodOnManyAccountsIsBounded(t *testing.T) {
	recorded(t, standard, func(t *testing.T, w *world, r *recorder, _ func()) {
		const accounts = 10_500
		for i := range accounts {
			if err := w.Note(auth.Event{Kind: auth.EventLoginFailed, UserID: fmt.Sprintf("user %d", i), IP: "192.0.2.1"}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := w.count(`select count(*) from audit where kind = 'LOGIN_FAILED'`); n != 200 || r.calls.Load() != 1 {
			t.Errorf("%d entries by %d commits in the first second", n, r.calls.Load())
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		all := ` from audit where kind = 'LOGIN_FAILED'`
		if rows, times := w.count(`select count(*)`+all), w.count(`select sum(times)`+all); rows != 10_001 || times != accounts {
			t.Errorf("%d entries of %d events", rows, times)
		}
		if n := w.count(`select times` + all + ` and user_id = '' and ip = ''`); n != accounts-10_000 {
			t.Errorf("%d of nobody in particular", n)
		}
	})
}

// What cannot be written waits, and what waits is written when the service ends.
func TestRefusalsSurviveFailures(t *testing.T) {
	recorded(t, unlimited, func(t *testing.T, w *world, r *recorder, end func()) {
		r.broken.Store(true)
		for range 3 {
			w.wrong(email, "192.0.2.1")
			time.Sleep(5 * time.Second)
		}
		w.wrong(email, "192.0.2.2")
		if n := w.count(`select count(*) from audit where kind = 'LOGIN_FAILED'`); n != 0 || r.calls.Load() < 3 {
			t.Errorf("%d entries, %d tries", n, r.calls.Load())
		}
		r.broken.Store(false)
		end()
		if n := w.count(`select count(*) from audit where times = 3 and last_at - at = 10000 and ip = '192.0.2.1'`); n != 1 {
			t.Error("the three are not one entry")
		}
		if n := w.count(`select count(*) from audit where times = 1 and ip = '192.0.2.2'`); n != 1 {
			t.Error("the last one is not on record")
		}
	})
}

func TestTheAuditIsKeptForSoLong(t *testing.T) {
	cfg := standard
	cfg.AuditKeep = 2 * time.Hour
	recorded(t, cfg, func(t *testing.T, _ *world, r *recorder, _ func()) {
		synctest.Wait()
		if got := time.Duration(r.keep.Load()); got != cfg.AuditKeep {
			t.Errorf("pruned by %v", got)
		}
	})
}

func TestActivityIsAskedForWell(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		id := w.used(w.signUp())
		for _, row := range []struct {
			name  string
			first int
			after string
			field string
		}{
			{"none", 0, "", "first"},
			{"too many", auth.MaxActivity + 1, "", "first"},
			{"no id", 1, "x", "after"},
			{"an id in another writing", 1, "{0198F0A0-0000-7000-8000-000000000000}", "after"},
			{"as many as can be", auth.MaxActivity, "", ""},
			{"behind the first", 1, "00000000-0000-7000-8000-000000000000", ""},
		} {
			_, err := w.Activity(w.ctx, id, row.first, row.after)
			if row.field == "" && err != nil {
				t.Errorf("%s: %v", row.name, err)
			}
			if row.field != "" && wantError(t, err, auth.CodeBadUserInput, "").Field != row.field {
				t.Errorf("%s: %v", row.name, err)
			}
		}
	})
}
