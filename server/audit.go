package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/store"
)

// audit is the flags of `latchkey audit`.
type audit struct {
	database
	User  string        `placeholder:"EMAIL" help:"Only what is about the account with this email address."`
	Since time.Duration `placeholder:"DURATION" help:"Only what happened in the last so many hours or minutes, as 24h; 0: all that is kept."`
	Kind  string        `placeholder:"KIND" help:"Only events of this kind, as LOGIN_FAILED."`
	JSON  bool          `name:"json" help:"One JSON object per line."`
}

// check returns a *usageError for the first value that makes no sense.
func (a *audit) check() error {
	if err := a.database.check(); err != nil {
		return err
	}
	if a.Kind != "" && !slices.Contains(auth.EventKinds(), auth.EventKind(a.Kind)) {
		return usagef("--kind=%q: there are %s", a.Kind, strings.Join(texts(auth.EventKinds()), ", "))
	}
	return wholeSeconds("since", a.Since, true)
}

func texts(kinds []auth.EventKind) []string {
	list := make([]string, len(kinds))
	for i, k := range kinds {
		list[i] = string(k)
	}
	return list
}

// showAudit writes the audit record, oldest entry first, as it comes from the database.
func showAudit(ctx context.Context, cfg audit, log *slog.Logger, stdout io.Writer) (err error) {
	var db *store.Store
	err = whenThere(ctx, cfg.database, log, func() (err error) {
		db, err = store.OpenToRead(ctx, cfg.DB)
		return err
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	filter := auth.AuditFilter{Kind: auth.EventKind(cfg.Kind), Since: cfg.Since}
	if cfg.User != "" {
		a, err := accountOf(ctx, db, cfg.User)
		if err != nil {
			return err
		}
		filter.UserID = a.ID
	}
	write := asTable(stdout)
	if cfg.JSON {
		write = asJSON(stdout)
	}
	return db.Audit(ctx, filter, write)
}

// asTable returns what writes entries in columns. The user agent comes last: it is a stranger's text.
func asTable(w io.Writer) func(auth.Event) error {
	const row = "%-20s  %-22s  %-19s  %5v  %-28s  %-15s  %-36s  %s\n"
	begun := false
	return func(e auth.Event) error {
		if !begun {
			begun = true
			if _, err := fmt.Fprintf(w, row, "AT", "KIND", "REASON", "TIMES", "USER", "ADDRESS", "SESSION", "USER AGENT"); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(w, row, e.At.Format(time.RFC3339), e.Kind, dash(string(e.Reason)), e.Times, dash(printable(userOf(e))),
			dash(printable(e.IP)), dash(e.SessionID), printable(e.UserAgent))
		return err
	}
}

// userOf is how a person knows an account, or its id where it is gone.
func userOf(e auth.Event) string {
	if e.Email != "" {
		return e.Email
	}
	return e.UserID
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// printable is a text without what a terminal acts on or a reader does not see, such as a change of direction.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// entry is an entry of the audit record as JSON.
type entry struct {
	ID        string         `json:"id"`
	At        time.Time      `json:"at"`
	LastAt    time.Time      `json:"lastAt"`
	Count     int            `json:"count"`
	Kind      auth.EventKind `json:"kind"`
	Reason    auth.Reason    `json:"reason,omitempty"`
	User      string         `json:"user,omitempty"`
	Email     string         `json:"email,omitempty"`
	Session   string         `json:"session,omitempty"`
	BySession string         `json:"bySession,omitempty"`
	Token     string         `json:"token,omitempty"` // its name, which is no secret: <session>/<generation>
	Key       string         `json:"key,omitempty"`
	IP        string         `json:"ip,omitempty"`
	UserAgent string         `json:"userAgent,omitempty"`
}

func asJSON(w io.Writer) func(auth.Event) error {
	enc := json.NewEncoder(w)
	return func(e auth.Event) error {
		return enc.Encode(entry{e.ID, e.At, e.Last, e.Times, e.Kind, e.Reason, e.UserID, e.Email, e.SessionID, e.BySession,
			e.TokenID, e.KeyID, e.IP, e.UserAgent})
	}
}
