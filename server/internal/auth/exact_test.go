package auth_test

import (
	"strings"
	"testing"

	"example.com/latchkey/server/internal/auth"
)

// A password counts as it was typed, to its last letter: nothing of it is cut off, trimmed or brought into one case
// (OWASP ASVS 6.2.8).
func TestPasswordsCountAsTheyAre(t *testing.T) {
	long := strings.Repeat("long ", 20)
	for _, row := range []struct{ name, password, other string }{
		{"another case", "Correct Horse Battery", "correct horse battery"},
		{"a space behind", "correct horse battery ", "correct horse battery"},
		{"a space before", " correct horse battery", "correct horse battery"},
		{"two spaces", "correct  horse battery", "correct horse battery"},
		{"a line break", "correct horse\nbattery", "correct horse battery"},
		{"behind a NUL", "correct\x00horse battery", "correct\x00horse staple"},
		{"behind 72 bytes", long + "battery", long + "staple"},
		{"the last of 1,024 bytes", strings.Repeat("p", 1023) + "a", strings.Repeat("p", 1023) + "b"},
		{"an emoji", "correct horse 🐎", "correct horse 🐴"},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, standard, func(t *testing.T, w *world) {
				if _, err := w.SignUp(w.ctx, email, row.password, "", from()); err != nil {
					t.Fatal(err)
				}
				_, err := w.Login(w.ctx, email, row.other, from())
				wantError(t, err, auth.CodeUnauthenticated, auth.ReasonInvalidCredentials)
				if _, err := w.Login(w.ctx, email, row.password, from()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
