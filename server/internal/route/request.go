package route

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/refusal"
	"example.com/latchkey/server/internal/requestid"
)

// withRequestID names the request, logs how it ended, and turns a panic into a 500. A refusal is logged in any case, the
// rest of the requests where the log is for debugging.
func withRequestID(log *slog.Logger, refused *refusal.Log, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, id := requestid.With(r.Context())
		w.Header().Set(requestid.Header, id)
		rec := &statusRecorder{ResponseWriter: w}
		named := r.WithContext(ctx) // whose address is the visitor's behind a proxy, once fromVisitor has been passed
		defer func() {
			v := recover()
			if v == http.ErrAbortHandler {
				panic(v) // net/http's own way to cut an answer
			}
			if v != nil {
				log.ErrorContext(ctx, "panic", "value", fmt.Sprint(v), "stack", string(debug.Stack()))
				if rec.status == 0 {
					plain(rec, http.StatusInternalServerError, "Something went wrong on the server.\n")
				}
			}
			if kind := refusedAs(rec.status, r.URL.Path); kind != "" {
				refused.Note(ctx, kind, graph.Address(named), r.URL.Path)
			}
			if !log.Enabled(ctx, slog.LevelDebug) {
				return
			}
			// The path without its query: what is in a query is the visitor's own.
			log.DebugContext(ctx, "request", "method", r.Method, "path", strings.ToValidUTF8(r.URL.Path, "?"), "status", rec.status)
		}()
		next.ServeHTTP(rec, named)
	})
}

// refusedAs returns the kind of refusal that a status is, or "" where it is none: a login form has the status 401, a form
// with a mistake 422.
func refusedAs(status int, path string) refusal.Kind {
	switch status {
	case http.StatusBadRequest:
		return refusal.Malformed
	case http.StatusForbidden:
		return refusal.Forbidden
	case http.StatusRequestEntityTooLarge:
		return refusal.TooLarge
	case http.StatusUnsupportedMediaType:
		return refusal.Unsupported
	case http.StatusTooManyRequests:
		return refusal.OverLimit
	}
	switch {
	case path != "/graphql":
	case status == http.StatusUnauthorized:
		return refusal.BadToken
	case status == http.StatusUnprocessableEntity:
		return refusal.BadQuery
	}
	return ""
}

// statusRecorder remembers the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	if s.status == 0 {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusRecorder) Write(p []byte) (int, error) {
	if s.status == 0 {
		s.status = http.StatusOK
	}
	return s.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the writer below.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }
