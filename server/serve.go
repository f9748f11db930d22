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

// serve opens the database and the sockets that the flags name, wires the parts together and serves until ctx ends.
func serve(ctx context.Context, cfg config, log *slog.Logger, stdout io.Writer) (err error) {
	breached, err := openBreached(cfg.BreachedFile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, breached.close()) }()
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
	at, err := openSockets(cfg, log)
	if err != nil {
		return err
	}
	figures := newFigures()
	users, handler, err := wire(ctx, cfg, db, breached.list, at.origin, figures, log, stdout)
	if err != nil {
		return errors.Join(err, at.close())
	}
	fmt.Fprintf(stdout, "Latchkey is at %s\n", at.origin)
	log.Info("listening", "address", at.app.Addr().String()) // which the origin does not tell behind a proxy, nor --addr of port 0
	beside := []func(context.Context) error{users.Run}
	if at.admin != nil {
		log.Info("listening for operators", "address", at.admin.Addr().String())
		beside = append(beside, func(ctx context.Context) error { return serveAdmin(ctx, at.admin, figures.registry, log) })
	}
	guarded := route.Listen(at.app)
	if at.certs != nil {
		guarded = route.ListenTLS(at.app, at.certs.config(), at.origin, log)
		beside = append(beside, at.certs.run)
	}
	if at.insecure != nil {
		log.Info("listening in the clear", "address", at.insecure.Addr().String())
		beside = append(beside, func(ctx context.Context) error { return at.sendOn(ctx, log) })
	}
	return listen(ctx, route.Server(handler, log), guarded, log, beside...)
}

// wire makes the application on the database, with the demo account where it is asked for.
func wire(ctx context.Context, cfg config, db *store.Store, breached auth.PasswordList, origin string, meter auth.Meter, log *slog.Logger, stdout io.Writer) (*auth.Service, http.Handler, error) {
	proxies, err := cfg.proxies()
	if err != nil {
		return nil, nil, err
	}
	assets, err := web.New()
	if err != nil {
		return nil, nil, err
	}
	users, err := auth.New(ctx, db, auth.Config{
		Issuer: origin, AccessTTL: cfg.AccessTTL, Grace: cfg.Grace, Recovery: cfg.Recovery,
		IdleTTL: cfg.IdleTTL, MaxTTL: cfg.MaxTTL, LoginAttempts: cfg.LoginAttempts, LoginAttemptsAddress: cfg.LoginAttemptsAddress, Logins: cfg.Logins, SignUps: cfg.SignUps,
		AuditKeep: cfg.AuditKeep, KeyMaxAge: cfg.KeyMaxAge, MasterKeys: cfg.masters, Breached: breached, Meter: meter, Log: log,
	})
	if err != nil {
		return nil, nil, cfg.explain(err)
	}
	posts := blog.New(db, blog.Limits{Most: cfg.PostsKept,
		Rate: users.Quota("posts", cfg.Posts, "You have published very much in the last hour. Please wait, then try again.")})
	if cfg.Demo {
		if err := demo(ctx, users, blog.New(db, blog.Limits{}), stdout); err != nil {
			return nil, nil, err
		}
	}
	handler, err := route.Handler(route.Config{
		Auth: users, Blog: posts, Assets: assets, Origin: origin, Grace: cfg.Grace, IdleTTL: cfg.IdleTTL,
		Proxies: proxies, Dev: cfg.Dev, Ready: db.Ping, Log: log,
	})
	return users, handler, err
}

// listen serves on ln, which route has guarded, until ctx ends; then it lets running requests end. What is done beside
// it goes on until they have ended, and ends the serving where it fails.
func listen(ctx context.Context, srv *http.Server, ln net.Listener, log *slog.Logger, beside ...func(context.Context) error) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	failed := make(chan error, len(beside))
	for _, do := range beside {
		go func() { failed <- do(work) }()
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()

	var err error
	left := len(beside)
	select {
	case err = <-served:
	case err = <-failed:
		left--
		err = errors.Join(err, srv.Close())
		<-served
	case <-ctx.Done():
		log.Info("ending: waiting for running requests")
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		if err = srv.Shutdown(deadline); errors.Is(err, context.DeadlineExceeded) {
			log.Warn("requests were still running and are cut off", "after", drain)
			err = srv.Close()
		}
		cancel()
		<-served // http.ErrServerClosed, as Shutdown was called
	}
	stop()
	for ; left > 0; left-- {
		if e := <-failed; !errors.Is(e, context.Canceled) {
			err = errors.Join(err, e)
		}
	}
	return err
}
