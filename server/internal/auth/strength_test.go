package auth_test

import (
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
		{"no letters", "\u2603\u2603\u2603", ""},
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
		{"7 bytes", "x7 gold", "at least 8"},
		{"9 bytes that stand for 3", "４７９", "at least 8"},
		{"3 bytes that stand for 33", "\ufdfa", "at least 8"},
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
