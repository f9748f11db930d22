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

// migrate brings the tables up to date, under a lock where the engine has one. Without it, processes that start at the
// same moment stand in each other's way: whoever loses finds the work done at another try.
func migrate(ctx context.Context, db *sql.DB, d dialect, log *slog.Logger) (err error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(d.goose, db, files, goose.WithDisableGlobalRegistry(true), goose.WithSlog(log))
	if err != nil {
		return err
	}
	unlock, err := d.lockMigrations(ctx, db)
	if err != nil {
		return fmt.Errorf("wait for its migration: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	wait := time.NewTimer(0)
	defer wait.Stop()
	for try := range d.migrateTries {
		select {
		case <-wait.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err = migrateOnce(ctx, p); err == nil || errors.Is(err, errNewer) {
			return err
		}
		wait.Reset(migrateWait << try)
	}
	return err
}

// errNewer says that a later release has changed the tables.
var errNewer = errors.New("it was made by a later release of this program")

func migrateOnce(ctx context.Context, p *goose.Provider) error {
	current, latest, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the version of its tables: %w", err)
	}
	if current > latest {
		return errNewer
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring its tables up to date: %w", err)
	}
	return nil
}
