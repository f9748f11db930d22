package auth

import (
	"cmp"
	"context"
	"errors"
)

// loginTries bounds how often a login starts again because the account changed while its password was hashed.
const loginTries = 3

// SignUp creates an account and logs it in. The email address is trimmed and lower-cased; an empty name becomes the
// part of the address before the @. It fails with BAD_USER_INPUT and a field, RATE_LIMITED, or EMAIL_TAKEN. A live
// session whose refresh token v carries was this browser's, and ends as by Logout.
func (s *Service) SignUp(ctx context.Context, email, password, name string, v Visitor) (_ Grant, err error) {
	v = v.clean()
	email = normalEmail(email)
	defer func() { s.signUpDone(ctx, email, v, err) }()
	name, nameErr := cleanName(name, email)
	passwordErr := checkPassword("password", password, User{Email: email, Name: name})
	if err := errors.Join(checkEmail(email), passwordErr, nameErr); err != nil {
		return Grant{}, firstError(err)
	}
	if err := s.countSignUp(ctx, v); err != nil {
		return Grant{}, internal(err)
	}
	if err := s.checkBreached("password", password); err != nil { // who asks for this is counted
		return Grant{}, internal(err)
	}
	a, err := s.newAccount(ctx, v, email, password, name)
	if err != nil {
		return Grant{}, internal(err)
	}
	o, err := s.opener(ctx, &a, v, EventAccountCreated)
	if err != nil {
		return Grant{}, internal(err)
	}
	err = s.store.CreateAccount(ctx, a, o.open)
	if errors.Is(err, ErrEmailTaken) {
		return Grant{}, &Error{Code: CodeEmailTaken, Message: "There is already an account with this email address."}
	}
	if err != nil {
		return Grant{}, internal(err)
	}
	return s.opened(ctx, o)
}

// newAccount hashes the password of an account to be.
func (s *Service) newAccount(ctx context.Context, v Visitor, email, password, name string) (Account, error) {
	id, err := newID()
	if err != nil {
		return Account{}, err
	}
	hash, err := s.hasher.hash(ctx, sender{ip: v.IP}, password)
	return Account{User: User{ID: id, Email: email, Name: name}, PasswordHash: hash}, err
}

// Login opens a session for whoever knows the email address and its password. It fails with UNAUTHENTICATED and
// INVALID_CREDENTIALS, which does not tell an unknown address from a wrong password, neither in what it says nor in
// its time; or with RATE_LIMITED. A live session whose refresh token v carries was this browser's, and ends as by
// Logout.
func (s *Service) Login(ctx context.Context, email, password string, v Visitor) (_ Grant, err error) {
	v = v.clean()
	email = normalEmail(email)
	var account string
	defer func() { s.loginDone(ctx, account, v, err) }()
	for range loginTries {
		g, err := s.login(ctx, email, password, v, &account)
		if !errors.Is(err, ErrChanged) {
			return g, internal(err)
		}
	}
	return Grant{}, internal(ErrChanged)
}

// login is one try of Login. It tells the id of the account, "" where none has the address.
func (s *Service) login(ctx context.Context, email, password string, v Visitor, account *string) (Grant, error) {
	if checkEmail(email) != nil {
		email = "" // nobody's, and text that every database can take
	}
	a, err := s.store.AccountByEmail(ctx, email)
	if errors.Is(err, ErrNotFound) {
		a, err = Account{PasswordHash: s.hasher.dummy}, nil
	}
	if err != nil {
		return Grant{}, err
	}
	*account = a.ID
	try, err := s.attempt(ctx, v, email, a)
	if err != nil {
		return Grant{}, err
	}
	newHash, err := s.checkPassword(ctx, try.from, a, password, unauthenticated(ReasonInvalidCredentials), try.limits...)
	if err != nil {
		return Grant{}, err
	}
	o, err := s.opener(ctx, &a, v, EventLoggedIn)
	if err != nil {
		return Grant{}, err
	}
	err = s.store.OpenSession(ctx, a.ID, try.limits, func(l LoginSnapshot) (Opening, error) {
		if err := stillGood(l, a); err != nil {
			return Opening{}, err
		}
		opening, err := o.open(l.Now)
		opening.PasswordHash, opening.Counts = newHash, s.logins(a)
		opening.Clear, opening.EndStreak = try.clear, try.streak
		return opening, err
	})
	if errors.Is(err, ErrNotFound) {
		return Grant{}, unauthenticated(ReasonInvalidCredentials)
	}
	if err != nil {
		return Grant{}, reached(err, tooManyLogins)
	}
	return s.opened(ctx, o)
}

