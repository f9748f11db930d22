package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"example.com/latchkey/server/internal/route"
)

// sockets are where the server listens.
type sockets struct {
	app      net.Listener
	origin   string       // the public one of app
	certs    certificates // nil: without TLS
	admin    net.Listener // nil: there is none
	insecure net.Listener // nil: there is none
}

func openSockets(cfg config, log *slog.Logger) (s sockets, err error) {
	if s.certs, err = cfg.certificates(log); err != nil {
		return s, err
	}
	for _, l := range []struct {
		flag, addr string
		at         *net.Listener
	}{
		{"--addr", cfg.Addr, &s.app}, {"--admin-addr", cfg.AdminAddr, &s.admin}, {"--http-addr", cfg.HTTPAddr, &s.insecure},
	} {
		if l.addr == "" {
			continue
		}
		if *l.at, err = net.Listen("tcp", l.addr); err != nil {
			return s, errors.Join(fmt.Errorf("%s: %w", l.flag, err), s.close())
		}
	}
	s.origin = cfg.origin(s.app.Addr())
	if err := s.bound(cfg, log); err != nil {
		return s, errors.Join(err, s.close())
	}
	return s, nil
}

// bound bounds the connections of the listeners. Operators have their own, so that they can look at a server that is full.
func (s *sockets) bound(cfg config, log *slog.Logger) error {
	limit, err := connectionLimit(cfg.Connections, openFiles())
	if err != nil {
		return err
	}
	proxies, err := cfg.proxies()
	if err != nil {
		return err
	}
	visitors := route.NewConnections(limit, proxies, "where the network is a proxy of yours, name it in --trusted-proxies; "+
		"else raise --connections, and the limit of open files (ulimit -n)", log)
	s.app = visitors.Bound(s.app)
	if s.insecure != nil {
		s.insecure = visitors.Bound(s.insecure)
	}
	if s.admin != nil {
		s.admin = route.NewConnections(adminConnections, nil, "only operators may reach --admin-addr", log).Bound(s.admin)
	}
	return nil
}

func (s sockets) close() (err error) {
	for _, l := range []net.Listener{s.app, s.admin, s.insecure} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return err
}

// sendOn answers what comes in the clear until ctx ends.
func (s sockets) sendOn(ctx context.Context, log *slog.Logger) error {
	var challenges func(http.Handler) http.Handler
	if s.certs != nil {
		challenges = s.certs.challenges
	}
	srv := route.Server(route.Insecure(s.origin, challenges), log)
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() }) // nothing that it answers is waited for
	defer stop()
	if err := srv.Serve(route.Listen(s.insecure)); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
