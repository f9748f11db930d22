package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
)

// Store is what the suite tests.
type Store interface {
	auth.Store
	blog.Store
	Audit(ctx context.Context, f auth.AuditFilter, each func(auth.Event) error) error
	LiveSessions(ctx context.Context, userID string, last int) ([]auth.AccountSession, error)
	Ping(ctx context.Context) error
	Close() error
}

// Run tests a store. fresh makes an empty database for one test; the function that it returns opens a store on it,
// each time anew as another process would. The suite closes what it opens; fresh cares for the rest with t.Cleanup.
func Run(t *testing.T, fresh func(t *testing.T) (open func() (Store, error))) {
	for _, row := range suite {
		t.Run(row.name, func(t *testing.T) {
			row.test(t, &fixture{t: t, open: fresh(t)})
		})
	}
}

var suite = []struct {
	name string
	test func(*testing.T, *fixture)
}{
	{"keys", testKeys},
	{"racing changes of keys", testRacingKeys},
	{"rotating keys", testRotatingKeys},
	{"accounts", testAccounts},
	{"racing accounts of one address", testEmailTaken},
	{"opening a session", testOpenSession},
	{"opening that is given up", testOpenSessionGivenUp},
	{"changing a password", testChangePassword},
	{"snapshot of a presentation", testSnapshot},
	{"changes of a presentation", testChanges},
	{"changes that do not fit", testChangesThatDoNotFit},
	{"presentation that is given up", testPresentGivenUp},
	{"racing presentations", testRacingPresentations},
	{"presentations racing an ending", testPresentRacingEnding},
	{"marking as seen", testMarkSeen},
	{"answers", testAnswers},
	{"live sessions", testSessions},
	{"ending sessions", testEndSessions},
	{"sessions past their end", testSessionsPastTheirEnd},
	{"live sessions of all", testLiveSessions},
	{"ending sessions in steps", testEndNext},
	{"ending all sessions", testEndAll},
	{"ending very many sessions", testEndMany},
	{"ending very many sessions twice", testEndManyTwice},
	{"ending very many sessions again", testEndManyAgain},
	{"writing the rows of a mark side by side", testSweepSideBySide},
	{"endings", testEndings},
	{"failures", testFailures},
	{"racing failures", testRacingFailures},
	{"failures in a row", testStreaks},
	{"racing failures in a row", testRacingStreaks},
	{"pruning failures in a row", testPruneStreaks},
	{"counting what is done", testCounts},
	{"racing openings under a limit", testRacingCounts},
	{"too many sessions", testTooMany},
	{"racing openings of too many sessions", testRacingTooMany},
	{"recording events", testRecord},
	{"activity", testActivity},
	{"the audit record", testAudit},
	{"the audit record of a service", testEveryEvent},
	{"pruning tokens", testPruneTokens},
	{"pruning tokens in steps", testPruneSteps},
	{"pruning tokens side by side", testPruneSideBySide},
	{"pruning sessions", testPruneSessions},
	{"pruning failures", testPruneFailures},
	{"pruning the audit", testPruneAudit},
	{"posts", testPosts},
	{"as many posts as a user may have", testPostsKept},
	{"cancelled contexts", testCancelled},
	{"restart", testRestart},
	{"closing", testClosing},
}

// fixture is one empty database with what a test needs to fill it.
type fixture struct {
	t    *testing.T
	open func() (Store, error)
	life time.Duration // that the first tokens of sessions are sent with; 0: openFor
}

var ctx = context.Background()

// process opens the database as one more process does.
func (f *fixture) process() Store {
	f.t.Helper()
	s, err := f.open()
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			f.t.Error(err)
		}
	})
	return s
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// forever is a life that nothing in a test outlives.
var forever = auth.Life{Idle: 1000 * time.Hour}

// openFor is the life that the first token of a session is sent with, unless a test says another.
const openFor = 1000 * time.Hour

// opening returns a session with its first token, both of the given age.
func opening(userID string, now time.Time, age time.Duration) auth.Opening {
	id, at := newID(), now.Add(-age)
	return auth.Opening{
		Session: auth.Session{ID: id, UserID: userID, CreatedAt: at, LastUsedAt: at, ExpiresAt: at.Add(openFor),
			UserAgent: "Test/1.0", IP: "192.0.2.1"},
		TagKey: []byte("tag key of " + id),
		Token:  auth.Token{Generation: 1, Hash: []byte("hash 1"), SentAt: at, ExpiresAt: at.Add(openFor)},
		Events: []auth.Event{{Kind: auth.EventLoggedIn, At: at, UserID: userID, SessionID: id}},
	}
}

// opening is opening with the life of the fixture.
func (f *fixture) opening(userID string, now time.Time, age time.Duration) auth.Opening {
	o := opening(userID, now, age)
	if f.life > 0 {
		o.Token.ExpiresAt = o.Token.SentAt.Add(f.life)
		o.Session.ExpiresAt = o.Token.ExpiresAt
	}
	return o
}

// account makes an account with a session of the given age.
func (f *fixture) account(s Store, age time.Duration) (auth.Account, auth.Opening) {
	f.t.Helper()
	id := newID()
	a := auth.Account{User: auth.User{ID: id, Email: id + "@example.com", Name: "Ada"}, PasswordHash: "first hash"}
	var o auth.Opening
	if err := s.CreateAccount(ctx, a, func(now time.Time) (auth.Opening, error) {
		a.CreatedAt, o = now, f.opening(id, now, age)
		return o, nil
	}); err != nil {
		f.t.Fatal(err)
	}
	return a, o
}

// session opens one more session of the account.
func (f *fixture) session(s Store, userID string, age time.Duration) auth.Opening {
	f.t.Helper()
	var o auth.Opening
	if err := s.OpenSession(ctx, userID, nil, func(snap auth.LoginSnapshot) (auth.Opening, error) {
		o = f.opening(userID, snap.Now, age)
		return o, nil
	}); err != nil {
		f.t.Fatal(err)
	}
	return o
}

// token names a refresh token.
type token struct {
	session    string
	generation int64
}

// first is the first token of a session.
func first(o auth.Opening) token { return token{o.Session.ID, 1} }

// look returns the snapshot of a token, and changes nothing.
func (f *fixture) look(s Store, t token) auth.Snapshot {
	f.t.Helper()
	var seen auth.Snapshot
	f.present(s, t, func(snap auth.Snapshot) auth.Change {
		seen = snap
		return auth.Change{}
	})
	return seen
}

func (f *fixture) present(s Store, t token, step func(auth.Snapshot) auth.Change) {
	f.t.Helper()
	if err := s.Present(ctx, t.session, t.generation, func(snap auth.Snapshot) (auth.Change, error) { return step(snap), nil }); err != nil {
		f.t.Fatal(err)
	}
}

// rotation is the change that puts a new token in the place of the presented one, which is current.
func rotation(snap auth.Snapshot) auth.Change {
	next := snap.Session.Generation + 1
	return auth.Change{SeenAt: snap.Now, Succession: &auth.Succession{
		Generation: snap.Token.Generation, At: snap.Now, ExpiresAt: snap.Now.Add(30 * time.Second), Sealed: []byte("sealed"),
		Next: auth.Token{Generation: next, Hash: fmt.Appendf(nil, "hash %d", next),
			SentAt: snap.Now, ExpiresAt: snap.Now.Add(time.Hour)},
	}}
}

// rotate replaces the current token of the session and returns the new one.
func (f *fixture) rotate(s Store, t token) (next token) {
	f.t.Helper()
	f.present(s, t, rotation)
	return token{t.session, t.generation + 1}
}

func (f *fixture) ending(s Store, sessionID string) auth.Ending {
	f.t.Helper()
	e, err := s.Ending(ctx, sessionID)
	if err != nil {
		f.t.Fatal(err)
	}
	return e
}

func wantIs(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("error %v, want %v", err, target)
	}
}

var errGivenUp = errors.New("given up")