// checkPassword verifies the account's password, unless one of the limits is reached. A wrong one is counted and answered with wrong.
// A right one whose hash is not as it would be made today comes back hashed anew, else "".
func (s *Service) checkPassword(ctx context.Context, from sender, a Account, password string, wrong *Error, limits ...Limit) (string, error) {
	if err := s.checkLimits(ctx, limits...); err != nil {
		return "", err
	}
	tooLong := len(password) > maxPassword
	if tooLong {
		password = password[:maxPassword]
	}
	ok, fresh, err := s.hasher.verify(ctx, from, a.PasswordHash, password)
	if err != nil {
		return "", err
	}
	if !ok || tooLong || a.ID == "" {
		if err := s.countFailure(ctx, limits...); err != nil {
			return "", err
		}
		return "", wrong
	}
	return fresh, nil
}

// stillGood says whether a password that was verified before the step began is still the account's, and may be
// answered: of many guesses at once no more than the limit may be.
func stillGood(l LoginSnapshot, a Account) error {
	switch {
	case l.Blocked > 0:
		return rateLimited(l.Blocked, tooManyFailures)
	case l.PasswordHash != a.PasswordHash:
		return ErrChanged
	}
	return nil
}

// ChangePassword sets a new password and ends every other session of the user (PASSWORD_CHANGED). It fails with
// BAD_USER_INPUT of field current or new, with RATE_LIMITED, for wrong passwords are counted of each session and changes of each account, or with
// UNAUTHENTICATED where the asking session has ended.
func (s *Service) ChangePassword(ctx context.Context, v Visitor, id Identity, current, new string) (err error) {
	v = v.clean()
	defer func() { s.passwordChangeDone(ctx, v, id, err) }()
	a, err := s.store.Account(ctx, id.UserID)
	if err != nil {
		return internal(notFound(err, "There is no such account."))
	}
	if err := checkPassword("new", new, a.User); err != nil {
		return err
	}
	if wait, err := s.store.Blocked(ctx, changes(a)); err != nil || wait > 0 {
		return internal(cmp.Or(err, reached(&ReachedError{wait}, tooManyChanges))) // before any hash
	}
	limit, from := s.sessionLimit(id), sender{ip: v.IP, account: id.UserID} // a live session: a known browser
	wrong := badInput("current", "The current password is incorrect.")
	if _, err := s.checkPassword(ctx, from, a, current, wrong, limit); err != nil {
		return internal(err)
	}
	if err := s.checkBreached("new", new); err != nil {
		return internal(err)
	}
	hash, err := s.hasher.hash(ctx, from, new)
	if err != nil {
		return internal(err)
	}
	end := endedBy(v, id, ReasonPasswordChanged)
	others, err := s.store.ChangePassword(ctx, id, limit, s.policy.Life, func(l LoginSnapshot) (PasswordChange, error) {
		if l.Asking.Reason != "" {
			return PasswordChange{}, unauthenticated(l.Asking.Reason)
		}
		if err := stillGood(l, a); err != nil {
			return PasswordChange{}, err
		}
		return PasswordChange{
			PasswordHash: hash, End: end, Counts: changes(a),
			Events: []Event{{Kind: EventPasswordChanged, At: l.Now, UserID: a.ID, SessionID: id.SessionID, IP: end.IP, UserAgent: end.UserAgent}},
		}, nil
	})
	if errors.Is(err, ErrChanged) {
		return wrong // somebody changed it meanwhile: what was current is not any more
	}
	if err != nil {
		return internal(reached(err, tooManyChanges))
	}
	s.allEnded(id.UserID, ReasonPasswordChanged, others)
	return nil
}

// User returns the user with the id, or NOT_FOUND.
func (s *Service) User(ctx context.Context, id string) (User, error) {
	a, err := s.store.Account(ctx, id)
	return a.User, internal(notFound(err, "There is no such account."))
}

// notFound gives ErrNotFound its words and code; any other error stays as it is.
func notFound(err error, message string) error {
	if errors.Is(err, ErrNotFound) {
		return &Error{Code: CodeNotFound, Message: message, Err: err}
	}
	return err
}

// firstError returns the first *Error of a join.
func firstError(err error) error {
	var e *Error
	errors.As(err, &e)
	return e
}
