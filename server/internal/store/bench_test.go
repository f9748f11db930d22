package store_test

import (
	"context"
	"crypto/rand"
	"database/sql/driver"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/mattn/go-sqlite3"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/store"
)

// benchCallers is how many rotate at once, each a session of its own.
const benchCallers = 64

// BenchmarkRotations compares the store's rotations with what the disk and the engine give at best: the same writes, by
// one loop over the driver's prepared statements, with a durable commit for each or for every 32 of them. The ratios
// are of rotations per second in this run.
func BenchmarkRotations(b *testing.B) {
	var single, grouped float64
	b.Run("EngineAlone/CommitEach", func(b *testing.B) { single = rotateRaw(b, 1) })
	b.Run("EngineAlone/CommitEvery32", func(b *testing.B) { grouped = rotateRaw(b, 32) })
	for _, row := range []struct {
		name    string
		callers func(*testing.B, *store.Store) []func() error
	}{
		{"Store/64Callers", presenters},
		{"StoreWithRules/64Callers", refreshers},
	} {
		b.Run(row.name, func(b *testing.B) {
			rate := rotateSideBySide(b, row.callers)
			b.ReportMetric(rate/single, "x-commit-each")
			b.ReportMetric(rate/grouped, "x-commit-every-32")
		})
	}
}

// perSecond reports how many rotations there were in a second.
func perSecond(b *testing.B) float64 {
	rate := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "rotations/s")
	return rate
}

// rotateSideBySide has each of the callers rotate again and again.
func rotateSideBySide(b *testing.B, callers func(*testing.B, *store.Store) []func() error) float64 {
	s := openBench(b, filepath.Join(b.TempDir(), "latchkey.db"))
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	rotate := callers(b, s)
	var left atomic.Int64
	left.Store(int64(b.N))
	failed := make(chan error)
	b.ResetTimer()
	for _, once := range rotate {
		go func() {
			var err error
			for err == nil && left.Add(-1) >= 0 {
				err = once()
			}
			failed <- err
		}()
	}
	for range rotate {
		if err := <-failed; err != nil {
			b.Error(err)
		}
	}
	return perSecond(b)
}

func openBench(b testing.TB, path string) *store.Store {
	s, err := store.Open(context.Background(), path, nil)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// presenters rotate through the store alone: their tokens are made by no rules.
func presenters(b *testing.B, s *store.Store) []func() error {
	var callers []func() error
	for range benchCallers {
		callers = append(callers, presenting(s, benchAccount(b, s)))
	}
	return callers
}

// presenting returns how a new session rotates.
func presenting(s *store.Store, session string) func() error {
	generation := int64(0)
	return func() error {
		generation++
		return s.Present(context.Background(), session, generation, func(snap auth.Snapshot) (auth.Change, error) {
			return auth.Change{SeenAt: snap.Now, Succession: &auth.Succession{
				Generation: generation, At: snap.Now, ExpiresAt: snap.Now.Add(30 * time.Second), Sealed: make([]byte, 66),
				Next: auth.Token{Generation: generation + 1, Hash: make([]byte, 32), SentAt: snap.Now, ExpiresAt: snap.Now.Add(time.Hour)},
			}}, nil
		})
	}
}

// refreshers rotate by auth's rules: with new secrets, seals and signed access tokens.
func refreshers(b *testing.B, s *store.Store) []func() error {
	service, err := auth.New(context.Background(), s, auth.Config{Grace: 30 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	var callers []func() error
	for range benchCallers {
		g, err := service.SignUp(context.Background(), rand.Text()+"@example.com", "correct horse battery", "", auth.Visitor{})
		if err != nil {
			b.Fatal(err)
		}
		callers = append(callers, func() (err error) {
			g, err = service.Refresh(context.Background(), auth.Visitor{Tokens: []string{g.RefreshToken}}, auth.RefreshOptions{})
			return err
		})
	}
	return callers
}

func newBenchID() string { return uuid.Must(uuid.NewV7()).String() }

// benchAccount makes an account with a session, and returns the session's id.
func benchAccount(b testing.TB, s *store.Store) string {
	id, session := newBenchID(), newBenchID()
	a := auth.Account{User: auth.User{ID: id, Email: id + "@example.com", Name: "Ada"}, PasswordHash: "hash"}
	if err := s.CreateAccount(context.Background(), a, func(now time.Time) (auth.Opening, error) {
		return auth.Opening{
			Session: auth.Session{ID: session, UserID: id, CreatedAt: now, UserAgent: "Test/1.0", IP: "192.0.2.1"},
			TagKey:  make([]byte, 32),
			Token:   auth.Token{Generation: 1, Hash: make([]byte, 32), SentAt: now, ExpiresAt: now.Add(time.Hour)},
		}, nil
	}); err != nil {
		b.Fatal(err)
	}
	return session
}

// rotateRaw writes rotations with a durable commit for every group of them. It does not look before it writes.
func rotateRaw(b *testing.B, group int) float64 {
	path := filepath.Join(b.TempDir(), "latchkey.db")
	sessions := rawSessions(b, path)
	prepare := rawConnection(b, path)
	begin, commit := prepare("begin immediate"), prepare("commit")
	advance := prepare(`update sessions set generation = ? where id = ? and generation = ? and ended_at is null`)
	supersede := prepare(`update refresh_tokens set seen_at = ?, superseded_at = ?, expires_at = ?, sealed = ?
		where session_id = ? and generation = ? and superseded_at is null`)
	insert := prepare(`insert into refresh_tokens (session_id, generation, hash, sent_at, expires_at) values (?, ?, ?, ?, ?)`)
	hash, sealed := make([]byte, 32), make([]byte, 66)
	b.ResetTimer()
	for i := range b.N {
		if i%group == 0 {
			begin()
		}
		who, generation, now := i%benchCallers, int64(i/benchCallers+1), time.Now().UnixMilli()
		advance(generation+1, sessions[who], generation)
		supersede(now, now, now+30000, sealed, sessions[who], generation)
		insert(sessions[who], generation+1, hash, now, now+3600000)
		if i%group == group-1 || i == b.N-1 {
			commit()
		}
	}
	return perSecond(b)
}

// rawSessions fills a new file, and returns the sessions' ids.
func rawSessions(b *testing.B, path string) (sessions []string) {
	s := openBench(b, path)
	for range benchCallers {
		sessions = append(sessions, benchAccount(b, s))
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return sessions
}

// rawConnection opens the file with the driver, and returns how a statement is prepared.
func rawConnection(b *testing.B, path string) (prepare func(query string) (run func(args ...driver.Value))) {
	conn, err := (&sqlite3.SQLiteDriver{}).Open("file:" + path + "?_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := conn.Close(); err != nil {
			b.Error(err)
		}
	})
	return func(query string) func(args ...driver.Value) {
		st, err := conn.Prepare(query)
		if err != nil {
			b.Fatal(err)
		}
		var named []driver.NamedValue
		return func(args ...driver.Value) {
			named = named[:0]
			for i, arg := range args {
				named = append(named, driver.NamedValue{Ordinal: i + 1, Value: arg})
			}
			// Unlike Exec it binds and steps in one call of C.
			if _, err := st.(driver.StmtQueryContext).QueryContext(context.Background(), named); err != nil {
				b.Fatal(err)
			}
		}
	}
}
