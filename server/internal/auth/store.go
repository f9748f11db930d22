package auth

import (
	"context"
	"time"
)

// Store keeps what Service knows. Each method is one step: it happens as a whole and durably, or not at all, whatever
// runs beside it, in this process or another. Times are whole milliseconds in UTC, by one clock that all processes on
// the store share; "now" below is that clock's. A method waits no longer than its context. The store knows none of
// the rules: where something must be decided between reading and writing, it calls the step that it was given, which
// may happen more than once where the database asks for a retry.
type Store interface {
	// Keys returns every key by its number, and now.
	Keys(ctx context.Context) ([]Key, time.Time, error)
	// ChangeKeys shows step now and every key by its number, and applies the change that step returns, with nothing
	// happening to the keys in between.
	ChangeKeys(ctx context.Context, step func(now time.Time, keys []Key) (KeyChange, error)) error

	// CreateAccount keeps a new account, and the session that step opens for it. It fails with ErrEmailTaken where
	// another account has the address.
	CreateAccount(ctx context.Context, a Account, step func(now time.Time) (Opening, error)) error
	// Account returns the account with the id, or ErrNotFound.
	Account(ctx context.Context, userID string) (Account, error)
	// AccountByEmail returns the account with the normalised address, or ErrNotFound.
	AccountByEmail(ctx context.Context, email string) (Account, error)
	// OpenSession shows step the account and whether one of ls is reached, and keeps what it returns. It fails with
	// ErrNotFound where there is no such account, and with *ReachedError where the opening's own limit is reached.
	OpenSession(ctx context.Context, userID string, ls []Limit, step func(LoginSnapshot) (Opening, error)) error
	// ChangePassword shows step the account, whether l is reached and how the asking session is; then it sets the
	// hash and ends every other session of the user, as EndSessions does. It fails as OpenSession does.
	ChangePassword(ctx context.Context, asking Identity, l Limit, life Life, step func(LoginSnapshot) (PasswordChange, error)) (Ended, error)

	// Present shows step the session's refresh token of this generation, and applies the change that step returns, with
	// nothing happening to the session in between. A token whose row is not there is shown as gone. It fails with
	// ErrNotFound where there is no such session, with ErrChanged where the change does not fit, and with step's own
	// error; then nothing is changed.
	Present(ctx context.Context, sessionID string, generation int64, step func(Snapshot) (Change, error)) error
	// MarkSeen marks the refresh token of an answer as seen now, unless it is already. It fails with ErrNotFound as Answered
	// does.
	MarkSeen(ctx context.Context, a Answer) error
	// Answered fails with ErrNotFound where the user has no such session, or the session has not come to the generation.
	Answered(ctx context.Context, a Answer) error

	// Sessions returns the user's sessions that are live by life, the one with the latest LastUsedAt first, and of them at
	// most first.
	Sessions(ctx context.Context, userID string, life Life, first int) ([]Session, error)
	// EndSessions ends every session of the selection that has not ended yet, now, with e's reason and evidence. Its
	// work is bounded: of an account with very many sessions it marks the account, and Prune writes the rest.
	EndSessions(ctx context.Context, sel Selection, life Life, e Ending) (Ended, error)
	// EndNext is one short step of a round that ends sessions: of the selection, which may be zero and mean all, those
	// that were open when the round began. It ends the next limit of them, now, with e's reason and evidence, and returns
	// how many were live, by the ends that their tokens were sent with. A round starts at the zero EndCursor, and has
	// ended where EndNext returns that.
	EndNext(ctx context.Context, sel Selection, e Ending, from EndCursor, limit int) (next EndCursor, live int, err error)
	// Ending returns how the session ended: the zero Ending where it has not, ErrNotFound where there is no such
	// session. A session that is merely idle or too old has not.
	Ending(ctx context.Context, sessionID string) (Ending, error)
	// Endings returns every ending at since or later, and now. One without a SessionID stands for a mark: which sessions
	// of the account UserID it ends, Ending says. Marks are returned whatever their time.
	Endings(ctx context.Context, since time.Time) ([]Ending, time.Time, error)

	// Blocked returns how long it will be until none of ls is reached any more; 0: none is.
	Blocked(ctx context.Context, ls ...Limit) (time.Duration, error)
	// Count counts one more for each subject of ls. Where one of ls is reached already it counts nothing and returns what
	// Blocked would.
	Count(ctx context.Context, ls ...Limit) (time.Duration, error)

	// Record adds the events that step returns to the audit record. An event whose ID is on record already is counted
	// with it: the entry has their Times together, and Last from now on.
	Record(ctx context.Context, step func(now time.Time) []Event) error
	// Activity returns up to limit entries of the audit record that are about the user, but for those of kind
	// EventSignUpRefused, the one that was recorded last first, from the one that follows the entry with the id after; ""
	// starts at the last.
	Activity(ctx context.Context, userID string, limit int, after string) ([]Event, error)

	// Prune is one short step of a round that writes the endings which EndSessions left to it, and removes what r allows
	// to. It looks at some limit rows, from where the step before has stopped. A round starts at the zero PruneCursor,
	// and has ended where Prune returns that. It returns how many rows it has removed or ended.
	Prune(ctx context.Context, r Retention, from PruneCursor, limit int) (next PruneCursor, done int, err error)
}

