package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/server/internal/store"
	"example.com/latchkey/server/internal/storetest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestPostgres(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() (storetest.Store, error) {
		dsn := pgtest.Database(t)
		return func() (storetest.Store, error) { return store.Open(context.Background(), dsn, nil) }
	})
}

// openPostgres opens the database until the test ends.
func openPostgres(t *testing.T, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), dsn, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// beside opens the database past the store.
func beside(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestPostgresOpenFails(t *testing.T) {
	dsn := pgtest.Database(t)
	with := func(change func(*url.URL)) string {
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		change(u)
		return u.String()
	}
	later := pgtest.Database(t)
	if err := openPostgres(t, later).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := beside(t, later).Exec(`insert into goose_db_version (version_id, is_applied) values (99999, true)`); err != nil {
		t.Fatal(err)
	}
	ascii := with(func(u *url.URL) { u.Path += "_ascii" })
	if _, err := beside(t, dsn).Exec(`create database ` + path.Base(ascii) + ` encoding 'SQL_ASCII' template template0`); err != nil {
		t.Fatal(err)
	}
	closed := pgtest.Database(t)
	const guest = "pgtest_owner_guest"
	if _, err := beside(t, closed).Exec(`create role ` + guest + ` login password 'guest'`); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, dsn, want string
		mistake         bool
	}{
		{"nobody listens", with(func(u *url.URL) { u.Host = "127.0.0.1:1" }), `cannot open database "postgres://127.0.0.1:1/test`, false},
		{"nobody listens, and why", with(func(u *url.URL) { u.Host = "127.0.0.1:1" }), "connection refused", false},
		{"no such host", with(func(u *url.URL) { u.Host = "nowhere.invalid" }), "its host is not known", false},
		{"wrong password", with(func(u *url.URL) { u.User = url.UserPassword(pgtest.User, pgtest.Password+"x") }), "refuses the user or the password", false},
		{"no such database", with(func(u *url.URL) { u.Path = "/nowhere" }), "no such database", false},
		{"password among the parameters", with(func(u *url.URL) {
			u.User, u.RawQuery = nil, "user="+pgtest.User+"&password="+pgtest.Password+"x"
		}), "refuses the user or the password", false},
		{"without TLS", with(func(u *url.URL) { u.RawQuery = "sslmode=require" }), "TLS", false},
		{"may create nothing", strings.NewReplacer(pgtest.User, guest, pgtest.Password, "guest").Replace(closed), "permission denied", false},
		{"of another encoding", ascii, "its encoding is SQL_ASCII", false},
		{"of a later release", later, "made by a later release", false},
		{"no URL", "postgres://" + pgtest.User + ":" + pgtest.Password + "@localhost:port/x", "not a postgres:// URL", true},
		{"no URL by another escape", "postgresql://" + pgtest.User + ":%zz" + pgtest.Password + "@localhost/x", "not a postgres:// URL", true},
		{"no parameter", with(func(u *url.URL) { u.RawQuery = "pool_max_conns=many" }), "not a postgres:// URL", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := store.Open(t.Context(), row.dsn, nil)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Fatalf("error %v, want %q", err, row.want)
			}
			if text := err.Error(); strings.Contains(text, "\n") || tellsUserinfo(text) {
				t.Errorf("not fit for a terminal: %q", err)
			}
			if errors.Is(err, store.ErrName) != row.mistake {
				t.Errorf("the URL's own mistake: %v", !row.mistake)
			}
		})
	}
}

func tellsUserinfo(text string) bool {
	return strings.Contains(text, pgtest.User) || strings.Contains(text, pgtest.Password)
}

