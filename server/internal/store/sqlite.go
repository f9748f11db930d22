package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/mattn/go-sqlite3" // registers the driver "sqlite3"

	"example.com/latchkey/server/internal/secretfile"
)

// Every connection waits so long for a lock of another process, checks foreign keys, writes so that a commit survives a
// loss of power, and overwrites what it deletes.
const sqliteOptions = "_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_foreign_keys=1&_secure_delete=on"

// checkpointAfter is how many pages of 4 KiB the write-ahead log has before they are brought into the file. SQLite's own
// 1,000 are there several times in a second of load, and whoever commits then waits for two more writes to the disk.
const checkpointAfter = 4000

func openSQLite(ctx context.Context, path string, log *slog.Logger) (*Store, error) {
	db, _, err := migrateSQLite(ctx, path, log)
	if err != nil {
		return nil, err
	}
	// It stays open until then: closing the last connection to a file locks out others who open it meanwhile.
	conn, err := openDirect(sqliteURI(path))
	if err != nil {
		return nil, errors.Join(plainSQLite(err), db.Close())
	}
	if err := db.Close(); err != nil {
		return nil, errors.Join(err, conn.close())
	}
	if _, err := conn.ExecContext(ctx, fmt.Sprint("pragma wal_autocheckpoint = ", checkpointAfter)); err != nil {
		return nil, errors.Join(plainSQLite(err), conn.close())
	}
	s, err := readSQLite(path)
	if err != nil {
		return nil, errors.Join(err, conn.close())
	}
	w := newGroupWriter(conn)
	s.scrubber = &scrubber{path: path, log: log}
	s.writer, s.closers = w, append([]func() error{w.close}, s.closers...)
	return s, nil
}

// readSQLite opens a file that is there, for reading.
func readSQLite(path string) (*Store, error) {
	pool, err := sql.Open("sqlite3", sqliteURI(path)+"&_query_only=1")
	if err != nil {
		return nil, err
	}
	readers := max(4, runtime.GOMAXPROCS(0))
	pool.SetMaxOpenConns(readers)
	pool.SetMaxIdleConns(readers)
	reads := newPrepared(pool)
	return &Store{dialect: sqlite, reads: reads, atOnce: atOnce, closers: []func() error{reads.close, pool.Close}}, nil
}

// sqliteURI is a path with options: as a URI, it may hold any character.
func sqliteURI(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + sqliteOptions
}

// migrateSQLite opens the file for writing, creates it where there is none, and migrates.
func migrateSQLite(ctx context.Context, path string, log *slog.Logger) (*sql.DB, versions, error) {
	if err := createPrivate(path); err != nil {
		return nil, versions{}, err
	}
	if err := closeFiles(path, log); err != nil {
		return nil, versions{}, err
	}
	writes, err := sql.Open("sqlite3", sqliteURI(path)+"&_txlock=immediate")
	if err != nil {
		return nil, versions{}, err
	}
	if err := connect(ctx, writes); err != nil {
		return nil, versions{}, errors.Join(plainSQLite(err), writes.Close())
	}
	v, err := migrate(ctx, writes, sqlite, log)
	if err != nil {
		return nil, v, errors.Join(plainSQLite(err), writes.Close())
	}
	return writes, v, nil
}

// connect makes the first connection. Several processes that do so with a new file at once stand in each other's way
// while it becomes one with a write-ahead log: for that SQLite waits for nobody, whatever the timeout.
func connect(ctx context.Context, db *sql.DB) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		err := db.PingContext(ctx)
		var e sqlite3.Error
		if !errors.As(err, &e) || e.Code != sqlite3.ErrBusy {
			return err
		}
		select {
		case <-again.C:
		case <-late.C:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// closeFiles makes sure that others can read neither the file nor its companions, which SQLite makes with its mode.
func closeFiles(path string, log *slog.Logger) error {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved // its companions are beside it
	}
	for _, companion := range []string{"", "-wal", "-shm", "-journal"} {
		if err := secretfile.Mend(path+companion, log); err != nil {
			return err
		}
	}
	return nil
}

// createPrivate creates the file, empty, where there is none: SQLite would let every account of the machine read it.
// Its companion files take over its mode.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // #nosec G304 -- the operator names it
	if err == nil {
		return f.Close()
	}
	if _, dirErr := os.Stat(filepath.Dir(path)); errors.Is(dirErr, fs.ErrNotExist) {
		return fmt.Errorf("the directory %q does not exist", filepath.Dir(path))
	}
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		return errors.New("it is a directory")
	}
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
