package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"time"
)

const (
	failureWindow = 15 * time.Minute // contract §1, --login-attempts
	signUpWindow  = time.Hour

	passwordChanges = 10 // of an account in quotaWindow
)

// Failed logins are counted of the address that they come from and of the account that they are for, and of one account
// no more than Config.LoginAttempts may be tried in failureWindow, by however many addresses. That alone would let
// anybody keep the owner out of the account for ever, with ten wrong passwords in each quarter of an hour. So an address
// that the owner has logged in from before is not a stranger's: there only the address counts. It is known by the
// sessions that are kept, for idle-ttl at least. Whoever shares such an address may find out by it that there is such an
// account; a sign-up tells that to everybody.

// addressLimit is the limit on failed logins from the visitor's address.
func (s *Service) addressLimit(v Visitor) Limit {
	l := Limit{Max: s.cfg.LoginAttempts, Window: failureWindow}
	if v.IP != "" {
		l.Subjects = []string{addressSubject + Network(v.IP)}
	}
	return l
}

// loginLimit is the limit on failed logins of the visitor into the account, which is the zero one where nobody has the
// email address. The table holds a keyed hash of that: it would otherwise list what people try, typing errors and other
// sites' logins included.
func (s *Service) loginLimit(ctx context.Context, v Visitor, email string, a Account) (Limit, error) {
	l := s.addressLimit(v)
	if l.Max <= 0 {
		return l, nil
	}
	if v.IP != "" {
		known, err := s.store.LoggedInFrom(ctx, a.ID, Network(v.IP))
		if known || err != nil {
			return l, err
		}
	}
	mac := hmac.New(sha256.New, s.keys.mac(KeyFailedLogins))
	mac.Write([]byte(email))
	l.Subjects = append(l.Subjects, accountSubject+hex.EncodeToString(mac.Sum(nil)))
	return l, nil
}

// sessionLimit is the limit on wrong passwords of a session that asks for another. It is no one else's: neither guesses
// at the login nor a thief with another session keep the owner from changing the password.
func (s *Service) sessionLimit(id Identity) Limit {
	return Limit{Max: s.cfg.LoginAttempts, Window: failureWindow, Subjects: []string{sessionSubject + id.SessionID}}
}

// What is counted, before the name of who it is counted of.
const (
	accountSubject = "account:"
	addressSubject = "address:"
	sessionSubject = "session:"
	signUpSubject  = "signup:"
	loginSubject   = "login:"
	changeSubject  = "password:"
)

// accountOf returns the subject that a login's success clears; "": none. The owner's logins from known addresses clear
// nothing, for they say nothing about the strangers.
func accountOf(l Limit) string {
	for _, subject := range l.Subjects {
		if strings.HasPrefix(subject, accountSubject) {
			return subject
		}
	}
	return ""
}

// countSignUp counts a sign-up from the visitor's address, whatever comes of it: each costs a hash, and tells whether an
// email address is taken.
func (s *Service) countSignUp(ctx context.Context, v Visitor) error {
	l := Limit{Max: s.cfg.SignUps, Window: signUpWindow, Subjects: []string{signUpSubject + Network(v.IP)}}
	if v.IP == "" {
		return nil // of this program itself
	}
	return s.count(ctx, l, "Too many accounts are being created from where you are. Please wait, then try again.")
}

// Network returns what the sender of an address can be taken to hold: an IPv4 address, or a /64 of IPv6 (RFC 6177).
func Network(ip string) string {
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
		return rateLimited(wait, tooManyFailures)
	}
	return err
}

func (s *Service) countFailure(ctx context.Context, l Limit) error {
	return s.count(ctx, l, tooManyFailures)
}

// count counts one more against the limit. Where it is reached it fails with RATE_LIMITED and the message.
func (s *Service) count(ctx context.Context, l Limit, message string) error {
	if l.Max <= 0 {
		return nil
	}
	wait, err := s.store.Count(ctx, l)
	if wait > 0 {
		return rateLimited(wait, message)
	}
	return err
}

const tooManyFailures = "Too many failed logins. Please wait, then try again."

// logins is the limit on logins of the account with the right password. Each leaves a session that is kept for
// idle-ttl, and an entry of the audit record.
func (s *Service) logins(a Account) Limit {
	return Limit{Max: s.cfg.Logins, Window: quotaWindow, Subjects: []string{loginSubject + a.ID}}
}

// changes is the limit on changes of the account's password.
func changes(a Account) Limit {
	return Limit{Max: passwordChanges, Window: quotaWindow, Subjects: []string{changeSubject + a.ID}}
}

const (
	tooManyLogins  = "This account was logged in to very often in the last hour. Please wait, then try again."
	tooManyChanges = "This password was changed very often in the last hour. Please wait, then try again."
)

// reached turns a *ReachedError into RATE_LIMITED with the message. Every other error stays as it is.
func reached(err error, message string) error {
	if r := (*ReachedError)(nil); errors.As(err, &r) {
		e := rateLimited(r.Wait, message)
		e.Reason = ReasonTooMany
		return e
	}
	return err
}

func rateLimited(wait time.Duration, message string) *Error {
	return &Error{Code: CodeRateLimited, RetryAfter: wait, Message: message}
}
