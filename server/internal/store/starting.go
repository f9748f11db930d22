package store

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// awaitTick is how often a database that is starting is asked again.
const awaitTick = 250 * time.Millisecond

// Await returns once the database that dsn names takes connections, and at once for a file. A PostgreSQL that is
// starting, where nobody listens yet or which says so itself, is waited for as long as limit, and the log told; then
// the error is that of the last try. Every other error is final, and comes at once: a password that is refused will be
// refused in a moment too. The errors are as those of [Open], or ctx's where that has ended.
func Await(ctx context.Context, dsn string, limit time.Duration, log *slog.Logger) error {
	if err := checkName(dsn); err != nil || !isPostgres(dsn) {
		return err
	}
	cfg, err := parsePostgres(dsn)
	if err != nil {
		return cannotOpen(dsn, err)
	}
	end := time.NewTimer(limit)
	defer end.Stop()
	tick := time.NewTicker(awaitTick)
	defer tick.Stop()
	for try := 0; ; try++ {
		err := connectOnce(ctx, cfg.ConnConfig)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case limit == 0 || !starting(err):
			return cannotOpen(dsn, plainOpening(err))
		case try == 0:
			logOr(log).InfoContext(ctx, "waiting for PostgreSQL to start",
				"database", public(dsn), "now", reason(err), "limit", limit)
		}
		select {
		case <-tick.C:
		case <-end.C:
			return cannotOpen(dsn, plainOpening(err))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func connectOnce(ctx context.Context, cfg *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// starting reports whether an error in connecting is that of a server which may be there in a moment. Where a host has
// several addresses the server's own word counts, if there is one.
func starting(err error) bool {
	if server := (*pgconn.PgError)(nil); errors.As(err, &server) {
		return server.Code == "57P03" // cannot_connect_now: it starts, recovers or shuts down
	}
	if network := (*net.OpError)(nil); !errors.As(err, &network) {
		return false
	}
	// Refused by the machine; cut by a forwarder with nobody behind it; or a Unix socket that is not there yet.
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ENOENT)
}

// Migrate brings the tables of the database that dsn names up to date, as [Open] does, and returns the version that
// they had before, 0 for none at all, and the one that they have now. Where another process does the same at the same
// time, one of them does it. The errors are those of [Open].
func Migrate(ctx context.Context, dsn string, log *slog.Logger) (from, to int64, err error) {
	if err := checkName(dsn); err != nil {
		return 0, 0, err
	}
	do := migrateFile
	if isPostgres(dsn) {
		do = migrateURL
	}
	v, err := do(ctx, dsn, logOr(log))
	if err != nil {
		return 0, 0, cannotOpen(dsn, err)
	}
	return v.from, v.to, nil
}

func migrateFile(ctx context.Context, path string, log *slog.Logger) (versions, error) {
	db, v, err := migrateSQLite(ctx, path, log)
	if err != nil {
		return v, err
	}
	return v, db.Close()
}

func migrateURL(ctx context.Context, dsn string, log *slog.Logger) (versions, error) {
	cfg, err := parsePostgres(dsn)
	if err != nil {
		return versions{}, err
	}
	v, err := migratePostgres(ctx, cfg.ConnConfig, log)
	if err != nil {
		return v, plainOpening(err)
	}
	return v, nil
}
