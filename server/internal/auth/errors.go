package auth

import (
	"context"
	"errors"
	"time"
)

// Code is the kind of an error, with the spelling of the contract's section 4.
type Code string

// The codes of the contract's section 4 that come from this package.
const (
	CodeUnauthenticated Code = "UNAUTHENTICATED"
	CodeForbidden       Code = "FORBIDDEN"
	CodeNotFound        Code = "NOT_FOUND"
	CodeBadUserInput    Code = "BAD_USER_INPUT"
	CodeEmailTaken      Code = "EMAIL_TAKEN"
	CodeRateLimited     Code = "RATE_LIMITED"
	CodeInternal        Code = "INTERNAL_SERVER_ERROR"
)

// Reason says why an error of code UNAUTHENTICATED came about, and why a session ended.
type Reason string

// The reasons of the contract's section 4.
const (
	ReasonNoToken            Reason = "NO_TOKEN"
	ReasonInvalidCredentials Reason = "INVALID_CREDENTIALS"
	ReasonUnknownToken       Reason = "UNKNOWN_TOKEN"
	ReasonAccessTokenExpired Reason = "ACCESS_TOKEN_EXPIRED"
	ReasonTokenReused        Reason = "TOKEN_REUSED"
	ReasonIdle               Reason = "IDLE"
	ReasonMaxAge             Reason = "MAX_AGE"
	ReasonLoggedOut          Reason = "LOGGED_OUT"
	ReasonRevoked            Reason = "REVOKED"
	ReasonPasswordChanged    Reason = "PASSWORD_CHANGED"
	ReasonTooMany            Reason = "TOO_MANY" // the account has MaxSessions sessions; the longest unused ends
)

// ReasonBusy says that the server had no room for a request that hashes a password, whatever the password is. It stands
// in the audit record and the figures. In answers it is CodeRateLimited alone.
const ReasonBusy Reason = "BUSY"

// ReasonUndecided says that a page request came with a token that may be stolen or merely late (row P). It is for the
// server's own renderer of pages: no answer of the API has it.
const ReasonUndecided Reason = "UNDECIDED"

// Error is what every method of Service fails with, save for a context that was cancelled, which is returned as it is.
type Error struct {
	Code       Code
	Reason     Reason        // set where Code is CodeUnauthenticated; where it is CodeRateLimited, ReasonBusy and ReasonTooMany
	Field      string        // set where Code is CodeBadUserInput: the argument's name in the schema
	RetryAfter time.Duration // set where Code is CodeRateLimited
	Message    string        // one sentence for the user
	Err        error         // the cause: for the log, never for the user
}

// Error returns the message, which is safe to show to anybody.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// What a Store answers with, beside failures of its own. All but the last stay between Service and Store.
var (
	// ErrNotFound says that there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrEmailTaken says that another account has the email address.
	ErrEmailTaken = errors.New("email taken")
	// ErrChanged says that a row was not as the caller had read it, so that nothing was written.
	ErrChanged = errors.New("changed in between")
	// ErrUnavailable says that the database cannot be reached at present, or takes too long. It leaves this package as
	// the cause of an Error of CodeInternal: the same request may be answered in a moment.
	ErrUnavailable = errors.New("the database is not available")
)

// ReachedError says that a limit of Opening.Counts or PasswordChange.Counts is reached, so that nothing was written.
type ReachedError struct{ Wait time.Duration } // until it is no longer reached

// Error implements error.
func (e *ReachedError) Error() string { return "a limit is reached for " + e.Wait.String() }

// sentences are what a person is told for each reason.
var sentences = map[Reason]string{
	ReasonNoToken:            "You are not logged in.",
	ReasonInvalidCredentials: "Email or password is incorrect.",
	ReasonUnknownToken:       "This session is not known. Please log in.",
	ReasonAccessTokenExpired: "The access token has expired.",
	ReasonTokenReused:        "A refresh token of this session was used a second time, so the session was ended for safety. Please log in again.",
	ReasonIdle:               "You were away for long, so the session has ended. Please log in again.",
	ReasonMaxAge:             "The session has reached its greatest age. Please log in again.",
	ReasonLoggedOut:          "You have logged out.",
	ReasonRevoked:            "This session was ended from elsewhere. Please log in again.",
	ReasonPasswordChanged:    "The password was changed, so the session has ended. Please log in again.",
	ReasonUndecided:          "It is not known yet whether this session is still open.",
	ReasonTooMany:            "The account was logged in on too many devices, so the session that was not used for longest has ended. Please log in again.",
}

func unauthenticated(r Reason) *Error {
	return &Error{Code: CodeUnauthenticated, Reason: r, Message: sentences[r]}
}

func badInput(field, message string) *Error {
	return &Error{Code: CodeBadUserInput, Field: field, Message: message}
}

// internal wraps a failure of ours. What is already an *Error passes through, and so does a cancelled context: its
// caller is gone, and nothing is wrong with the server.
func internal(err error) error {
	var e *Error
	if err == nil || errors.As(err, &e) || errors.Is(err, context.Canceled) {
		return err
	}
	return &Error{Code: CodeInternal, Message: "Something went wrong on the server.", Err: err}
}
