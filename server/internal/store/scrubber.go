package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/mattn/go-sqlite3"
)

// scrubber takes what was deleted out of the files of an SQLite database. Deleted content is overwritten with zeros
// (secure_delete), which happens in the write-ahead log at first: the database file has the old content until the next
// checkpoint, and the log has it until it is overwritten. A truncating checkpoint brings the zeros into the file and
// empties the log. It cannot clean what the file system, its snapshots and backups keep.
type scrubber struct {
	path string
	log  *slog.Logger
	due  atomic.Bool
	mu   sync.Mutex // held while a checkpoint runs
}

// scrubWait is how many milliseconds a checkpoint waits for readers, and keeps writers waiting.
const scrubWait = "1000"

// errReaders says that readers of the database keep the log from being emptied.
var errReaders = errors.New("a reader holds on to the write-ahead log")

// scrub empties the log. Where that fails it is due until retry succeeds.
func (s *scrubber) scrub() {
	s.due.Store(true)
	s.retry()
}

// retry does what is due.
func (s *scrubber) retry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.due.Load() {
		return
	}
	if err := s.checkpoint(); err != nil {
		s.log.Warn("the write-ahead log may still hold keys that were dropped: trying again in a minute", "database", s.path, "error", err)
		return
	}
	s.due.Store(false)
}

// checkpoint runs on a connection of its own, for the one that writes is in a transaction most of the time.
func (s *scrubber) checkpoint() (err error) {
	conn, err := (&sqlite3.SQLiteDriver{}).Open(sqliteURI(s.path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	c := conn.(*sqlite3.SQLiteConn)
	if _, err := c.Exec("pragma busy_timeout = "+scrubWait, nil); err != nil {
		return err
	}
	found, err := c.QueryContext(context.Background(), "pragma wal_checkpoint(truncate)", nil)
	if err != nil {
		return err
	}
	row := make([]driver.Value, len(found.Columns()))
	if err := errors.Join(found.Next(row), found.Close()); err != nil {
		return err
	}
	if busy, ok := row[0].(int64); !ok || busy != 0 {
		return errReaders
	}
	return nil
}
