package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"time"
)

// limit returns the limit on failed logins for an account and an address ("": the account alone). The table of
// failures holds a keyed hash of the email address: it would otherwise list what people try, typing errors and other
// sites' logins included.
func (s *Service) limit(email, ip string) Limit {
	mac := hmac.New(sha256.New, s.keys.subject)
	mac.Write([]byte(email))
	l := Limit{Max: s.cfg.LoginAttempts, Window: failureWindow,
		Subjects: []string{"account:" + hex.EncodeToString(mac.Sum(nil))}}
	if ip != "" {
		l.Subjects = append(l.Subjects, "address:"+network(ip))
	}
	return l
}

// accountSubject returns the subject that a success clears; "": none, for nothing is counted.
func accountSubject(l Limit) string {
	if l.Max <= 0 {
		return ""
	}
	return l.Subjects[0]
}

// network returns what one sender can be taken to hold: an IPv4 address, or a /64 of IPv6 (RFC 6177).
func network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return ip
	}
	return p.String()
}

func (s *Service) checkLimit(ctx context.Context, l Limit) error {
	if l.Max <= 0 {
		return nil
	}
	wait, err := s.store.Blocked(ctx, l)
	if wait > 0 {
		return rateLimited(wait)
	}
	return err
}

func (s *Service) countFailure(ctx context.Context, l Limit) error {
	if l.Max <= 0 {
		return nil
	}
	wait, err := s.store.AddFailure(ctx, l)
	if wait > 0 {
		return rateLimited(wait)
	}
	return err
}

func rateLimited(wait time.Duration) *Error {
	return &Error{Code: CodeRateLimited, RetryAfter: wait, Message: "Too many failed logins. Please wait, then try again."}
}
