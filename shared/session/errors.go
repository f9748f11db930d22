package session

import (
	"errors"
	"strings"
	"time"

	"example.com/latchkey/shared/token"
)

// Code is the kind of an [Error], as the API spells it in extensions.code (contract §4). An answer that
// names none has the code of its HTTP status, or "" where the status says nothing of the kind.
type Code string

// The codes of the API.
const (
	CodeUnauthenticated Code = "UNAUTHENTICATED"
	CodeForbidden       Code = "FORBIDDEN"
	CodeNotFound        Code = "NOT_FOUND"
	CodeBadInput        Code = "BAD_USER_INPUT"
	CodeEmailTaken      Code = "EMAIL_TAKEN"
	CodeRateLimited     Code = "RATE_LIMITED"
	CodeInternal        Code = "INTERNAL_SERVER_ERROR"
)

// Reason says why an [Error] is UNAUTHENTICATED (contract §4).
type Reason string

// The reasons of the API.
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
	ReasonTooMany            Reason = "TOO_MANY" // the account has its greatest number of sessions; the longest unused ends
)

// ReasonUndecided is what the API says to the server's own renderer of pages alone: the page's refresh token may be
// stolen or merely late, and only a client's refresh may judge it (contract §3).
const ReasonUndecided Reason = "UNDECIDED"

// What errors.Is asks an error of this package. The first group are kinds of [Error].
var (
	ErrUnauthenticated    = errors.New("session: not authenticated")
	ErrInvalidCredentials = errors.New("session: email or password is wrong") // is also ErrUnauthenticated
	ErrForbidden          = errors.New("session: forbidden")
	ErrNotFound           = errors.New("session: not found")
	ErrBadInput           = errors.New("session: input refused")
	ErrEmailTaken         = errors.New("session: email is taken")
	ErrRateLimited        = errors.New("session: too many tries")
	ErrInternal           = errors.New("session: the server failed")

	// ErrUnreachable: no whole answer came. Nothing is known of what the server did.
	ErrUnreachable = errors.New("session: no answer")
	// ErrClosed: the session was closed.
	ErrClosed = token.ErrClosed
	// ErrForgotten: Forget was called while the caller waited.
	ErrForgotten = token.ErrForgotten
)

// kinds is the one table from what the API says to what errors.Is asks.
var kinds = map[Code]error{
	CodeUnauthenticated: ErrUnauthenticated,
	CodeForbidden:       ErrForbidden,
	CodeNotFound:        ErrNotFound,
	CodeBadInput:        ErrBadInput,
	CodeEmailTaken:      ErrEmailTaken,
	CodeRateLimited:     ErrRateLimited,
	CodeInternal:        ErrInternal,
}

// Error is what the server said instead of what was asked for. It never holds a token or a password.
type Error struct {
	Code       Code
	Reason     Reason        // with UNAUTHENTICATED
	Field      string        // with BAD_USER_INPUT: the argument refused
	Message    string        // the server's sentence, in English; may be empty
	RetryAfter time.Duration // how long to wait before the next try; 0 where the server does not say
	Status     int           // HTTP status of the answer; 0 where the session itself knows, without asking
}

// Error gives the message with the code and reason before it.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("session: ")
	switch {
	case e.Code == "":
		b.WriteString("unexpected answer")
	case e.Reason == "":
		b.WriteString(string(e.Code))
	default:
		b.WriteString(string(e.Code) + " (" + string(e.Reason) + ")")
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	return b.String()
}

// Is reports whether e is of the kind that target, one of this package's Err values, stands for.
func (e *Error) Is(target error) bool {
	if target == ErrInvalidCredentials {
		return e.Code == CodeUnauthenticated && e.Reason == ReasonInvalidCredentials
	}
	kind, known := kinds[e.Code]
	return known && kind == target
}

// spoken reports whether e is the server's word that there is no session. Everything else that it may say instead
// of a token, being overloaded for one, leaves the session as it is.
func (e *Error) spoken() bool {
	return e.Code == CodeUnauthenticated && e.Status < 500
}

// fault is the want of a whole answer.
type fault struct{ err error }

func (f *fault) Error() string        { return ErrUnreachable.Error() + ": " + f.err.Error() }
func (f *fault) Unwrap() error        { return f.err }
func (f *fault) Is(target error) bool { return target == ErrUnreachable }
