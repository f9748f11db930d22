// Package servertest starts a whole server for a test: the real handler, store and HTTP server on a loopback port, as
// `latchkey serve` wires them, with a database of its own. Call [Start].
package servertest

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
	"example.com/latchkey/server/internal/requestid"
	"example.com/latchkey/server/internal/route"
	"example.com/latchkey/server/internal/store"
	"example.com/latchkey/web"
)

// Options are what a test may set. The zero value is the contract's defaults, without a limit of logins, sign-ups and posts.
type Options struct {
	AccessTTL, Grace, Recovery, IdleTTL, MaxTTL time.Duration
	LoginAttempts, Logins, SignUps, Posts       int
	PostsKept, LoginAttemptsAddress             int
	Proxies                                     []netip.Prefix                  // whose X-Forwarded-For is believed
	Dev                                         bool                            // answer introspection
	DB                                          string                          // a file or a postgres:// URL; "" for a file of the test's own
	Origin                                      string                          // the public one; "" for the server's own address
	Wrap                                        func(http.Handler) http.Handler // around everything, where set
	Brief                                       bool                            // log as `latchkey serve` does, and not every request
}

// Server is a running server.
type Server struct {
	URL   string // where it listens
	DB    string // the file of its database, or its URL
	Auth  *auth.Service
	Blog  *blog.Service
	Store *store.Store

	log    *logBuffer
	broken bool // by Break
}

// Start runs a server until the test ends. The test fails where the server's log then holds an error or a secret.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	o = o.withDefaults(t)
	logs := &logBuffer{}
	level := slog.LevelDebug
	if o.Brief {
		level = slog.LevelInfo
	}
	log := slog.New(requestid.Handler(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: level})))
	db, err := store.Open(t.Context(), o.DB, log)
	must(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_, port, err := net.SplitHostPort(ln.Addr().String())
	must(t, err)
	s := &Server{URL: "http://localhost:" + port, DB: o.DB, Store: db, log: logs}
	origin := cmp.Or(o.Origin, s.URL)
	s.Auth, err = auth.New(t.Context(), db, auth.Config{
		Issuer: origin, AccessTTL: o.AccessTTL, Grace: o.Grace, Recovery: o.Recovery,
		IdleTTL: o.IdleTTL, MaxTTL: o.MaxTTL, LoginAttempts: o.LoginAttempts, LoginAttemptsAddress: o.LoginAttemptsAddress, Logins: o.Logins, SignUps: o.SignUps, Log: log,
	})
	must(t, err)
	s.Blog = blog.New(db, blog.Limits{Rate: s.Auth.Quota("posts", o.Posts, "Those were too many posts."), Most: o.PostsKept})
	assets, err := web.New()
	must(t, err)
	handler, err := route.Handler(route.Config{
		Auth: s.Auth, Blog: s.Blog, Assets: assets, Origin: origin,
		Grace: o.Grace, IdleTTL: o.IdleTTL, Proxies: o.Proxies, Dev: o.Dev, Ready: db.Ping, Log: log,
	})
	must(t, err)
	if o.Wrap != nil {
		handler = o.Wrap(handler)
	}
	s.run(t, route.Server(handler, log), ln, db)
	return s
}

func (o Options) withDefaults(t testing.TB) Options {
	set := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	set(&o.AccessTTL, 5*time.Minute)
	set(&o.Grace, 30*time.Second)
	set(&o.Recovery, 24*time.Hour)
	set(&o.IdleTTL, 720*time.Hour)
	set(&o.MaxTTL, 8760*time.Hour)
	if o.DB == "" {
		o.DB = filepath.Join(t.TempDir(), "latchkey.db")
	}
	return o
}

// run serves until the test ends.
func (s *Server) run(t testing.TB, srv *http.Server, ln net.Listener, db *store.Store) {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Auth.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Error("auth.Run:", err)
		}
	})
	running.Go(func() {
		if err := srv.Serve(route.Listen(ln)); !errors.Is(err, http.ErrServerClosed) {
			t.Error("Serve:", err)
		}
	})
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error("closing the server:", err)
		}
		stop()
		running.Wait()
		if err := db.Close(); err != nil && !s.broken {
			t.Error("closing the store:", err)
		}
		for line := range strings.Lines(s.Log()) {
			if strings.Contains(line, "level=ERROR") && !s.broken {
				t.Error("the server logged an error:", line)
			}
			if secret.MatchString(line) {
				t.Error("the server logged a token:", line)
			}
		}
	})
}

// secret matches an access token and a refresh token.
var secret = regexp.MustCompile(`eyJ[\w-]{20,}\.|[\w-]{56}\.[\w-]{43}`)

// Troubled says that from now on the server may log errors: its database is in trouble.
func (s *Server) Troubled() { s.broken = true }

// Break closes the database under the running server. From then on it may log errors.
func (s *Server) Break(t testing.TB) {
	t.Helper()
	s.Troubled()
	must(t, s.Store.Close())
}

// Log returns all that the server has logged.
func (s *Server) Log() string { return s.log.String() }

type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
