package session

import (
	"strconv"
	"time"
)

// Phase is where a session stands; the package doc draws how one leads to another.
type Phase int

// The phases.
const (
	Unknown Phase = iota // nothing asked yet: Token and Resume ask the server once
	None                 // there is no session: log in
	Active               // there is one, and a token or the right to fetch one
	Ended                // there was one, and the server has ended it for the Reason of the state
)

// String is "unknown", "none", "active" or "ended".
func (p Phase) String() string {
	switch p {
	case Unknown:
		return "unknown"
	case None:
		return "none"
	case Active:
		return "active"
	case Ended:
		return "ended"
	}
	return "Phase(" + strconv.Itoa(int(p)) + ")"
}

// User is who is logged in.
type User struct {
	ID    string
	Email string
	Name  string
}

// State is one moment of a session. It never holds a token.
type State struct {
	Phase       Phase
	User        User      // of the active session
	SessionID   string    // of the active session
	Claims      Claims    // with Active: what the access token says of itself
	Arrived     time.Time // when the access token came, by this machine's clock
	Expiry      time.Time // when it is expected to expire, by the same clock
	NextRefresh time.Time // when the timer asks next; while retrying, the next try
	Refreshes   int       // how often the token was replaced by a fresh one since the session became active here
	Reason      Reason    // with Ended: why; with None: ReasonUndecided or ""
	Err         error     // the last fault while a refresh is being retried, in whatever phase; nil once the server has spoken
}
