package auth_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"example.com/latchkey/server/internal/auth"
)

func TestNewPasswords(t *testing.T) {
	for _, row := range []struct {
		name, password string
		tells          string // "": it is taken
	}{
		{"nothing of the kind", "correct horse battery", ""},
		{"one letter more than a common one", "1qaz2wsxy", ""},
		{"no letters", strings.Repeat("\u2603", 8), ""},
		{"1,024 bytes", strings.Repeat("é", 512), ""},
		{"common", "password", "tried first"},
		{"common, in capitals", "Password1", "tried first"},
		{"common, keys in a row", "1qaz2wsx", "tried first"},
		{"common, in wide letters", "ｐａｓｓｗｏｒｄ", "tried first"},
		{"a word", "international", "tried first"},
		{"a name", "elizabeth", "tried first"},
		{"the email address", "Ada.Lovelace@example.com", "Your name"},
		{"the email address's first part", "ADA.LOVELACE", "Your name"},
		{"the name", "countess of lovelace", "Your name"},
		{"the house", "LatchKey", "tried first"},
		{"7 characters", "x7 gold", "at least 8"},
		{"7 characters of 14 bytes", "ключ 7ы", "at least 8"},
		{"4 characters of 16 bytes", "🐎🐴🦄🐎", "at least 8"},
		{"7 characters, one typed in two parts", "go\u0308ld 4x", "at least 8"},
		{"3 characters of 9 bytes", "４７９", "at least 8"},
		{"a character that stands for 18", "\ufdfa", "at least 8"},
		{"1,025 bytes", strings.Repeat("é", 512) + "x", "at most 1024"},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, standard, func(t *testing.T, w *world) {
				_, err := w.SignUp(w.ctx, "ada.lovelace@example.com", row.password, "Countess of Lovelace", from())
				g, otherErr := w.SignUp(w.ctx, "eve@example.com", password, "", from())
				if otherErr != nil {
					t.Fatal(otherErr)
				}
				if row.tells == "" {
					if err != nil {
						t.Errorf("refused: %v", err)
					}
					return
				}
				if e := wantError(t, err, auth.CodeBadUserInput, ""); e.Field != "password" || !strings.Contains(e.Message, row.tells) {
					t.Errorf("field %q, %q", e.Field, e.Message)
				}
				if row.tells == "Your name" {
					return // of nobody else
				}
				err = w.ChangePassword(w.ctx, from(), w.used(g), password, row.password)
				if e := wantError(t, err, auth.CodeBadUserInput, ""); e.Field != "new" || !strings.Contains(e.Message, row.tells) {
					t.Errorf("changed: field %q, %q", e.Field, e.Message)
				}
			})
		})
	}
}

// leaked is a list of passwords, or fails.
type leaked struct {
	list []string
	err  error
}

func (l *leaked) Has(password string) (bool, error) {
	return l.err == nil && slices.Contains(l.list, password), l.err
}

func TestBreachedPasswords(t *testing.T) {
	list := &leaked{list: []string{"hunter2hunter2", "\uff4aonah and the whale", "ﬁshermen's friends", "Zu\u0308rich 2026"}}
	cfg := standard
	cfg.Breached = list
	inBubble(t, cfg, func(t *testing.T, w *world) {
		g := w.signUp()
		for _, row := range []struct {
			name, password string
			err            error
			want           auth.Code // "": it is taken
		}{
			{"on the list", "hunter2hunter2", nil, auth.CodeBadUserInput},
			{"on the list in another case", "Hunter2hunter2", nil, ""},
			{"as it was typed", "\uff4aonah and the whale", nil, auth.CodeBadUserInput},
			{"as it was typed in two letters for one", "Zu\u0308rich 2026", nil, auth.CodeBadUserInput},
			{"another writing than that on the list", "jonah and the whale", nil, ""},
			{"in the form that is hashed", "\uff48unter2hunter2", nil, auth.CodeBadUserInput},
			{"that cannot be looked up", "a horse of another battery", errors.New("input/output error"), auth.CodeInternal},
		} {
			list.err = row.err
			_, err := w.SignUp(w.ctx, strings.ReplaceAll(row.name, " ", "-")+"@example.com", row.password, "", from())
			changed := w.ChangePassword(w.ctx, from(), w.used(g), password, row.password)
			if row.want == "" {
				if err != nil || changed != nil {
					t.Errorf("%s: %v, %v", row.name, err, changed)
				}
				if err := w.ChangePassword(w.ctx, from(), w.used(g), row.password, password); err != nil {
					t.Errorf("%s, and back: %v", row.name, err)
				}
				continue
			}
			e, c := wantError(t, err, row.want, ""), wantError(t, changed, row.want, "")
			if row.err != nil {
				if !errors.Is(e, row.err) || !errors.Is(c, row.err) {
					t.Errorf("%s: caused by %v, %v", row.name, e.Err, c.Err)
				}
			} else if e.Field != "password" || c.Field != "new" || !strings.Contains(e.Message, "breach") {
				t.Errorf("%s: fields %q, %q: %q", row.name, e.Field, c.Field, e.Message)
			}
			list.err = nil
			if err := w.login(email, password, "192.0.2.7"); err != nil {
				t.Errorf("%s: the old password: %v", row.name, err)
			}
		}
	})
}

// Who asks for new passwords to be looked up is counted, as each may cost a few reads of a disk.
func TestBreachedPasswordsAreNotLookedUpForEver(t *testing.T) {
	cfg := standard
	cfg.SignUps, cfg.Breached = 1, &leaked{list: []string{"hunter2hunter2"}}
	inBubble(t, cfg, func(t *testing.T, w *world) {
		_, err := w.SignUp(w.ctx, email, "hunter2hunter2", "", from())
		wantError(t, err, auth.CodeBadUserInput, "")
		_, err = w.SignUp(w.ctx, email, "hunter2hunter2", "", from())
		wantError(t, err, auth.CodeRateLimited, "")
	})
}

// TestPasswordFormsAreOne logs in from a system that writes the same letters in another way.
func TestPasswordFormsAreOne(t *testing.T) {
	const composed = "Zürich \u00e9té 2026"
	decomposed := norm.NFD.String(composed)
	inBubble(t, standard, func(t *testing.T, w *world) {
		if _, err := w.SignUp(w.ctx, email, decomposed, "", from()); err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{composed, decomposed, norm.NFKD.String(composed)} {
			if err := w.login(email, form, "192.0.2.7"); err != nil {
				t.Errorf("%+q: %v", form, err)
			}
		}
		// A hash from before the forms were made one still lets its owner in, and is replaced.
		w.SetRawPassword(t, email, decomposed)
		w.fail(1, email, "192.0.2.7")
		wantError(t, w.login(email, composed, "192.0.2.7"), auth.CodeUnauthenticated, auth.ReasonInvalidCredentials)
		for _, form := range []string{decomposed, composed} {
			if err := w.login(email, form, "192.0.2.7"); err != nil {
				t.Errorf("the old hash, %+q: %v", form, err)
			}
		}
	})
}

// SetRawPassword sets the hash of a password whose letters are as they are.
func (w *world) SetRawPassword(t *testing.T, email, password string) {
	t.Helper()
	if _, err := w.raw.Exec(`update users set password_hash = ? where email = ?`, auth.RawHash(password), email); err != nil {
		t.Fatal(err)
	}
}
