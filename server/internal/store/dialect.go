package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"
	"github.com/pressly/goose/v3"
)

// dialect is all in which one engine differs from another.
type dialect struct {
	goose goose.Dialect
	// lockSession selects a session's row by its id, so that it does not change before the transaction ends; "": nothing
	// changes anyhow.
	lockSession string
	// selectSnapshot selects what Present shows, with the time that now returns, or null where that is not the
	// database's to say.
	selectSnapshot string
	// endings are the statements that end a list of sessions.
	endings endings
	// lockUser does the same for a user's row u.
	lockUser string
	// lockName keeps all others who lock the same name waiting until the transaction ends, where there is no row to
	// lock.
	lockName func(ctx context.Context, r runner, name string) error
	// now returns the time by the clock that all processes on the database share.
	now func(ctx context.Context, r runner) (time.Time, error)
	// duplicate reports whether an insertion into users failed because the address is there already.
	duplicate func(error) bool
	// lockMigrations keeps other processes from migrating until unlock is called.
	lockMigrations func(ctx context.Context, db *sql.DB) (unlock func() error, err error)
	// recordOnce keeps a migration from being recorded a second time, where lockMigrations does not. The table of versions
	// is there.
	recordOnce func(ctx context.Context, db *sql.DB) error
	// migrateTries is how often a migration is tried.
	migrateTries int
	// plain turns an error of the engine into one that may be logged and that auth understands.
	plain func(error) error
}

// sqlite: its one writer holds the whole database, and all processes on it share the machine's clock.
var sqlite = dialect{
	goose:          goose.DialectSQLite3,
	selectSnapshot: selectSnapshot(`null`),
	endings:        endingStatements(`with x as (select value from json_each($1))`, `in (select id from named) `),
	lockName:       func(context.Context, runner, string) error { return nil },
	now: func(context.Context, runner) (time.Time, error) {
		return time.Now().UTC().Truncate(time.Millisecond), nil
	},
	duplicate: func(err error) bool {
		var e sqlite3.Error
		return errors.As(err, &e) && e.ExtendedCode == sqlite3.ErrConstraintUnique
	},
	// The migrations' own transactions are all the lock there is: whoever loses tries again.
	lockMigrations: func(context.Context, *sql.DB) (func() error, error) { return func() error { return nil }, nil },
	recordOnce:     recordSQLiteOnce,
	migrateTries:   6,
	plain:          troubledSQLite,
}

// postgres: transactions run side by side, each statement sees what was committed before it, and rows that must stay
// as they are get locked. What is locked is a row without its key, so that rows which refer to it can still be added.
var postgres = dialect{
	goose:          goose.DialectPostgres,
	lockSession:    `select 1 from sessions where id = $1 for no key update`,
	selectSnapshot: selectSnapshot(pgClock),
	// An array has the planner look up each id. It would read the whole table for a list of unknown length.
	endings: endingStatements(`with x as (select value from json_array_elements(cast(cast($1 as text) as json)))`,
		`= any(array(select id from named)) `),
	lockUser: ` for no key update of u`,
	lockName: func(ctx context.Context, r runner, name string) error {
		_, err := exec(ctx, r, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, name)
		return err
	},
	// The clock goes on while a transaction waits for a lock, as that of now() would not.
	now: func(ctx context.Context, r runner) (time.Time, error) {
		ms, err := one(ctx, r, scanNumber, `select `+pgClock)
		return timeOf(ms), err
	},
	duplicate: func(err error) bool {
		var e *pgconn.PgError
		return errors.As(err, &e) && e.ConstraintName == "users_email_key"
	},
	lockMigrations: lockPostgresMigrations,
	recordOnce:     func(context.Context, *sql.DB) error { return nil },
	migrateTries:   1,
	plain:          plainPostgres,
}

const pgClock = `floor(extract(epoch from clock_timestamp()) * 1000)::bigint`
