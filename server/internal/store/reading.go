package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

// OpenToRead opens the database that dsn names as [Open] does, and changes nothing of it: where there is no database,
// or its tables are not those of this release, it fails. The store fails to write.
func OpenToRead(ctx context.Context, dsn string) (*Store, error) {
	if err := checkName(dsn); err != nil {
		return nil, err
	}
	open, plain := fileToRead, plainSQLite
	if isPostgres(dsn) {
		open, plain = urlToRead, plainOpening
	}
	s, err := open(ctx, dsn)
	if err != nil {
		return nil, cannotOpen(dsn, err)
	}
	s.writer = unwritable{}
	got, err := one(ctx, s.reads, scanNumber, `select coalesce(max(version_id), 0) from goose_db_version`)
	if err == nil {
		err = checkVersion(got)
	} else {
		err = fmt.Errorf("read the version of its tables: %w", plain(err))
	}
	if err != nil {
		return nil, errors.Join(cannotOpen(dsn, err), s.Close())
	}
	return s, nil
}

func fileToRead(_ context.Context, path string) (*Store, error) {
	info, err := os.Stat(path)
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return nil, pathErr.Err
	}
	if err == nil && info.IsDir() {
		err = errors.New("it is a directory")
	}
	if err != nil {
		return nil, err
	}
	return readSQLite(path)
}

func urlToRead(ctx context.Context, dsn string) (*Store, error) {
	cfg, err := parsePostgres(dsn)
	if err != nil {
		return nil, err
	}
	preset(cfg.ConnConfig, "default_transaction_read_only", "on")
	return connectPostgres(ctx, cfg, dsn)
}

// checkVersion returns an error where tables of the version are not as the last migration leaves them.
func checkVersion(got int64) error {
	want, err := lastMigration()
	switch {
	case err != nil:
		return err
	case got > want:
		return errNewer
	case got < want:
		return fmt.Errorf("its tables are at version %d, and this program's at %d: run `latchkey migrate`", got, want)
	}
	return nil
}

// lastMigration returns the number of the last file of migrations.
func lastMigration() (last int64, err error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	for _, file := range files {
		number, _, _ := strings.Cut(path.Base(file), "_")
		n, numberErr := strconv.ParseInt(number, 10, 64)
		last, err = max(last, n), errors.Join(err, numberErr)
	}
	return last, err
}

// unwritable is the writer of a store that is open for reading.
type unwritable struct{}

func (unwritable) write(context.Context, func(context.Context, runner) error) error {
	return errors.New("the database is open for reading")
}
