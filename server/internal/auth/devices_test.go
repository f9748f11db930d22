package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// deviceLogin logs in from a browser with these device cookies.
func (w *world) deviceLogin(email, password, ip string, cookies ...string) (auth.Grant, error) {
	return w.Login(w.ctx, email, password, auth.Visitor{IP: ip, UserAgent: "Test/1.0", Devices: cookies})
}

// TestOwnerIsNotLockedOut has strangers guess for as long as they like, at the owner's own address too. The owner's
// browser does not notice, and the strangers get no more guesses by it.
func TestOwnerIsNotLockedOut(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		w.fail(10, email, from().IP)
		for range 5 {
			limited(t, w.login(email, password, "203.0.113.9"), 15*time.Minute)
			limited(t, w.login(email, password, from().IP), 15*time.Minute)
			again, err := w.deviceLogin(email, password, from().IP, g.Device)
			if err != nil {
				t.Fatalf("the owner: %v", err)
			}
			g = again
		}
		for i := range 190 {
			w.fail(1, fmt.Sprintf("user%d@example.com", i), from().IP)
		}
		limited(t, w.login("grace@example.com", password, from().IP), 15*time.Minute)
		if _, err := w.deviceLogin(email, password, from().IP, g.Device); err != nil {
			t.Errorf("the owner behind an address that is at its limit: %v", err)
		}
		if err := w.ChangePassword(w.ctx, from(), w.used(g), password, "another password"); err != nil {
			t.Errorf("the owner changes the password: %v", err)
		}
	})
}

// TestKnownBrowsersAreCounted tries wrong passwords with a device cookie, as a thief of it does: it buys as many guesses
// as a stranger has, once in each quarter of an hour.
func TestKnownBrowsersAreCounted(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		guess := func(n int, want auth.Code) {
			t.Helper()
			for i := range n {
				_, err := w.deviceLogin(email, "wrong password", fmt.Sprintf("198.51.100.%d", i), g.Device)
				if e := (*auth.Error)(nil); !errors.As(err, &e) || e.Code != want {
					t.Fatalf("guess %d: %v, want %s", i+1, err, want)
				}
			}
		}
		guess(10, auth.CodeUnauthenticated) // of the device
		guess(10, auth.CodeUnauthenticated) // of a stranger
		guess(10, auth.CodeRateLimited)
		_, err := w.deviceLogin(email, password, "192.0.2.9", g.Device)
		limited(t, err, 15*time.Minute)

		// The owner's session makes the browser known under the same count, however often it refreshes.
		for range 3 {
			time.Sleep(time.Second)
			g = w.refreshed(g.RefreshToken, plain)
			guess(1, auth.CodeRateLimited)
		}
		time.Sleep(15 * time.Minute)
		guess(20, auth.CodeUnauthenticated)
		guess(1, auth.CodeRateLimited)
		time.Sleep(15 * time.Minute)

		// Logging in gives a browser a new count, which the copy of the old cookie does not have.
		thief := g.Device
		if g, err = w.deviceLogin(email, password, "192.0.2.9", g.Device); err != nil || g.Device == thief {
			t.Fatalf("the owner: %v", err)
		}
		owner := g.Device
		g.Device = thief
		guess(20, auth.CodeUnauthenticated)
		if _, err := w.deviceLogin(email, password, "192.0.2.9", owner); err != nil {
			t.Errorf("the owner: %v", err)
		}
	})
}

// TestWhoIsAKnownBrowser has strangers use up the tries of an account, and then logs in with a device cookie.
func TestWhoIsAKnownBrowser(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		eve, err := w.SignUp(w.ctx, "eve@example.com", password, "Eve", auth.Visitor{IP: "192.0.2.8"})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		entry := func(age time.Duration) string { return w.DeviceEntry(g.User.ID, g.SessionID, now.Add(-age)) }
		other := func(i int) string {
			return w.DeviceEntry(fmt.Sprintf("user %d", i), fmt.Sprintf("session %d", i), now)
		}
		many := func(n int) string {
			var all []string
			for i := range n {
				all = append(all, other(i))
			}
			return strings.Join(all, "")
		}
		w.fail(10, email, "198.51.100.1")
		for _, row := range []struct {
			name    string
			cookies []string
			known   bool
		}{
			{"none", nil, false},
			{"the sign-up's", []string{g.Device}, true},
			{"another account's", []string{eve.Device}, false},
			{"the newest of four", []string{entry(0) + many(3)}, true},
			{"the oldest of four", []string{many(3) + entry(0)}, true},
			{"one of five", []string{entry(0) + many(4)}, false},
			{"beside junk", []string{strings.Repeat("+", 48) + entry(0)}, true},
			{"in the second cookie", []string{"junk", entry(0)}, true},
			{"in the third cookie", []string{"junk", "junk", entry(0)}, false},
			{"just before its end", []string{entry(auth.DeviceLife - time.Minute)}, true},
			{"at its end", []string{entry(auth.DeviceLife)}, false},
			{"forged", []string{entry(0)[:40] + strings.Repeat("A", 8)}, false},
			{"the tag of another time", []string{entry(0)[:28] + entry(time.Hour)[28:]}, false},
			{"cut", []string{entry(0)[:47]}, false},
			{"longer", []string{entry(0) + "A"}, false},
			{"with a line break", []string{entry(0)[:47] + "\n"}, false},
			{"very long", []string{strings.Repeat("A", 1<<20)}, false},
		} {
			_, err := w.deviceLogin(email, password, "192.0.2.9", row.cookies...)
			if e := (*auth.Error)(nil); (err == nil) != row.known || err != nil && (!errors.As(err, &e) || e.Code != auth.CodeRateLimited) {
				t.Errorf("%s: known is %v, %v", row.name, err == nil, err)
			}
		}
	})
}

