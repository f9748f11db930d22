package auth

import "time"

// Event is an entry of the audit record: who, what, when, from where. It has no token, no password and nothing else
// that was typed. The store adds one of kind EventSessionEnded to every Ending by itself.
type Event struct {
	ID        string // a UUIDv7; "": the store makes one
	Kind      EventKind
	At        time.Time
	Last      time.Time // of several that are one entry, when the last one was; zero: At
	Times     int       // how many are one entry; 0: one
	Reason    Reason    // of a session's ending, and of what was refused; CodeRateLimited, CodeEmailTaken, ReasonBusy and ReasonTooMany too
	UserID    string    // whose account it is about; "": nobody's
	Email     string    // of that account; only set where a store returns the event
	SessionID string    // the session it is about
	BySession string    // the session that asked for it, where that is known
	TokenID   string    // <session>/<generation>
	KeyID     string    // the kid of a signing key
	IP        string
	UserAgent string
}

// EventSpan is how long an entry counts others with it.
const EventSpan = time.Hour

// EventKind says what happened.
type EventKind string

// The kinds of audit events.
const (
	EventAccountCreated       EventKind = "ACCOUNT_CREATED"
	EventSignUpRefused        EventKind = "SIGN_UP_REFUSED" // the address has an account, too many were created, or the server was busy
	EventLoggedIn             EventKind = "LOGGED_IN"
	EventLoginFailed          EventKind = "LOGIN_FAILED" // a wrong password, an address without an account, too many of both, or the server was busy
	EventPasswordChanged      EventKind = "PASSWORD_CHANGED"
	EventPasswordChangeFailed EventKind = "PASSWORD_CHANGE_FAILED" // the current password was wrong, that too often, or the server was busy
	EventTokenRecovered       EventKind = "TOKEN_RECOVERED"        // a token past its grace was answered (rows S5 and S5')
	EventRefreshRefused       EventKind = "REFRESH_REFUSED"        // a token of ours, of a session that is over
	EventSessionEnded         EventKind = "SESSION_ENDED"
	EventKeyAnnounced         EventKind = "KEY_ANNOUNCED" // a new signing key is published, and will sign; the first of all does so at once
	EventKeysReplaced         EventKind = "KEYS_REPLACED" // a new signing key signs, and all before it are dropped
)

// EventKinds lists every kind.
func EventKinds() []EventKind {
	return []EventKind{EventAccountCreated, EventSignUpRefused, EventLoggedIn, EventLoginFailed, EventPasswordChanged,
		EventPasswordChangeFailed, EventTokenRecovered, EventRefreshRefused, EventSessionEnded,
		EventKeyAnnounced, EventKeysReplaced}
}

// AuditFilter says which entries of the audit record are meant. The zero value means all.
type AuditFilter struct {
	UserID string
	Kind   EventKind
	Since  time.Duration // entries whose last event was longer ago are left out; 0: none is
}
