package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
)

// Store is an open database. Its methods may be called from many goroutines.
type Store struct {
	dialect  dialect
	reads    runner // outside of transactions
	writer   writer
	scrubber *scrubber // of an SQLite file that is open for writing; nil: there is none
	closing  sync.Once
	closers  []func() error // in the order of closing
	atOnce   int            // see the constant
}

var (
	_ auth.Store = (*Store)(nil)
	_ blog.Store = (*Store)(nil)
)

// ErrName says that a dsn names no database: it is a mistake of whoever wrote it, and not of the database.
var ErrName = errors.New("not the name of a database")

// Open opens the database that dsn names and brings its tables up to date. A dsn is the path of an SQLite file, which
// is created where there is none, or a postgres:// URL (libpq's, with pgxpool's pool_max_conns and its like), of a
// database that exists. The errors are one line each, fit for an operator, with nothing in it of a URL's user and
// password. Close it when done.
func Open(ctx context.Context, dsn string, log *slog.Logger) (*Store, error) {
	if err := checkName(dsn); err != nil {
		return nil, err
	}
	open := openSQLite
	if isPostgres(dsn) {
		open = openPostgres
	}
	s, err := open(ctx, dsn, logOr(log))
	if err != nil {
		return nil, cannotOpen(dsn, err)
	}
	return s, nil
}

// checkName returns an ErrName where dsn cannot be the name of a database.
func checkName(dsn string) error {
	switch {
	case dsn == "":
		return badName("no database is named: give the path of a file, or a postgres:// URL")
	case isPostgres(dsn):
		return nil
	case strings.HasPrefix(dsn, ":memory:"), strings.HasPrefix(dsn, "file:"), strings.Contains(dsn, "://"):
		return badName("cannot open database %q: give the path of a file, or a postgres:// URL", public(dsn))
	}
	return nil
}

func cannotOpen(dsn string, err error) error {
	return fmt.Errorf("cannot open database %q: %w", public(dsn), err)
}

func logOr(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}

// nameError is an ErrName in words of its own.
type nameError struct{ text string }

func (e *nameError) Error() string        { return e.text }
func (e *nameError) Is(target error) bool { return target == ErrName }

func badName(format string, args ...any) error { return &nameError{fmt.Sprintf(format, args...)} }

func isPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// public is what may be told of a dsn: of a URL neither what stands before an @ nor its parameters, for both may hold a
// password.
func public(dsn string) string {
	scheme, rest, isURL := strings.Cut(dsn, "://")
	if !isURL {
		return dsn
	}
	rest, _, _ = strings.Cut(rest, "?")
	rest, _, _ = strings.Cut(rest, "#")
	return scheme + "://" + rest[strings.LastIndex(rest, "@")+1:]
}

// wrap says what a failed method was about.
func (s *Store) wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, s.dialect.plain(err))
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	_, err := list(ctx, s.reads, scanNumber, `select number from signing_keys limit 1`)
	return s.wrap("ping", err)
}

// Close waits for the write that is running and closes the database. What is called later fails, except Close, which
// does nothing then.
func (s *Store) Close() error {
	var errs []error
	s.closing.Do(func() {
		for _, closer := range s.closers {
			errs = append(errs, closer())
		}
	})
	return errors.Join(errs...)
}

// write runs fn as one transaction: all of it durable once write returns nil, nothing of it otherwise. Waiting for its
// turn it gives up with ctx; a transaction that has begun is carried through, for it is short, and half-way is no
// place to stop. fn may run again where the engine asks for it, so it has no effects but on its runner.
func (s *Store) write(ctx context.Context, fn func(ctx context.Context, r runner) error) error {
	return s.writer.write(ctx, fn)
}

// writer runs transactions, one after another or side by side as the engine has it.
type writer interface {
	write(ctx context.Context, fn func(ctx context.Context, r runner) error) error
}

// runner is where a statement runs: a pool of connections or a transaction.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (rows, error)
}

// rows is the result of a query, as *sql.Rows is.
type rows interface {
	row
	Next() bool
	Err() error
	Close() error
}

// row is what of rows a function needs that reads one of them.
type row interface {
	Scan(dest ...any) error
}

// bounder is a runner whose queries take no longer than it says, whatever time their caller has.
type bounder interface {
	bound(ctx context.Context) (context.Context, context.CancelFunc)
}

// exec runs a statement and returns how many rows it changed.
func exec(ctx context.Context, r runner, query string, args ...any) (int64, error) {
	result, err := r.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// list returns every row of a query.
func list[T any](ctx context.Context, r runner, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	if b, ok := r.(bounder); ok {
		var done context.CancelFunc
		ctx, done = b.bound(ctx)
		defer done()
	}
	found, err := r.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	var all []T
	for found.Next() {
		one, err := scan(found)
		if err != nil {
			return nil, errors.Join(err, found.Close())
		}
		all = append(all, one)
	}
	return all, errors.Join(found.Err(), found.Close())
}

// one returns the first row of a query, or auth.ErrNotFound.
func one[T any](ctx context.Context, r runner, scan func(row) (T, error), query string, args ...any) (T, error) {
	var zero T
	all, err := list(ctx, r, scan, query, args...)
	switch {
	case err != nil:
		return zero, err
	case len(all) == 0:
		return zero, auth.ErrNotFound
	}
	return all[0], nil
}

func scanNumber(rows row) (n int64, err error) {
	err = rows.Scan(&n)
	return n, err
}

// Times are kept in milliseconds, and a time that is not there as null.

func millis(t time.Time) int64 { return t.UnixMilli() }

func timeOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func timeOrZero(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return timeOf(ms.Int64)
}
