package auth_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// listening lists what a login asks of the store, in order.
type listening struct {
	auth.Store
	asked []string
}

// AccountByEmail implements auth.Store.
func (l *listening) AccountByEmail(ctx context.Context, email string) (auth.Account, error) {
	l.asked = append(l.asked, "AccountByEmail")
	return l.Store.AccountByEmail(ctx, email)
}

// Blocked implements auth.Store.
func (l *listening) Blocked(ctx context.Context, ls ...auth.Limit) (time.Duration, error) {
	l.asked = append(l.asked, fmt.Sprintf("Blocked %d", len(ls)))
	return l.Store.Blocked(ctx, ls...)
}

// Count implements auth.Store.
func (l *listening) Count(ctx context.Context, ls ...auth.Limit) (time.Duration, error) {
	l.asked = append(l.asked, fmt.Sprintf("Count %d", len(ls)))
	return l.Store.Count(ctx, ls...)
}

// OpenSession implements auth.Store.
func (l *listening) OpenSession(ctx context.Context, userID string, ls []auth.Limit, step func(auth.LoginSnapshot) (auth.Opening, error)) error {
	l.asked = append(l.asked, "OpenSession")
	return l.Store.OpenSession(ctx, userID, ls, step)
}

// TestUnknownEmailTakesTheSameSteps compares what a refused login asks of the store, whether an account has the email
// address or not: with a wrong password, with the wrong device cookie, and beyond the limit.
func TestUnknownEmailTakesTheSameSteps(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		w.signUp()
		eve, err := w.SignUp(w.ctx, "eve@example.com", password, "Eve", auth.Visitor{IP: "192.0.2.8"})
		if err != nil {
			t.Fatal(err)
		}
		st := &listening{Store: w.store}
		s, err := auth.New(w.ctx, st, standard)
		if err == nil {
			err = s.SetPasswordCost(64, 1)
		}
		if err != nil {
			t.Fatal(err)
		}
		steps := func(email string, tries int, devices ...string) []string {
			st.asked = nil
			for range tries {
				_, err := s.Login(w.ctx, email, "wrong password", auth.Visitor{IP: "198.51.100.1", Devices: devices})
				if e := (*auth.Error)(nil); !errors.As(err, &e) {
					t.Fatal(err)
				}
			}
			return st.asked
		}
		for _, row := range []struct {
			name    string
			tries   int
			devices []string
		}{{"a wrong password", 3, nil}, {"another account's device", 3, []string{eve.Device}}, {"beyond the limit", 6, nil}} {
			known, unknown := steps(email, row.tries, row.devices...), steps("nobody@example.com", row.tries, row.devices...)
			if !slices.Equal(known, unknown) || len(known) < 2*row.tries {
				t.Errorf("%s: known %q, unknown %q", row.name, known, unknown)
			}
		}
	})
}
