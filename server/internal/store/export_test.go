package store

import (
	"context"
	"database/sql"
	"io/fs"
	"maps"
	"testing"

	"github.com/mattn/go-sqlite3"
	"github.com/pressly/goose/v3"
)

// Pragma asks the writing connection for a setting.
func (s *Store) Pragma(t *testing.T, name string) string {
	t.Helper()
	got, err := one(context.Background(), s.writer.(*groupWriter).conn, func(rows row) (value sql.NullString, err error) {
		err = rows.Scan(&value)
		return value, err
	}, "pragma "+name)
	if err != nil {
		t.Fatal(err)
	}
	return got.String
}

// Insert is a transaction that adds an audit record of the kind, and then does what then says.
func (s *Store) Insert(ctx context.Context, kind string, then func() error) error {
	return s.write(ctx, func(ctx context.Context, r runner) error {
		if _, err := exec(ctx, r, `insert into audit
			(id, at, kind, reason, user_id, session_id, token_id, ip, user_agent) values ($1, 0, $2, '', '', '', '', '', '')`, kind, kind); err != nil {
			return err
		}
		return then()
	})
}

// Inserted returns the kinds of all audit records, in order.
func (s *Store) Inserted(t *testing.T) []string {
	t.Helper()
	kinds, err := list(t.Context(), s.reads, func(rows row) (kind string, err error) {
		err = rows.Scan(&kind)
		return kind, err
	}, `select kind from audit order by kind`)
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

// Transact is a transaction that calls what with a function that locks a name until its end.
func (s *Store) Transact(ctx context.Context, what func(lock func(name string) error) error) error {
	return s.wrap("transact", s.write(ctx, func(ctx context.Context, r runner) error {
		return what(func(name string) error { return s.dialect.lockName(ctx, r, name) })
	}))
}

// MaxTries is how often a transaction is tried that others undo.
const MaxTries = maxTries

// MigrationLock is the key under which processes migrate.
const MigrationLock = migrationLock

// Patience bounds a transaction.
const Patience = patience

// Value returns the one value of a query, as text.
func (s *Store) Value(t *testing.T, query string, args ...any) string {
	t.Helper()
	got, err := one(t.Context(), s.reads, func(rows row) (value string, err error) {
		err = rows.Scan(&value)
		return value, err
	}, query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Queued returns how many writes wait for the writer.
func (s *Store) Queued() int {
	g := s.writer.(*groupWriter)
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.queue)
}

// Compiled returns how often SQLite asked whether a statement may touch something while do ran a second time: it does so
// whenever it compiles one for the writing connection, be it that its plan is to be made anew.
func (s *Store) Compiled(do func()) (n int) {
	conn := s.writer.(*groupWriter).conn.conn
	conn.RegisterAuthorizer(func(int, string, string, string) int { n++; return sqlite3.SQLITE_OK })
	defer conn.RegisterAuthorizer(nil)
	do() // with another to ask, every statement is compiled anew
	n = 0
	do()
	return n
}

// Plans returns how SQLite comes by the rows of each statement that the writing connection has run, step by step.
func (s *Store) Plans(t *testing.T) map[string][]string {
	t.Helper()
	conn := s.writer.(*groupWriter).conn
	plans := map[string][]string{}
	for query := range maps.Clone(conn.statements) {
		steps, err := list(t.Context(), conn, func(rows row) (step string, err error) {
			var id, parent, unused int64
			err = rows.Scan(&id, &parent, &unused, &step)
			return step, err
		}, "explain query plan "+query)
		if err != nil {
			t.Fatal(err)
		}
		plans[query] = steps
	}
	return plans
}

// Set sets a setting of the writing connection.
func (s *Store) Set(t *testing.T, name, value string) {
	t.Helper()
	if _, err := s.writer.(*groupWriter).conn.conn.Exec("pragma "+name+" = "+value, nil); err != nil {
		t.Fatal(err)
	}
}

// MigrateTo brings a database's tables to a version, up or down.
func MigrateTo(t *testing.T, dsn string, version int64) {
	t.Helper()
	d, driver := sqlite, "sqlite3"
	if isPostgres(dsn) {
		d, driver = postgres, "pgx"
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, err := goose.NewProvider(d.goose, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []func(context.Context, int64) ([]*goose.MigrationResult, error){p.UpTo, p.DownTo} {
		if _, err := to(t.Context(), version); err != nil {
			t.Fatal(err)
		}
	}
}

// SetAtOnce sets how many sessions are ended with rows of their own in one transaction.
func (s *Store) SetAtOnce(n int) { s.atOnce = n }

// AtOnce is how many that are.
const AtOnce = atOnce

// EndingQueries are the statements that end many sessions, with arguments for an account of very many.
func EndingQueries(user, session string, onPostgres bool) map[string][]any {
	d := sqlite
	if onPostgres {
		d = postgres
	}
	named := `[{"session":"` + session + `","user":"` + user + `","event":"0"}]`
	return map[string][]any{
		d.endings.sessions: {named, 0, "REVOKED", "", "", "", ""},
		d.endings.seals:    {named},
		d.endings.audit:    {named, 0, "SESSION_ENDED", "REVOKED", "", "", "", ""},
		newestOpen:         {user, "", atOnce + 1},
		openOne:            {session, user},
		nextSwept:          {user, 1, 200},
		lastEpoch:          {user},
		longestUnused:      {user, roomWindow},
	}
}
