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
		if v, err = migrateOnce(ctx, p); err == nil || errors.Is(err, errNewer) {
			return v, err
		}
		wait.Reset(migrateWait << try)
	}
	return v, err
}

// errNewer says that a later release has changed the tables.
var errNewer = errors.New("it was made by a later release of this program")

func migrateOnce(ctx context.Context, p *goose.Provider) (versions, error) {
	current, latest, err := p.GetVersions(ctx)
	if err != nil {
		return versions{}, fmt.Errorf("read the version of its tables: %w", err)
	}
	if current > latest {
		return versions{}, errNewer
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
