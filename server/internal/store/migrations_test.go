package store_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/server/internal/store"
)

// TestMigrationOfTheFirstVersion brings a database of the first version up to date: whoever has an account logs in once
// more, and finds everything else.
func TestMigrationOfTheFirstVersion(t *testing.T) {
	for _, row := range []struct{ name, driver, dsn string }{
		{"SQLite", "sqlite3", filepath.Join(t.TempDir(), "latchkey.db")},
		{"PostgreSQL", "pgx", pgtest.Database(t)},
	} {
		t.Run(row.name, func(t *testing.T) {
			store.MigrateTo(t, row.dsn, 1)
			user, post := firstVersion(t, row.driver, row.dsn)
			s, service := serving(t, row.dsn)
			g, err := service.Login(t.Context(), "ada@example.com", "correct horse battery", auth.Visitor{})
			if err != nil || g.User.ID != user {
				t.Fatalf("logged in as %+v, %v", g.User, err)
			}
			if g, err = service.Refresh(t.Context(), auth.Visitor{Tokens: []string{g.RefreshToken}}, auth.RefreshOptions{}); err != nil {
				t.Errorf("refresh: %v", err)
			}
			if posts, err := s.Posts(t.Context(), user, 10, ""); len(posts) != 1 || posts[0].ID != post || err != nil {
				t.Errorf("posts %+v, %v", posts, err)
			}
			if n := s.Value(t, `select count(*) from audit where kind = 'LOGGED_IN' and token_id = 'old'
				and last_at = at and times = 1`); n != "1" {
				t.Errorf("%s entries of the audit record are left", n)
			}
			if live, err := s.Sessions(t.Context(), user, auth.Life{Idle: time.Hour}, 10); len(live) != 1 || live[0].ID != g.SessionID || err != nil {
				t.Errorf("sessions %+v, %v", live, err)
			}
			// Back and forth again, as an operator may.
			store.MigrateTo(t, row.dsn, 1)
			if _, _, err := store.Migrate(t.Context(), row.dsn, nil); err != nil {
				t.Fatal(err)
			}
			if _, err := service.Login(t.Context(), "ada@example.com", "correct horse battery", auth.Visitor{}); err != nil {
				t.Errorf("after a migration down and up: %v", err)
			}
		})
	}
}

// serving opens the database as a server does.
func serving(t *testing.T, dsn string) (*store.Store, *auth.Service) {
	t.Helper()
	s, err := store.Open(t.Context(), dsn, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	service, err := auth.New(t.Context(), s, auth.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return s, service
}

// firstVersion fills tables of the first version, and returns the ids of the user and of the post.
func firstVersion(t *testing.T, driver, dsn string) (user, post string) {
	t.Helper()
	other, service := serving(t, filepath.Join(t.TempDir(), "other.db"))
	g := signUp(t, service)
	a, err := other.Account(t.Context(), g.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	user, post = uuid.NewString(), uuid.NewString()
	session, token := uuid.NewString(), uuid.NewString()
	at := time.Now().UnixMilli()
	for _, row := range []struct {
		query string
		args  []any
	}{
		{`insert into users (id, email, name, password_hash, created_at) values ($1, 'ada@example.com', 'Ada', $2, $3)`, []any{user, a.PasswordHash, at}},
		{`insert into posts (id, user_id, title, body, created_at) values ($1, $2, 'Title', 'Body', $3)`, []any{post, user, at}},
		{`insert into sessions (id, user_id, generation, created_at, user_agent, ip) values ($1, $2, 1, $3, '', '')`, []any{session, user, at}},
		{`insert into refresh_tokens (id, session_id, generation, hash, sent_at, expires_at) values ($1, $2, 1, $3, $4, $5)`,
			[]any{token, session, []byte("hash"), at, at}},
		{`insert into audit (id, at, kind, reason, user_id, session_id, token_id, ip, user_agent) values ($1, $2, 'LOGGED_IN', '', $3, $4, 'old', '', '')`,
			[]any{uuid.NewString(), at, user, session}},
	} {
		if _, err := db.ExecContext(t.Context(), row.query, row.args...); err != nil {
			t.Fatal(err)
		}
	}
	return user, post
}
