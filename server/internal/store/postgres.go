package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// patience bounds every read and every transaction, with the wait for a connection and all tries. It must stay well
	// below the ten seconds by which auth's polls of ended sessions overlap: an ending is visible so long after its time.
	patience = 5 * time.Second
	// idleLimit is when PostgreSQL itself gives up a transaction of a process that stands still, and lets others go on.
	idleLimit = 10 * time.Second

	maxTries    = 8
	retryWait   = 4 * time.Millisecond // a random part of it, doubled after each try
	connections = 16                   // the least that a process may open, if the URL has no pool_max_conns
)

// migrationLock is the key of the advisory lock under which a process migrates.
const migrationLock = 0x6c617463686b6579 // "latchkey"

func openPostgres(ctx context.Context, dsn string, log *slog.Logger) (*Store, error) {
	cfg, err := parsePostgres(dsn)
	if err != nil {
		return nil, err
	}
	if hosts := unprotected(&cfg.ConnConfig.Config); len(hosts) > 0 {
		log.WarnContext(ctx, "the network to the database is not protected: write sslmode=verify-full into its URL", "hosts", hosts)
	}
	if _, err := migratePostgres(ctx, cfg.ConnConfig.Copy(), log); err != nil {
		return nil, plainOpening(err)
	}
	return connectPostgres(ctx, cfg, dsn)
}

// connectPostgres opens a database whose tables are there.
func connectPostgres(ctx context.Context, cfg *pgxpool.Config, dsn string) (*Store, error) {
	preset(cfg.ConnConfig, "idle_in_transaction_session_timeout", strconv.FormatInt(idleLimit.Milliseconds(), 10))
	if u, err := url.Parse(dsn); err != nil || !u.Query().Has("pool_max_conns") {
		cfg.MaxConns = int32(max(connections, 4*runtime.GOMAXPROCS(0))) // #nosec G115 -- no machine has that many processors
	}
	if cfg.PingTimeout == 0 {
		cfg.PingTimeout = patience
	}
	// Statements are prepared at their first use on a connection and kept with it: pgx does so by itself.
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, plainOpening(err)
	}
	db := stdlib.OpenDBFromPool(pool)
	return &Store{dialect: postgres, reads: pgReads{pgRunner{db}, pool}, writer: &pgWriter{db, pool}, atOnce: atOnce,
		closers: []func() error{db.Close, func() error { pool.Close(); return nil }}}, nil
}

// parsePostgres reads a URL. What it does not say is as all of the process's connections have it.
func parsePostgres(dsn string) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		// The parser's own words may repeat the URL.
		return nil, badName("it is not a postgres:// URL as postgres://user:password@host:5432/database")
	}
	if cfg.ConnConfig.ConnectTimeout == 0 || cfg.ConnConfig.ConnectTimeout > patience {
		cfg.ConnConfig.ConnectTimeout = patience
	}
	preset(cfg.ConnConfig, "application_name", "latchkey")
	return cfg, nil
}

// preset sets a parameter of the database's session, unless the URL does.
func preset(cfg *pgx.ConnConfig, name, value string) {
	if _, ok := cfg.RuntimeParams[name]; !ok {
		cfg.RuntimeParams[name] = value
	}
}

// migratePostgres migrates on connections of its own: a migration may take its time.
func migratePostgres(ctx context.Context, cfg *pgx.ConnConfig, log *slog.Logger) (v versions, err error) {
	db := stdlib.OpenDB(*cfg)
	defer func() { err = errors.Join(err, db.Close()) }()
	var encoding string
	if err := db.QueryRowContext(ctx, `show server_encoding`).Scan(&encoding); err != nil {
		return v, err
	}
	if encoding != "UTF8" {
		return v, fmt.Errorf("its encoding is %s: create it with encoding UTF8", encoding)
	}
	return migrate(ctx, db, postgres, log)
}

// lockPostgresMigrations takes a lock that ends with its connection, should the process die.
func lockPostgresMigrations(ctx context.Context, db *sql.DB) (unlock func() error, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, `select pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return func() error {
		_, err := conn.ExecContext(context.WithoutCancel(ctx), `select pg_advisory_unlock($1)`, int64(migrationLock))
		return errors.Join(err, conn.Close())
	}, nil
}

// pgRunner runs statements with arguments that PostgreSQL takes: text there is UTF-8 and has no zero byte. What is no
// text is replaced, so that a stranger's odd bytes are not found instead of being a failure.
type pgRunner struct{ sqlRunner }

// sqlRunner is a *sql.DB or a *sql.Tx.
type sqlRunner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// ExecContext implements runner.
func (r pgRunner) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return r.sqlRunner.ExecContext(ctx, query, asText(args)...)
}

// QueryContext implements runner.
func (r pgRunner) QueryContext(ctx context.Context, query string, args ...any) (rows, error) {
	found, err := r.sqlRunner.QueryContext(ctx, query, asText(args)...)
	if err != nil {
		return nil, err
	}
	return found, nil
}

func asText(args []any) []any {
	const replacement = "\uFFFD"
	for i, arg := range args {
		if s, ok := arg.(string); ok {
			args[i] = strings.ReplaceAll(strings.ToValidUTF8(s, replacement), "\x00", replacement)
		}
	}
	return args
}

// pgReads runs queries outside of transactions.
type pgReads struct {
	pgRunner
	pool *pgxpool.Pool
}

// QueryContext implements runner. A connection that turns out to be dead tells nothing of the database, and reading
// twice does no harm.
func (r pgReads) QueryContext(ctx context.Context, query string, args ...any) (rows, error) {
	found, err := r.pgRunner.QueryContext(ctx, query, args...)
	if err == nil || ctx.Err() != nil || !lost(err) {
		return found, err
	}
	r.pool.Reset() // the other connections are most likely dead too
	return r.pgRunner.QueryContext(ctx, query, args...)
}

func (pgReads) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, patience)
}

// pgWriter runs transactions side by side.
//
//	write ─▶ connection ─▶ begin ─▶ fn: lock the row, read, decide, write ─▶ commit
//	  ▲                                │ deadlock, serialization failure,
//	  └── a short random wait ◀────────┘ connection dead before anything began
type pgWriter struct {
	db   *sql.DB
	pool *pgxpool.Pool
}

func (w *pgWriter) write(ctx context.Context, fn func(context.Context, runner) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for try := 1; ; try++ {
		again, err := w.transact(ctx, fn)
		if err == nil || !again || try == maxTries {
			return err
		}
		wait := time.NewTimer(rand.N(retryWait << try)) // #nosec G404 -- scatters tries: nothing that is secret
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return err
		}
	}
}

// transact runs fn as one transaction, and reports whether another try may do better where it failed.
func (w *pgWriter) transact(ctx context.Context, fn func(context.Context, runner) error) (again bool, err error) {
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	// From here on the caller's giving up stops nothing; the time that is left still does.
	deadline, _ := ctx.Deadline()
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer cancel()
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		w.pool.Reset() // the other connections are most likely dead too
		return true, fmt.Errorf("begin: %w", err)
	}
	defer func() {
		// After a commit, and on a connection that is gone, there is nothing to roll back.
		_ = tx.Rollback()
	}()
	if err := fn(ctx, pgRunner{tx}); err != nil {
		return collided(err), err
	}
	if err := tx.Commit(); err != nil {
		// Where the connection broke nobody knows whether it is committed: that is not for another try.
		return collided(err), fmt.Errorf("commit: %w", err)
	}
	return false, nil
}

// collided reports whether PostgreSQL undid a transaction because of another one: a deadlock, or a failure to serialize
// where the database's own settings ask for more isolation.
func collided(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}
