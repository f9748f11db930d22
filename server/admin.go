package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"example.com/latchkey/server/internal/route"
)

// longestProfile is how long a profile or a trace may be taken, and its answer last.
const longestProfile = 10 * time.Minute

// serveAdmin answers operators on ln until ctx ends: figures for Prometheus and profiles of the process. It has no
// authentication, so only operators may reach the address. Neither holds a token, nor the command line, in which a
// database's password may stand.
func serveAdmin(ctx context.Context, ln net.Listener, figures prometheus.Gatherer, log *slog.Logger) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(figures, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelError)}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", http.NotFound)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	srv := route.Server(mux, log)
	srv.WriteTimeout = longestProfile
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() }) // a profile that is being taken is not waited for
	defer stop()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