// Answer names the answer that an access token came in.
type Answer struct {
	UserID     string
	SessionID  string
	Generation int64 // of the refresh token that the access token came with
}

// Token is the row of a refresh token. Its session and its generation name it.
type Token struct {
	Generation   int64 // 1, 2, 3 ... within the session
	Hash         []byte
	SentAt       time.Time // the last answer that carried it
	ExpiresAt    time.Time // SentAt + idle-ttl or the session's greatest age; once superseded: SupersededAt + grace
	SupersededAt time.Time // zero: it is current
	SeenAt       time.Time // zero: neither it nor an access token of it has been used
	Sealed       []byte    // the successor's secret; nil: there is none, or none that can be asked for
}

// SessionState is what a presentation must know of a session.
type SessionState struct {
	ID         string
	TagKey     []byte // authenticates the ids of its tokens
	CreatedAt  time.Time
	Generation int64     // of the current token
	EndedAt    time.Time // zero: it has not been ended
	EndReason  Reason
}

// Snapshot is what Store.Present shows of a presented token, as it is Now and will be until the change is applied.
type Snapshot struct {
	Now     time.Time
	User    User
	Session SessionState
	Token   Token   // the presented one; of one that is gone, the generation alone
	Gone    bool    // there is no row of the presented one: it was pruned, or never was
	Later   []Token // those of later generations, in order, the current one last; none where the session has ended
}

// Change is what a presentation changes. The zero Change is none.
type Change struct {
	SeenAt     time.Time // the presented token is seen from now on; zero: it was already
	Resent     *Resent
	Succession *Succession
	End        *Ending
	Events     []Event
}

// Empty reports whether c changes nothing.
func (c Change) Empty() bool {
	return c.SeenAt.IsZero() && c.Resent == nil && c.Succession == nil && c.End == nil && len(c.Events) == 0
}

// Resent says that the current token is sent once more.
type Resent struct {
	Generation int64 // the current token's
	At         time.Time
	ExpiresAt  time.Time
}

// Succession puts a new token in the place of the session's current one.
type Succession struct {
	Generation int64     // of the current token, superseded by this
	At         time.Time // when
	ExpiresAt  time.Time // its end: At + grace
	Sealed     []byte    // Next's secret under this token's
	Next       Token     // its generation is the next one
}

// Ending is the end of a session, and what is known of who brought it about.
type Ending struct {
	SessionID string
	UserID    string    // set where Store.Endings returns a mark: the account
	At        time.Time // Store.EndSessions, Store.EndNext and Store.ChangePassword set it
	Reason    Reason
	TokenID   string // the refresh token that was presented, if any: <session>/<generation>
	BySession string // the session whose access token asked for it, if any
	IP        string
	UserAgent string
}

// Opening is a new session with its first token, and what goes with it.
type Opening struct {
	Session      Session // LastUsedAt and ExpiresAt are its token's
	TagKey       []byte  // authenticates the ids of its tokens
	Token        Token
	Ends         []Ending // the sessions that this browser had before
	PasswordHash string   // the account's hash from now on; "": as it is
	Clear        string   // the subject whose failures are forgotten, those in a row too; "": none
	EndStreak    string   // the subject whose failures in a row are forgotten; "": none
	Counts       Limit    // what the opening is counted against
	Most         int      // open sessions that the account may have, this one included; 0: any number
	Events       []Event

	// Displace returns how a session ends that is the longest unused of more than Most. The store may call it twice, and
	// again where it tries again.
	Displace func(OpenSession) Ending
}

// OpenSession is a session that has not been ended. It may be idle or too old.
type OpenSession struct {
	ID         string
	CreatedAt  time.Time
	LastUsedAt time.Time
	ExpiresAt  time.Time // the end that its current token was sent with
}

// Ended tells which live sessions were ended.
type Ended struct {
	Sessions []string // those with an ending of their own, by their ids
	Marked   bool     // the account was marked: every other session of it has ended too
	Rest     int      // how many more live sessions the mark has ended; counted up to 10,000
}

// Live returns how many live sessions were ended.
func (e Ended) Live() int { return len(e.Sessions) + e.Rest }

// LoginSnapshot is what an account looks like while a session is opened or its password changed.
type LoginSnapshot struct {
	Now          time.Time
	PasswordHash string
	Blocked      time.Duration // as from Store.Blocked
	Asking       Ending        // of the asking session, where it has ended; Store.ChangePassword sets it
}

// PasswordChange is a new password and how it ends the user's other sessions.
type PasswordChange struct {
	PasswordHash string
	End          Ending
	Counts       Limit // what the change is counted against
	Events       []Event
}

// Selection says which sessions are meant: the user's, of those the one with the id SessionID unless it is "".
type Selection struct {
	UserID    string
	SessionID string
}

// EndCursor is where a round of ending has come to. The zero value is its start.
type EndCursor struct {
	Began   time.Time // by the store's clock
	Session string    // the last that the last step ended
}

// Life says how long a session lives that is not ended. A session is live by a Life where it would be by that of its
// current token's answer too (Token.ExpiresAt).
type Life struct {
	Idle time.Duration // a session whose current token was last sent longer ago than this has ended
	Max  time.Duration // a session of this age has ended; 0: never
}

// Live reports whether a session that has not been ended is live at the time: neither idle nor too old, by l and by the
// configuration that its current token was sent under.
func (l Life) Live(x OpenSession, now time.Time) bool {
	return now.Sub(x.LastUsedAt) <= l.Idle && (l.Max <= 0 || now.Sub(x.CreatedAt) < l.Max) && !now.After(x.ExpiresAt)
}

// Limit is how often something may happen within a time.
type Limit struct {
	Subjects []string // whom it happens to: each is counted by itself
	Max      int      // times of one subject at which the limit is reached; 0: no limit
	Window   time.Duration
	Streak   *Streak // of each subject beside it; nil: none
}

// Streak is how what happens to a subject in a row is limited, whatever the times between. It ends where Opening.Clear
// or Opening.EndStreak names the subject. Both functions depend on nothing but how often it has happened.
type Streak struct {
	Wait func(times int) time.Duration // from the last time until the next may be; 0: there is no wait
	Keep func(times int) time.Duration // from the last time until the streak is forgotten
}

// Retention says what may be pruned. Every duration counts back from now.
type Retention struct {
	Grace    time.Duration // superseded tokens answer nothing, whatever was seen later, until their own end
	Recovery time.Duration // and from then on until they were superseded longer ago than this, or a later one was seen longer ago than Grace
	Sessions time.Duration // sessions whose current token was last sent longer ago than this, and is past its own end, are dropped; 0: none is
	Counts   time.Duration // what was counted against a Limit longer ago than this is dropped; 0: none is
	Audit    time.Duration // entries of the audit record older than this are dropped; 0: none is
}

// PruneCursor is where a round of pruning has come to. The zero value is its start.
type PruneCursor struct {
	Kind    int       // what is pruned next, as the store numbers it
	At      time.Time // where the tokens were superseded that the last step looked at
	Session string    // the last session that the last step looked at
}
