package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/store"
)

// rotateKeys is the flags of `latchkey keys rotate`.
type rotateKeys struct {
	database
	masterKey
	Now bool `env:"-" help:"The keys may have been stolen: replace all of them at once. Access tokens that they signed are refused. Sessions live on."`
}

// check returns a *usageError for the first value that makes no sense.
func (r *rotateKeys) check() error {
	if err := r.database.check(); err != nil {
		return err
	}
	return r.masterKey.check()
}

// listKeys prints a line for each signing key.
func listKeys(ctx context.Context, cfg database, log *slog.Logger, stdout io.Writer) error {
	var keys []auth.KeyInfo
	err := whenThere(ctx, cfg, log, func() error {
		db, err := store.OpenToRead(ctx, cfg.DB)
		if err != nil {
			return err
		}
		keys, err = auth.ListKeys(ctx, db)
		return errors.Join(err, db.Close())
	})
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		_, err := fmt.Fprintln(stdout, "There are no keys yet: the first server makes one when it starts.")
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KID\tSTATE\tCREATED\tSIGNS FROM\tSIGNS UNTIL\tVERIFIES UNTIL\tENCRYPTED") // an error comes with Flush
	for _, k := range keys {
		encrypted := "no"
		if k.Encrypted {
			encrypted = "yes"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", dash(k.Kid), k.State, moment(k.CreatedAt),
			moment(k.SignsFrom), moment(k.SignsUntil), moment(k.GoneAt), encrypted)
	}
	return w.Flush()
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// rotate makes a new signing key and says what becomes of it.
func rotate(ctx context.Context, cfg rotateKeys, log *slog.Logger, stdout io.Writer) error {
	change, said := auth.RotateKeys, "Key %s is published now and signs from %s on. Tokens of the key before it stay valid.\n"
	if cfg.Now {
		change, said = auth.ReplaceKeys, "Key %s signs from %s on. All other keys are dropped. Servers refuse their tokens within "+
			"a second,\nand clients get new access tokens by themselves. Services that keep the published keys may take up to 5 minutes.\n"
	}
	var made auth.KeyInfo
	err := whenThere(ctx, cfg.database, log, func() error {
		db, err := store.Open(ctx, cfg.DB, log)
		if err != nil {
			return err
		}
		made, err = change(ctx, db, cfg.masters)
		return errors.Join(cfg.explain(err), db.Close())
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, said, made.Kid, moment(made.SignsFrom))
	return err
}
