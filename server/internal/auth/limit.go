package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/netip"
	"slices"
	"time"
)

const (
	failureWindow = 15 * time.Minute // contract §1, --login-attempts
	signUpWindow  = time.Hour

	passwordChanges = 10 // of an account in quotaWindow
)

// Failed logins are counted of the address that they come from and of the account that they are for, by all processes
// together. The account's limit stops guesses from many addresses at one account. The address's limit is greater: many
// people may share an address, and it stops guesses at many accounts.
//
// The account's limit alone would let anybody keep the owner out of the account for ever, with ten wrong passwords in each
// quarter of an hour. So a browser that has logged in to the account before has a count of its own (devices.go), as far
// as that goes: then it is a stranger's.

// attempt is how a login is judged and what its success clears.
type attempt struct {
	from   sender
	limits []Limit
	clear  string // the subject whose failures a good login clears; "": none
	streak string // the subject whose failures in a row a good login ends; "": that of clear
}

// attempt returns how a login of the visitor into the account is judged. The account is the zero one where none has the
// email address.
func (s *Service) attempt(ctx context.Context, v Visitor, email string, a Account) (attempt, error) {
	account := s.accountSubject(email)
	if device := s.devices().known(v, a.ID, time.Now()); device != "" {
		own := Limit{Max: s.cfg.LoginAttempts, Window: failureWindow, Subjects: []string{deviceSubject + device}}
		wait, err := s.blocked(ctx, own)
		if wait == 0 || err != nil {
			// A good login ends the account's failures in a row, and leaves the strangers' limit as it is.
			return attempt{from: sender{ip: v.IP, account: a.ID}, limits: []Limit{own}, streak: account}, err
		}
	}
	address := Limit{Max: s.cfg.LoginAttemptsAddress, Window: failureWindow}
	if v.IP != "" {
		address.Subjects = []string{addressSubject + Network(v.IP)}
	}
	return attempt{from: sender{ip: v.IP}, clear: account, limits: []Limit{address,
		{Max: s.cfg.LoginAttempts, Window: failureWindow, Subjects: []string{account}, Streak: streak}}}, nil
}

// accountSubject is how the table of failures names an email address, by a keyed hash: the table would otherwise list
// what people try, typing errors and passwords in the wrong field included.
func (s *Service) accountSubject(email string) string {
	mac := hmac.New(sha256.New, s.keys.mac(KeyFailedLogins))
	mac.Write([]byte(email))
	return accountSubject + hex.EncodeToString(mac.Sum(nil))
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
	deviceSubject  = "device:"
	sessionSubject = "session:"
	signUpSubject  = "signup:"
	loginSubject   = "login:"
	changeSubject  = "password:"
)

// countSignUp counts a sign-up from the visitor's address, whatever comes of it: each costs a hash, and tells whether an
// email address is taken.
func (s *Service) countSignUp(ctx context.Context, v Visitor) error {
	l := Limit{Max: s.cfg.SignUps, Window: signUpWindow, Subjects: []string{signUpSubject + Network(v.IP)}}
	if v.IP == "" {
		return nil // of this program itself
	}
	return s.count(ctx, "Too many accounts are being created from where you are. Please wait, then try again.", l)
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

// blocked returns how long it will be until none of the limits is reached any more.
func (s *Service) blocked(ctx context.Context, ls ...Limit) (time.Duration, error) {
	if !slices.ContainsFunc(ls, Limit.counts) {
		return 0, nil
	}
	return s.store.Blocked(ctx, ls...)
}

func (s *Service) checkLimits(ctx context.Context, ls ...Limit) error {
	wait, err := s.blocked(ctx, ls...)
	if wait > 0 {
		return rateLimited(wait, tooManyFailures)
	}
	return err
}

func (s *Service) countFailure(ctx context.Context, ls ...Limit) error {
	return s.count(ctx, tooManyFailures, ls...)
}

// count counts one more against the limits. Where one is reached it fails with RATE_LIMITED and the message.
func (s *Service) count(ctx context.Context, message string, ls ...Limit) error {
	if !slices.ContainsFunc(ls, Limit.counts) {
		return nil
	}
	wait, err := s.store.Count(ctx, ls...)
	if wait > 0 {
		return rateLimited(wait, message)
	}
	return err
}

// counts reports whether the limit can be reached.
func (l Limit) counts() bool { return l.Max > 0 && len(l.Subjects) > 0 }

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
