package store_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
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
	closed, guest := withGuest(t)
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

// withGuest returns a database and the name of a user who may create nothing in it, with the password "guest".
func withGuest(t *testing.T) (dsn, guest string) {
	t.Helper()
	dsn = pgtest.Database(t)
	at, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	guest = pgtest.User + "_guest_of_" + path.Base(at.Path) // a role is the cluster's, and stays
	if _, err := beside(t, dsn).Exec(`create role ` + guest + ` login password 'guest'`); err != nil {
		t.Fatal(err)
	}
	return dsn, guest
}

func tellsUserinfo(text string) bool {
	return strings.Contains(text, pgtest.User) || strings.Contains(text, pgtest.Password)
}

// account makes an account with a session.
// answer names the first answer of the session.
func answer(o auth.Opening) auth.Answer {
	return auth.Answer{UserID: o.Session.UserID, SessionID: o.Session.ID, Generation: 1}
}

func account(t *testing.T, s *store.Store) (o auth.Opening) {
	t.Helper()
	id := uuid.NewString()
	a := auth.Account{User: auth.User{ID: id, Email: id + "@example.com"}}
	if err := s.CreateAccount(t.Context(), a, func(now time.Time) (auth.Opening, error) {
		o = opening(id, now)
		return o, nil
	}); err != nil {
		t.Fatal(err)
	}
	return o
}

// opening is a new session of the user, with its token.
func opening(user string, now time.Time) auth.Opening {
	session := uuid.NewString()
	return auth.Opening{Session: auth.Session{ID: session, UserID: user, CreatedAt: now},
		TagKey: []byte("tag key"),
		Token:  auth.Token{Generation: 1, Hash: []byte("hash"), SentAt: now, ExpiresAt: now.Add(time.Hour)}}
}

func TestPostgresSessions(t *testing.T) {
	dsn := pgtest.Database(t)
	s := openPostgres(t, dsn+"?pool_max_conns=1")
	other := openPostgres(t, dsn+"?pool_max_conns=1&application_name=mine&idle_in_transaction_session_timeout=7s")
	for _, row := range []struct {
		name, setting, want string
		s                   *store.Store
	}{
		{"who stands still is given up", "idle_in_transaction_session_timeout", "10s", s},
		{"it has a name", "application_name", "latchkey", s},
		{"the URL's own time", "idle_in_transaction_session_timeout", "7s", other},
		{"the URL's own name", "application_name", "mine", other},
		{"a commit is durable", "synchronous_commit", "on", s},
	} {
		if got := row.s.Value(t, `select current_setting($1)`, row.setting); got != row.want {
			t.Errorf("%s: %s is %q, want %q", row.name, row.setting, got, row.want)
		}
	}
	for range 3 {
		account(t, s)
	}
	if n := s.Value(t, `select count(*)::text from pg_prepared_statements where statement like 'insert into users%'`); n != "1" {
		t.Errorf("a statement that ran three times was prepared %s times and kept", n)
	}
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
		if err := s.CreatePost(t.Context(), blog.Post{ID: uuid.NewString(), UserID: o.Session.UserID, Title: odd, Body: odd}, 0); err != nil {
			t.Errorf("%q: %v", odd, err)
		}
	}
	posts, err := s.Posts(t.Context(), o.Session.UserID, 10, "")
	if err != nil || !slices.ContainsFunc(posts, func(p blog.Post) bool { return p.Title == "a\uFFFDb" }) {
		t.Errorf("posts %+v, %v", posts, err)
	}
}
