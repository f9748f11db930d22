package auth

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what people type.
const (
	maxEmail     = 254  // bytes, RFC 5321 §4.5.3.1.3 less the angle brackets
	maxLocal     = 64   // bytes, RFC 5321 §4.5.3.1.1
	maxName      = 100  // characters
	minPassword  = 8    // characters
	maxPassword  = 1024 // bytes
	maxUserAgent = 512  // bytes that are kept
	maxIP        = 64   // bytes that are kept
)

// normalEmail is how an address is kept and looked up.
func normalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// checkEmail judges a normalised address by its form: one @ with something on each side. More would refuse addresses
// that work.
func checkEmail(email string) error {
	wrong := badInput("email", "This is not an email address.")
	if len(email) > maxEmail {
		return badInput("email", fmt.Sprintf("An email address has at most %d bytes.", maxEmail))
	}
	local, domain, _ := strings.Cut(email, "@")
	if local == "" || len(local) > maxLocal || domain == "" || strings.Contains(domain, "@") {
		return wrong
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" {
			return wrong
		}
	}
	if strings.ContainsFunc(email, func(r rune) bool {
		// Lower-casing has put RuneError for what was no character.
		return !unicode.IsGraphic(r) || unicode.IsSpace(r) || r == utf8.RuneError || strings.ContainsRune(`<>()[],;:\"`, r)
	}) {
		return wrong
	}
	return nil
}

// cleanName trims the name, or takes one from the address, and judges it.
func cleanName(name, email string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		name, _, _ = strings.Cut(email, "@")
	}
	switch {
	case utf8.RuneCountInString(name) > maxName:
		return "", badInput("name", fmt.Sprintf("A name has at most %d characters.", maxName))
	case !utf8.ValidString(name), strings.ContainsFunc(name, unicode.IsControl):
		return "", badInput("name", "The name holds characters that are not text.")
	}
	return name, nil
}

// clean makes a visitor's own words fit to be kept and shown.
func (v Visitor) clean() Visitor {
	v.UserAgent = cleanText(v.UserAgent, maxUserAgent)
	v.IP = cleanText(v.IP, maxIP)
	return v
}

func cleanText(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}
