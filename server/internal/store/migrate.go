package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

const migrateWait = 50 * time.Millisecond // doubled after each try

// versions are the tables' before and after a migration: the number of the last file applied, 0 for none.
type versions struct{ from, to int64 }

// migrate brings the tables up to date, under a lock where the engine has one. Without it, processes that start at the
// same moment stand in each other's way: whoever loses finds the work done at another try.
func migrate(ctx context.Context, db *sql.DB, d dialect, log *slog.Logger) (v versions, err error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return v, err
	}
	p, err := goose.NewProvider(d.goose, db, files, goose.WithDisableGlobalRegistry(true), goose.WithSlog(log))
	if err != nil {
		return v, err
	}
	unlock, err := d.lockMigrations(ctx, db)
	if err != nil {
		return v, fmt.Errorf("wait for its migration: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	wait := time.NewTimer(0)
	defer wait.Stop()
	for try := range d.migrateTries {
		select {
		case <-wait.C:
		case <-ctx.Done():
			return v, ctx.Err()
		}
		if v, err = migrateOnce(ctx, db, d, p); err == nil || errors.Is(err, errNewer) {
			return v, err
		}
		wait.Reset(migrateWait << try)
	}
	return v, err
}

// errNewer says that a later release has changed the tables.
var errNewer = errors.New("it was made by a later release of this program")

func migrateOnce(ctx context.Context, db *sql.DB, d dialect, p *goose.Provider) (versions, error) {
	current, latest, err := p.GetVersions(ctx)
	if err != nil {
		return versions{}, fmt.Errorf("read the version of its tables: %w", err)
	}
	if current > latest {
		return versions{}, errNewer
	}
	if err := d.recordOnce(ctx, db); err != nil {
		return versions{}, fmt.Errorf("prepare the record of its migrations: %w", err)
	}
	applied, err := p.Up(ctx)
	if err != nil {
		return versions{}, fmt.Errorf("bring its tables up to date: %w", err)
	}
	if len(applied) == 0 {
		current = latest // another process did it in between
	}
	return versions{from: current, to: latest}, nil
}

// recordSQLiteOnce gives the table of versions a unique index. Goose lists what is to be done outside of the transactions
// that do it. Without the index a process that has waited for another would carry out the same migration once more, and
// one that drops tables would drop those of later versions.
func recordSQLiteOnce(ctx context.Context, db *sql.DB) error {
	const index = "goose_db_version_once"
	var found int
	if err := db.QueryRowContext(ctx, `select count(*) from sqlite_schema where name = $1`, index).Scan(&found); err != nil || found > 0 {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	for _, statement := range []string{
		`delete from goose_db_version where id not in (select min(id) from goose_db_version group by version_id)`,
		`create unique index if not exists ` + index + ` on goose_db_version (version_id)`,
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}
