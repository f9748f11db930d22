package store

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/mattn/go-sqlite3"

	"example.com/latchkey/server/internal/auth"
)

// plainSQLite puts the engine's words for an operator's concerns into an operator's, for when a file is opened.
func plainSQLite(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Code == sqlite3.ErrNotADB {
		return errors.New("the file is not an SQLite database")
	}
	if words := trouble(e); words != "" {
		return errors.New(words)
	}
	return err
}

// troubledSQLite turns what may pass, with the file as it is, into auth.ErrUnavailable: what failed has left nothing
// behind, and may be asked for again.
func troubledSQLite(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	if words := trouble(e); words != "" {
		return fmt.Errorf("%w: %s", auth.ErrUnavailable, words)
	}
	return err
}

// trouble says what is wrong around the database, or "" where it is about what was asked of it.
func trouble(e sqlite3.Error) string {
	switch e.Code {
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return "another process keeps the file locked"
	case sqlite3.ErrFull:
		return "the disk is full"
	case sqlite3.ErrReadonly:
		return "the file or its directory cannot be written to"
	case sqlite3.ErrCantOpen:
		return "the file cannot be opened"
	case sqlite3.ErrIoErr:
		if e.SystemErrno == syscall.ENOSPC {
			return "the disk is full"
		}
		return fmt.Sprintf("the disk does not do as it should: %v", e.SystemErrno)
	}
	return ""
}
