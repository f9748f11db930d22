package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/store"
)

// restored is the flags of `latchkey restored`.
type restored struct {
	database
	masterKey
}

// check returns a *usageError for the first value that makes no sense.
func (r *restored) check() error {
	if err := r.database.check(); err != nil {
		return err
	}
	return r.masterKey.check()
}

// afterRestore makes a database that was restored from a backup safe to serve from, and says what it did.
func afterRestore(ctx context.Context, cfg restored, log *slog.Logger, stdout io.Writer) error {
	var made auth.KeyInfo
	var ended int
	err := whenThere(ctx, cfg.database, log, func() error {
		db, err := store.Open(ctx, cfg.DB, log)
		if err != nil {
			return err
		}
		made, ended, err = auth.Restored(ctx, db, cfg.masters)
		return errors.Join(cfg.explain(err), db.Close())
	})
	if err != nil && made.Kid != "" {
		return fmt.Errorf("%w: the keys are replaced, but not all sessions have ended: run it again", err)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, restoredText, ended, made.Kid)
	return err
}

const restoredText = `Live sessions that have ended: %d. Every account holder has to log in again.
All keys are replaced: key %s signs access tokens. Access tokens of before are refused, and no browser is known.
Passwords are those of the copy: one that was changed after the copy was made is the old one again.
Start the servers now. Servers that ran meanwhile refuse the old access tokens within a second.
`
