// Package requestid gives every request a name of its own, which the answer's X-Request-Id header tells and
// every line of the log about it carries, so that an error that says nothing can be looked up.
//
// Call [With] where a request enters, and wrap the log's handler in [Handler] once at start.
package requestid

import (
	"context"
	"crypto/rand"
	"log/slog"
)

// Header is the name of the answer's header that carries the id.
const Header = "X-Request-Id"

type key struct{}

// With returns a context that carries a new id, and the id: 26 characters of the base32 alphabet, random.
func With(ctx context.Context) (context.Context, string) {
	id := rand.Text()
	return context.WithValue(ctx, key{}, id), id
}

// ID returns the id that ctx carries, or "" where it carries none.
func ID(ctx context.Context) string {
	id, _ := ctx.Value(key{}).(string)
	return id
}

// Handler returns a slog.Handler that adds the context's id to each record as "request", and passes it to next.
func Handler(next slog.Handler) slog.Handler { return handler{next} }

type handler struct{ slog.Handler }

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if id := ID(ctx); id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }
