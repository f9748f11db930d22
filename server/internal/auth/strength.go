package auth

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn/frequency"
	"golang.org/x/text/unicode/norm"
)

// normalPassword is the form of a password that is hashed: keyboards and systems differ in how they write the same
// letters (NFKC, NIST SP 800-63B §3.1.1.2).
func normalPassword(password string) string { return norm.NFKC.String(password) }

// checkPassword judges a new password of the user by its length, and by whether it is among those that attackers try
// first. There are no rules of composition (NIST SP 800-63B §3.1.1.2).
func checkPassword(field, password string, u User) error {
	if len(password) > maxPassword {
		return badInput(field, fmt.Sprintf("A password has at most %d bytes.", maxPassword))
	}
	normal := normalPassword(password)
	switch {
	case min(utf8.RuneCountInString(password), utf8.RuneCountInString(normal)) < minPassword:
		return badInput(field, fmt.Sprintf("A password has at least %d characters.", minPassword))
	case common(normal):
		return badInput(field, "This is one of the passwords that are tried first. Please choose another.")
	case own(normal, u):
		return badInput(field, "Your name and your email address are tried first. Please choose another password.")
	}
	return nil
}

// PasswordList knows passwords that must not be taken.
type PasswordList interface {
	// Has reports whether the password, exactly as it is written, is on the list. Where it fails, that is not known.
	Has(password string) (bool, error)
}

// checkBreached judges a new password by whether it was found in a breach: as it was typed, which is what others who
// typed it alike have leaked, and in the form that is hashed, which is what a guess comes to. Where that cannot be told
// the password is not taken: the operator who gave the list wants it asked, and people can try again.
func (s *Service) checkBreached(field, password string) error {
	if s.cfg.Breached == nil {
		return nil
	}
	forms := []string{password}
	if normal := normalPassword(password); normal != password {
		forms = append(forms, normal)
	}
	for _, form := range forms {
		found, err := s.cfg.Breached.Has(form)
		if err != nil {
			return fmt.Errorf("look a new password up in the breached ones: %w", err)
		}
		if found {
			return badInput(field, "This password is known from a breach, and such ones are tried first. Please choose another.")
		}
	}
	return nil
}

// common reports whether the password is among the 41,000 of at least eight letters that others have: passwords that
// were found in leaks, names, and words of English. Nothing is kept for it: reading the lists through takes a hundredth
// of the time that the hash does.
func common(password string) bool {
	password = strings.ToLower(password)
	if password == "latchkey" {
		return true // the name on the door
	}
	for _, list := range frequency.FrequencyLists {
		if slices.Contains(list, password) {
			return true
		}
	}
	return false
}

// own reports whether the password is what the account is called.
func own(password string, u User) bool {
	local, _, _ := strings.Cut(u.Email, "@")
	return slices.ContainsFunc([]string{u.Email, local, u.Name}, func(s string) bool {
		return strings.EqualFold(password, normalPassword(s))
	})
}
