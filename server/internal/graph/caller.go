package graph

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/refusal"
)

// caller is who asks: the identity of the Bearer token, where there is one, and the visitor's cookies.
type caller struct {
	identity *auth.Identity
	visitor  auth.Visitor
	cookies  *cookieWriter
	refused  *refusal.Log

	unavailable atomic.Bool // the database could not be reached for a part of the answer
}

// loggedOut is called when the caller's own session has ended: a later field of the same request is not of it, and the
// answer takes the cookie away.
func (c *caller) loggedOut() {
	c.identity, c.visitor.Tokens = nil, nil
	c.cookies.clear()
}

type callerKey struct{}

type rendererKey struct{}

// Rendering returns next for the use of the server's own page renderer, which calls it in the process on a
// visitor's behalf. The renderer is not the holder of the tokens that pass through it: the page they are for
// may yet be lost, so their use does not mark a refresh token as seen (contract §3). Nor does a refresh token that
// came with a page end its session, for the browser may have held the request back (row P of package auth).
func Rendering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), rendererKey{}, true)))
	})
}

func isRenderer(ctx context.Context) bool { return ctx.Value(rendererKey{}) != nil }

func withCaller(ctx context.Context, c *caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// callerOf returns the caller that the handler put into every context it executes.
func callerOf(ctx context.Context) *caller {
	c, _ := ctx.Value(callerKey{}).(*caller)
	if c == nil {
		return &caller{cookies: &cookieWriter{header: http.Header{}}}
	}
	return c
}

// identified returns the identity of the request's Bearer token, or UNAUTHENTICATED with reason NO_TOKEN.
func identified(ctx context.Context) (auth.Identity, error) {
	c := callerOf(ctx)
	if c.identity != nil {
		return *c.identity, nil
	}
	c.note(ctx, refusal.NoToken)
	return auth.Identity{}, &auth.Error{
		Code: auth.CodeUnauthenticated, Reason: auth.ReasonNoToken,
		Message: "This needs an access token: send it as \"Authorization: Bearer …\".",
	}
}

func visitorOf(r *http.Request) auth.Visitor {
	return auth.Visitor{Tokens: cookieValues(r, CookieName), Devices: cookieValues(r, DeviceCookieName), UserAgent: r.UserAgent(), IP: Address(r)}
}

// Address returns the address that r came from, without the port that net/http puts there.
func Address(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

// bearer returns the token of an Authorization header of the Bearer scheme (RFC 6750 §2.1), and whether there
// is one. Another scheme is not ours to judge and counts as none.
func bearer(r *http.Request) (string, bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}
