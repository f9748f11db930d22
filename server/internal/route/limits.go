package route

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/inflight"
)

// plainBodies refuses bodies that are packed: a small one may hold a large one, and no client sends them (RFC 9110
// §15.5.16).
func plainBodies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, coding := range r.Header.Values("Content-Encoding") {
			if !strings.EqualFold(strings.TrimSpace(coding), "identity") {
				w.Header().Set("Accept-Encoding", "identity")
				refuse(w, r, http.StatusUnsupportedMediaType, &auth.Error{
					Code: auth.CodeBadUserInput, Message: "Send the body as it is, without a Content-Encoding.",
				})
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// probes are the paths that monitors ask, which have to be answered when others flood. They read no body and cost nothing.
var probes = []string{"/healthz", "/readyz"}

// moves is how long a body or an answer may stand still and is not cut off for another request.
const moves = 100 * time.Millisecond

// notAllAtOnce bounds what is under way at once for one network: the requests, and the memory of their headers, their
// bodies and, by way of the request's context, their answers.
func notAllAtOnce(underWay *inflight.Ledger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(probes, r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		charge, ok := underWay.Admit(auth.Network(graph.Address(r)))
		defer charge.Release()
		if !ok || !charge.Add(headerBytes(r)) {
			w.Header().Set("Retry-After", "1")    // seconds
			w.Header().Set("Connection", "close") // or net/http waits for the body before it answers
			refuse(w, r, http.StatusTooManyRequests, &auth.Error{
				Code: auth.CodeRateLimited, Message: inflight.Refusal, RetryAfter: time.Second,
			})
			return
		}
		x, w, r := exchangeOf(patience, w, r)
		x.charge = charge
		next.ServeHTTP(w, r.WithContext(inflight.NewContext(r.Context(), charge)))
	})
}

// headerBytes returns about how much memory the request takes before its body.
func headerBytes(r *http.Request) int {
	n := len(r.RequestURI)
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return n
}
