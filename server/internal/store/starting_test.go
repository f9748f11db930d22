package store_test

import (
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/server/internal/store"
)

// TestAUserWhoMayNotCreate opens a database whose tables somebody else brought up to date.
func TestAUserWhoMayNotCreate(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Start(t).Database(t) // a user belongs to the whole cluster
	if from, to, err := store.Migrate(t.Context(), dsn, nil); from != 0 || to < 1 || err != nil {
		t.Fatal(from, to, err)
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `create role serving login password 'serving';
		grant select, insert, update, delete on all tables in schema public to serving`); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("serving", "serving")
	s := openPostgres(t, u.String())
	account(t, s)
	if from, to, err := store.Migrate(t.Context(), u.String(), nil); from != to || err != nil {
		t.Errorf("version %d to %d, %v", from, to, err)
	}
}