// TestBrowsersBecomeKnown shows when a browser gets an entry, and which of others' it keeps.
func TestBrowsersBecomeKnown(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		entries := func(cookie string) int { return len(cookie) / 48 }
		g := w.signUp()
		if entries(g.Device) != 1 {
			t.Fatalf("a sign-up has %q", g.Device)
		}
		refresh := func(cookies ...string) auth.Grant {
			t.Helper()
			v := from(g.RefreshToken)
			v.Devices = cookies
			r, err := w.Refresh(w.ctx, v, plain)
			if err != nil {
				t.Fatal(err)
			}
			if r.RefreshToken != "" {
				g.RefreshToken = r.RefreshToken
			}
			return r
		}
		if r := refresh(g.Device); r.Device != "" {
			t.Errorf("a browser that is known gets %q", r.Device)
		}
		first := refresh()
		if entries(first.Device) != 1 || refresh(first.Device).Device != "" {
			t.Errorf("a session's browser without a cookie gets %q", first.Device)
		}
		time.Sleep(auth.DeviceLife - time.Hour)
		cookie := g.Device
		for i := range 6 {
			s, err := w.SignUp(w.ctx, fmt.Sprintf("user%d@example.com", i), password, "", auth.Visitor{IP: fmt.Sprintf("192.0.2.%d", i), Devices: []string{cookie}})
			if err != nil {
				t.Fatal(err)
			}
			if cookie = s.Device; entries(cookie) != min(i+2, 4) {
				t.Errorf("after %d accounts the browser has %d entries", i+2, entries(cookie))
			}
		}
		s, err := w.deviceLogin("user5@example.com", password, "192.0.2.5", cookie)
		if err != nil || entries(s.Device) != 4 || strings.Contains(cookie, s.Device[:48]) {
			t.Errorf("a login anew has %q, %v", s.Device, err)
		}
	})
}

// TestDevicesAreKnownEverywhere uses a device cookie with another process, and after the master key has come.
func TestDevicesAreKnownEverywhere(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		_, other := open(t, w.path, standard, w.log)
		w.fail(10, email, "198.51.100.1")
		if _, err := other.Login(w.ctx, email, password, auth.Visitor{IP: "192.0.2.9", Devices: []string{g.Device}}); err != nil {
			t.Error(err)
		}
		if n := w.count(`select count(*) from signing_keys where purpose = 'devices'`); n != 1 {
			t.Errorf("%d keys of devices", n)
		}
		if n := w.count(`select count(*) from audit where user_agent like ? or token_id like ?`, "%"+g.Device+"%", "%"+g.Device+"%"); n != 0 || strings.Contains(w.log.String(), g.Device) {
			t.Error("a device cookie is on record")
		}
	})
}

// TestRememberedDevices has two accounts refresh from one browser. That a cookie is good for one of them says nothing of
// the other, nor of the time after the cookie's end or after the keys were replaced.
func TestRememberedDevices(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		ada := w.signUp()
		eve, err := w.SignUp(w.ctx, "eve@example.com", password, "Eve", auth.Visitor{IP: "192.0.2.8"})
		if err != nil {
			t.Fatal(err)
		}
		given := func(g *auth.Grant, cookie string) bool {
			t.Helper()
			v := from(g.RefreshToken)
			v.Devices = []string{cookie}
			r, err := w.Refresh(w.ctx, v, plain)
			if err != nil {
				t.Fatal(err)
			}
			g.RefreshToken = r.RefreshToken
			return r.Device != ""
		}
		for range 2 {
			if given(&ada, ada.Device) {
				t.Error("a browser that is known gets an entry")
			}
			if !given(&eve, ada.Device) {
				t.Error("a browser that is known to another account gets no entry")
			}
		}
		old := w.DeviceEntry(ada.User.ID, ada.SessionID, time.Now().Add(time.Minute-auth.DeviceLife))
		if given(&ada, old) {
			t.Error("an entry that is good is replaced")
		}
		time.Sleep(time.Hour + time.Minute)
		if !given(&ada, old) {
			t.Error("an entry that has ended is not replaced")
		}
		if given(&ada, ada.Device) {
			t.Error("an entry that has not ended is replaced")
		}
		if _, err := auth.ReplaceKeys(w.ctx, w.store, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if !given(&ada, ada.Device) {
			t.Error("an entry under a dropped key is not replaced")
		}
	})
}
