package route_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3" // registers the driver "sqlite3"
)

// database opens the server's database beside it.
func (s site) database() *sql.DB {
	s.t.Helper()
	db, err := sql.Open("sqlite3", "file:"+s.DB+"?_busy_timeout=10000")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := db.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return db
}

// pass lets time go by for a session: all that the database knows of it moves into the past.
func pass(t *testing.T, db *sql.DB, session string, d time.Duration) {
	t.Helper()
	exec(t, db, `update sessions set created_at = created_at - $1, ended_at = ended_at - $1 where id = $2`, d.Milliseconds(), session)
	exec(t, db, `update refresh_tokens set sent_at = sent_at - $1, expires_at = expires_at - $1,
		superseded_at = superseded_at - $1, seen_at = seen_at - $1 where session_id = $2`, d.Milliseconds(), session)
}

func exec(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	result, err := db.ExecContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s changed %d rows, %v", query, n, err)
	}
}

// value returns the one value of a query.
func value[T any](t *testing.T, db *sql.DB, query string, args ...any) T {
	t.Helper()
	var v T
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// hashOf is what the database holds of a refresh token.
func hashOf(t *testing.T, token string) []byte {
	t.Helper()
	_, text, _ := strings.Cut(token, ".")
	secret, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(secret)
	return hash[:]
}

// eventually waits until the condition holds, and fails the test where it does not within the deadline.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	const deadline = 20 * time.Second
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(deadline); !condition(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("after %s: not %s", deadline, what)
		}
	}
}
