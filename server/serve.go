package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
	"example.com/latchkey/server/internal/route"
	"example.com/latchkey/server/internal/store"
	"example.com/latchkey/web"
)

// drain is how long running requests may go on after the signal to end.
const drain = 10 * time.Second

// serve wires the parts together and serves until ctx ends.
func serve(ctx context.Context, cfg config, log *slog.Logger, stdout io.Writer) (err error) {
	assets, err := web.New()
	if err != nil {
		return err
	}
	var db *store.Store
	err = whenThere(ctx, cfg.database, log, func() (err error) {
		db, err = store.Open(ctx, cfg.DB, log)
		return err
	})
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // told to end before there was anything to do
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var pair *certificate
	if cfg.TLSCert != "" {
		if pair, err = loadCertificate(cfg.TLSCert, cfg.TLSKey); err != nil {
			return err
		}
	}
	ln, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("--addr: %w", err)
	}
	origin := cfg.origin(ln.Addr())
	users, err := auth.New(ctx, db, auth.Config{
		Issuer: origin, AccessTTL: cfg.AccessTTL, Grace: cfg.Grace, Recovery: cfg.Recovery,
		IdleTTL: cfg.IdleTTL, MaxTTL: cfg.MaxTTL, LoginAttempts: cfg.LoginAttempts, Log: log,
	})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	posts := blog.New(db)
	if cfg.Demo {
		if err := demo(ctx, users, posts, stdout); err != nil {
			return errors.Join(err, ln.Close())
		}
	}
	handler, err := route.Handler(route.Config{
		Auth: users, Blog: posts, Assets: assets, Origin: origin, Grace: cfg.Grace, IdleTTL: cfg.IdleTTL,
		Ready: db.Ping, Log: log,
	})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	fmt.Fprintf(stdout, "Latchkey is at %s\n", origin)
	log.Info("listening", "address", ln.Addr().String()) // which the origin does not tell behind a proxy, nor --addr of port 0
	guarded := route.Listen(ln)
	if pair != nil {
		guarded = route.ListenTLS(ln, pair.config(), origin)
		go pair.reload(ctx, log)
	}
	return listen(ctx, route.Server(handler, log), guarded, users, log)
}

// listen serves on ln, which route has guarded, with the background work beside it, until ctx ends; then it lets running requests end.
func listen(ctx context.Context, srv *http.Server, ln net.Listener, users *auth.Service, log *slog.Logger) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	background := make(chan error, 1)
	go func() { background <- users.Run(work) }()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()

	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		log.Info("ending: waiting for running requests")
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		err = srv.Shutdown(deadline)
		cancel()
		<-served // http.ErrServerClosed, as Shutdown was called
	}
	stop()
	if e := <-background; !errors.Is(e, context.Canceled) {
		err = errors.Join(err, e)
	}
	return err
}
