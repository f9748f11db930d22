package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/store"
)

// liveSessions is the flags of `latchkey sessions`.
type liveSessions struct {
	database
	User string `placeholder:"EMAIL" help:"Only those of the account with this email address."`
	Last int    `default:"1000" placeholder:"N" help:"At most the N that were used last."`
	JSON bool   `name:"json" help:"One JSON object per line."`
}

// check returns a *usageError for the first value that makes no sense.
func (l *liveSessions) check() error {
	if l.Last < 1 {
		return usagef("--last=%d: give how many sessions to list, 1 or more", l.Last)
	}
	return l.database.check()
}

// endSessions is the flags of `latchkey sessions end`. Whose sessions end is said on the command line alone.
type endSessions struct {
	database
	User    string `env:"-" placeholder:"EMAIL" help:"All sessions of the account with this email address."`
	Session string `env:"-" placeholder:"ID" help:"The one with this id."`
	All     bool   `env:"-" help:"The sessions of all accounts: everybody has to log in again."`
}

// check returns a *usageError for the first value that makes no sense.
func (e *endSessions) check() error {
	given := 0
	for _, is := range []bool{e.User != "", e.Session != "", e.All} {
		if is {
			given++
		}
	}
	if given != 1 {
		return usagef("say which sessions are to end by one of --user, --session and --all")
	}
	if id, err := uuid.Parse(e.Session); e.Session != "" && (err != nil || id.String() != e.Session) {
		return usagef("--session=%q: give the id of a session, as `latchkey sessions` lists it", e.Session)
	}
	return e.database.check()
}

// accountOf returns the account that --user names.
func accountOf(ctx context.Context, db *store.Store, email string) (auth.Account, error) {
	a, err := db.AccountByEmail(ctx, strings.ToLower(strings.TrimSpace(email)))
	if errors.Is(err, auth.ErrNotFound) {
		return a, fmt.Errorf("--user: there is no account with the email address %q", email)
	}
	return a, err
}

// listSessions prints a line for each live session, the one that was used last at the end.
func listSessions(ctx context.Context, cfg liveSessions, log *slog.Logger, stdout io.Writer) error {
	var list []auth.AccountSession
	err := whenThere(ctx, cfg.database, log, func() error {
		db, err := store.OpenToRead(ctx, cfg.DB)
		if err != nil {
			return err
		}
		list, err = lastUsed(ctx, db, cfg)
		return errors.Join(err, db.Close())
	})
	if err != nil {
		return err
	}
	if len(list) > cfg.Last {
		list = list[1:]
		log.Warn("more sessions are live than --last lets list", "listed", len(list))
	}
	if cfg.JSON {
		return sessionsAsJSON(stdout, list)
	}
	return sessionsAsTable(stdout, list)
}

// lastUsed returns the sessions to list, and one more where there are more.
func lastUsed(ctx context.Context, db *store.Store, cfg liveSessions) ([]auth.AccountSession, error) {
	userID := ""
	if cfg.User != "" {
		a, err := accountOf(ctx, db, cfg.User)
		if err != nil {
			return nil, err
		}
		userID = a.ID
	}
	return db.LiveSessions(ctx, userID, cfg.Last+1)
}

// sessionsAsTable writes the user agent last: it is a stranger's text.
func sessionsAsTable(stdout io.Writer, list []auth.AccountSession) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(stdout, "There are no live sessions.")
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "USER\tSESSION\tSINCE\tLAST USED\tADDRESS\tUSER AGENT") // an error comes with Flush
	for _, x := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", printable(x.Email), x.ID, moment(x.CreatedAt), moment(x.LastUsedAt),
			dash(printable(x.IP)), dash(printable(x.UserAgent)))
	}
	return w.Flush()
}

// liveSession is a session as JSON.
type liveSession struct {
	Session    string    `json:"session"`
	User       string    `json:"user"`
	Email      string    `json:"email"`
	CreatedAt  time.Time `json:"createdAt"`
	LastUsedAt time.Time `json:"lastUsedAt"`
	ExpiresAt  time.Time `json:"expiresAt"`
	IP         string    `json:"ip,omitempty"`
	UserAgent  string    `json:"userAgent,omitempty"`
}

func sessionsAsJSON(stdout io.Writer, list []auth.AccountSession) error {
	enc := json.NewEncoder(stdout)
	for _, x := range list {
		if err := enc.Encode(liveSession{x.ID, x.UserID, x.Email, x.CreatedAt, x.LastUsedAt, x.ExpiresAt, x.IP, x.UserAgent}); err != nil {
			return err
		}
	}
	return nil
}

// end ends sessions and says how many of them were live.
func end(ctx context.Context, cfg endSessions, log *slog.Logger, stdout io.Writer) error {
	var ended int
	err := whenThere(ctx, cfg.database, log, func() error {
		db, err := store.Open(ctx, cfg.DB, log)
		if err != nil {
			return err
		}
		ended, err = endChosen(ctx, db, cfg)
		return errors.Join(err, db.Close())
	})
	switch {
	case err != nil && ended > 0:
		return fmt.Errorf("%w: %d sessions have ended, and others have not: run it again", err, ended)
	case err != nil:
		return err
	case ended == 0 && cfg.Session != "":
		return fmt.Errorf("--session: there is no live session with the id %s", cfg.Session)
	}
	_, err = fmt.Fprintf(stdout, "Live sessions that have ended: %d. Servers refuse their access tokens within a second.\n", ended)
	return err
}

func endChosen(ctx context.Context, db *store.Store, cfg endSessions) (int, error) {
	sel := auth.Selection{SessionID: cfg.Session}
	if cfg.User != "" {
		a, err := accountOf(ctx, db, cfg.User)
		if err != nil {
			return 0, err
		}
		sel.UserID = a.ID
	}
	return auth.EndByOperator(ctx, db, sel)
}
