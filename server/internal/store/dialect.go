package store

import (
	"context"
	"errors"
	"time"

	"github.com/mattn/go-sqlite3"
	"github.com/pressly/goose/v3"
)

// dialect is all in which one engine differs from another.
type dialect struct {
	goose goose.Dialect
	// lockSession ends a query for a session's row s that must not change before the transaction ends.
	lockSession string
	// lockUser does the same for a user's row u.
	lockUser string
	// lockName keeps all others who lock the same name waiting until the transaction ends, where there is no row to
	// lock.
	lockName func(ctx context.Context, r runner, name string) error
	// now returns the time by the clock that all processes on the database share.
	now func(ctx context.Context, r runner) (time.Time, error)
	// duplicate reports whether a statement failed because a unique value is there already.
	duplicate func(error) bool
}

// sqlite: its one writer holds the whole database, and all processes on it share the machine's clock.
var sqlite = dialect{
	goose:    goose.DialectSQLite3,
	lockName: func(context.Context, runner, string) error { return nil },
	now: func(context.Context, runner) (time.Time, error) {
		return time.Now().UTC().Truncate(time.Millisecond), nil
	},
	duplicate: func(err error) bool {
		var e sqlite3.Error
		return errors.As(err, &e) && e.ExtendedCode == sqlite3.ErrConstraintUnique
	},
}
