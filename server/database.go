package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"example.com/latchkey/server/internal/store"
)

// migrate brings the tables up to date and says what it did.
func migrate(ctx context.Context, cfg database, log *slog.Logger, stdout io.Writer) error {
	var from, to int64
	err := whenThere(ctx, cfg, log, func() (err error) {
		from, to, err = store.Migrate(ctx, cfg.DB, log)
		return err
	})
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return errors.New("told to end before the tables were up to date")
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "The tables are at version %d; they were at version %d.\n", to, from)
	return err
}

// whenThere does something with the database once that is there. A name that is none is a *usageError.
func whenThere(ctx context.Context, cfg database, log *slog.Logger, do func() error) error {
	err := store.Await(ctx, cfg.DB, cfg.DBWait, log)
	if err == nil {
		err = do()
	}
	if errors.Is(err, store.ErrName) {
		return usagef("--db: %v", err)
	}
	return err
}
