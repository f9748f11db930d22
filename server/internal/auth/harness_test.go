package auth_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/store"
)

const (
	email    = "ada@example.com"
	password = "correct horse battery"
)

// standard is the contract's configuration.
var standard = auth.Config{
	Issuer: "https://app.example", AccessTTL: 5 * time.Minute, Grace: grace, Recovery: recovery,
	IdleTTL: idle, MaxTTL: maxAge, LoginAttempts: 10, LoginAttemptsAddress: 200,
}

// world is a server's domain on a database of its own, in a bubble where time passes at once.
type world struct {
	*auth.Service
	t     *testing.T
	ctx   context.Context
	path  string
	store *store.Store
	log   *bytes.Buffer
	raw   *sql.DB // a look past the Service
}

// inBubble runs test on a new world. Nothing runs in the background: Authenticate asks the store.
func inBubble(t *testing.T, cfg auth.Config, test func(*testing.T, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t, cfg)) })
}

func newWorld(t testing.TB, cfg auth.Config) *world {
	t.Helper()
	w := &world{ctx: context.Background(), path: filepath.Join(t.TempDir(), "latchkey.db"), log: &bytes.Buffer{}}
	w.t, _ = t.(*testing.T)
	w.store, w.Service = open(t, w.path, cfg, w.log)
	var err error
	if w.raw, err = sql.Open("sqlite3", "file:"+w.path+"?_busy_timeout=5000"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.raw.Close() })
	return w
}

// open opens a service on the database, as another process would.
func open(t testing.TB, path string, cfg auth.Config, log *bytes.Buffer) (*store.Store, *auth.Service) {
	t.Helper()
	ctx := context.Background()
	st, err := store.Open(ctx, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg.Log = slog.New(slog.NewTextHandler(log, nil))
	s, err := auth.New(ctx, st, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetPasswordCost(64, 1); err != nil {
		t.Fatal(err)
	}
	return st, s
}

// signUp makes the account that most tests are about.
func (w *world) signUp() auth.Grant {
	w.t.Helper()
	g, err := w.SignUp(w.ctx, email, password, "Ada", from())
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

// prune is a whole round of pruning.
func (w *world) prune(r auth.Retention) {
	w.t.Helper()
	for at := (auth.PruneCursor{}); ; {
		var err error
		if at, _, err = w.store.Prune(w.ctx, r, at, 100); err != nil {
			w.t.Fatal(err)
		}
		if at == (auth.PruneCursor{}) {
			return
		}
	}
}

// from is a visitor with these tokens.
func from(tokens ...string) auth.Visitor {
	return auth.Visitor{Tokens: tokens, UserAgent: "Test/1.0", IP: "192.0.2.7"}
}

// refreshed presents a token that must be answered.
func (w *world) refreshed(token string, o auth.RefreshOptions) auth.Grant {
	w.t.Helper()
	g, err := w.Refresh(w.ctx, from(token), o)
	if err != nil {
		w.t.Fatalf("refresh: %v (%v)", err, errors.Unwrap(err))
	}
	return g
}

// refused presents a token that must be refused with the reason.
func (w *world) refused(token string, o auth.RefreshOptions, want auth.Reason) {
	w.t.Helper()
	_, err := w.Refresh(w.ctx, from(token), o)
	wantError(w.t, err, auth.CodeUnauthenticated, want)
}

// used uses an access token as its holder does.
func (w *world) used(g auth.Grant) auth.Identity {
	w.t.Helper()
	id, err := w.Authenticate(w.ctx, g.AccessToken, true)
	if err != nil {
		w.t.Fatalf("authenticate: %v", err)
	}
	return id
}

func wantError(t *testing.T, err error, code auth.Code, reason auth.Reason) *auth.Error {
	t.Helper()
	var e *auth.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want %s %s", err, code, reason)
	}
	if e.Code != code || e.Reason != reason {
		t.Fatalf("error %s %s (%v), want %s %s", e.Code, e.Reason, e.Err, code, reason)
	}
	return e
}

// count runs a query for one number.
func (w *world) count(query string, args ...any) int {
	w.t.Helper()
	var n int
	if err := w.raw.QueryRow(query, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// clean fails where a token's secret or a password stands in the log.
func (w *world) clean(secrets ...string) {
	w.t.Helper()
	for _, s := range secrets {
		_, secret, _ := strings.Cut(s, ".")
		if secret != "" && strings.Contains(w.log.String(), secret) || strings.Contains(w.log.String(), s) {
			w.t.Errorf("the log holds a secret:\n%s", w.log)
		}
	}
}
