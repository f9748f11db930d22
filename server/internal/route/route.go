package route

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/gorilla/mux"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/inflight"
	"example.com/latchkey/server/internal/page"
	"example.com/latchkey/server/internal/refusal"
	"example.com/latchkey/shared/screen"
	"example.com/latchkey/web"
)

// Config is what the routes lead to.
type Config struct {
	Auth    *auth.Service
	Blog    *blog.Service
	Assets  *web.Assets
	Origin  string                          // the public origin, as "https://app.example"
	Grace   time.Duration                   // of superseded refresh tokens
	IdleTTL time.Duration                   // the refresh cookie's Max-Age
	Proxies []netip.Prefix                  // whose X-Forwarded-For is believed
	Dev     bool                            // answer introspection
	Ready   func(ctx context.Context) error // whether the database answers
	Log     *slog.Logger
}

// Handler returns the whole server as one handler. It fails where the origin is none.
func Handler(cfg Config) (http.Handler, error) {
	refused := refusal.New(cfg.Log)
	api := graph.New(graph.Config{Auth: cfg.Auth, Blog: cfg.Blog, IdleTTL: cfg.IdleTTL, Dev: cfg.Dev, Log: cfg.Log, Refused: refused})
	pages := page.New(page.Config{
		API: graph.Rendering(api), Endpoint: cfg.Origin + "/graphql",
		Policy: pagePolicy, Grace: cfg.Grace, Assets: cfg.Assets, Log: cfg.Log,
	})
	r := mux.NewRouter()
	r.Handle("/graphql", api) // answers other methods than POST itself, as GraphQL
	for _, path := range screen.Paths() {
		r.Handle(path, pages).Methods(http.MethodGet, http.MethodHead, http.MethodPost)
	}
	read := []string{http.MethodGet, http.MethodHead}
	r.Handle(web.WorkerPath, workerOnly(cfg.Assets)).Methods(read...)
	r.PathPrefix(web.Prefix).Handler(cfg.Assets).Methods(read...)
	r.Handle("/.well-known/jwks.json", keys(cfg.Auth)).Methods(read...)
	r.HandleFunc("/healthz", healthy).Methods(read...)
	r.Handle("/readyz", ready(cfg.Ready, cfg.Log)).Methods(read...)
	r.NotFoundHandler = http.HandlerFunc(notFound)
	r.MethodNotAllowedHandler = http.HandlerFunc(methodNotAllowed)

	sameSite, err := crossSite(cfg.Origin)
	if err != nil {
		return nil, err
	}
	guarded := noServiceWorker(sameSite.Handler(plainBodies(r)))
	bounded := notAllAtOnce(inflight.New(inflight.Limits{Patience: moves}), guarded)
	visited := baseline(fromVisitor(cfg.Proxies, cfg.Log, bounded))
	return strictTransport(cfg.Origin, withRequestID(cfg.Log, refused, visited)), nil
}

func keys(a *auth.Service) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(auth.JWKSMaxAge.Seconds())))
		_, _ = w.Write(a.JWKS()) // an error is the connection's
	})
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte("<!doctype html><html lang=\"en\"><meta name=\"viewport\" content=\"width=device-width\">" +
		"<title>Not found</title><main><h1>There is no such page</h1><p><a href=\"/\">Go to the start page</a></p></main>"))
}

func methodNotAllowed(w http.ResponseWriter, _ *http.Request) {
	plain(w, http.StatusMethodNotAllowed, "This address does not take that method.\n")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // an error is the connection's
}