// TestDeadlocksAreTriedAgain has two transactions wait for one another: PostgreSQL undoes one, and nobody is told.
func TestDeadlocksAreTriedAgain(t *testing.T) {
	dsn := pgtest.Database(t)
	var (
		both  sync.WaitGroup // holds a name each
		wg    sync.WaitGroup
		mu    sync.Mutex
		tries int
	)
	both.Add(2)
	for _, names := range [][2]string{{"a", "b"}, {"b", "a"}} {
		s, first := openPostgres(t, dsn), true
		wg.Go(func() {
			if err := s.Transact(context.Background(), func(lock func(string) error) error {
				mu.Lock()
				tries++
				mu.Unlock()
				if err := lock(names[0]); err != nil {
					return err
				}
				if first {
					first = false
					both.Done()
					both.Wait()
				}
				return lock(names[1])
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if tries != 3 {
		t.Errorf("%d tries for two transactions of which one is undone once", tries)
	}
}

func TestTriesAreBounded(t *testing.T) {
	s := openPostgres(t, pgtest.Database(t))
	for _, row := range []struct {
		name        string
		err         error
		tries       int
		unavailable bool
	}{
		{"serialization failure", &pgconn.PgError{Code: "40001"}, store.MaxTries, true},
		{"deadlock", fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: "40P01"}), store.MaxTries, true},
		{"the domain's own no", auth.ErrChanged, 1, false},
		{"not to be repeated", &pgconn.PgError{Code: "57P01"}, 1, true},
		{"a mistake of ours", &pgconn.PgError{Code: "42601"}, 1, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			tries := 0
			err := s.Transact(t.Context(), func(func(string) error) error { tries++; return row.err })
			if tries != row.tries || errors.Is(err, auth.ErrUnavailable) != row.unavailable || err == nil {
				t.Errorf("%d tries, %v", tries, err)
			}
		})
	}
}

// TestALockHeldForLong stands for a process that stopped in the middle: others wait for it a while, and no longer.
func TestALockHeldForLong(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	s := openPostgres(t, dsn)
	o := account(t, s)
	tx, err := beside(t, dsn).Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`select 1 from sessions where id = $1 for update`, o.Session.ID); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	present := func(ctx context.Context) error {
		return s.Present(ctx, o.Token.ID, func(snap auth.Snapshot) (auth.Change, error) { return auth.Change{SeenAt: snap.Now}, nil })
	}
	// Who gives up before that does not change that a transaction which has begun is carried through.
	ctx, giveUp := context.WithCancel(t.Context())
	defer time.AfterFunc(store.Patience/10, giveUp).Stop()
	if err := present(ctx); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("error %v, want %v", err, auth.ErrUnavailable)
	}
	if d := time.Since(began); d < store.Patience*9/10 || d > 3*store.Patience {
		t.Errorf("waited %v, want %v", d, store.Patience)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := present(t.Context()); err != nil {
		t.Errorf("once the lock is gone: %v", err)
	}
}

// account makes an account with a session.
func account(t *testing.T, s *store.Store) (o auth.Opening) {
	t.Helper()
	id, session := uuid.NewString(), uuid.NewString()
	a := auth.Account{User: auth.User{ID: id, Email: id + "@example.com"}}
	if err := s.CreateAccount(t.Context(), a, func(now time.Time) (auth.Opening, error) {
		o = auth.Opening{Session: auth.Session{ID: session, UserID: id, CreatedAt: now},
			Token: auth.Token{ID: uuid.NewString(), SessionID: session, Generation: 1, Hash: []byte("hash"), SentAt: now, ExpiresAt: now.Add(time.Hour)}}
		return o, nil
	}); err != nil {
		t.Fatal(err)
	}
	return o
}

// PostgreSQL takes neither a zero byte nor bytes that are no text: to strangers that must look as any wrong word.
func TestTextThatIsNone(t *testing.T) {
	s := openPostgres(t, pgtest.Database(t))
	o := account(t, s)
	for _, odd := range []string{"a\x00b", "a\xffb", "\xed\xa0\x80"} {
		if _, err := s.AccountByEmail(t.Context(), odd); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%q: %v", odd, err)
		}
		if deleted, err := s.DeletePost(t.Context(), o.Session.UserID, odd); deleted || err != nil {
			t.Errorf("%q: %v, %v", odd, deleted, err)
		}
		if err := s.CreatePost(t.Context(), blog.Post{ID: uuid.NewString(), UserID: o.Session.UserID, Title: odd, Body: odd}); err != nil {
			t.Errorf("%q: %v", odd, err)
		}
	}
	posts, err := s.Posts(t.Context(), o.Session.UserID, 10, "")
	if err != nil || !slices.ContainsFunc(posts, func(p blog.Post) bool { return p.Title == "a\uFFFDb" }) {
		t.Errorf("posts %+v, %v", posts, err)
	}
}
