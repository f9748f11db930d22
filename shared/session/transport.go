package session

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"example.com/latchkey/shared/token"
)

// Transport returns a RoundTripper that sends every request to the API's own origin (scheme, host and port) with a
// fresh access token, over base; nil stands for the session's own. A request to any other origin, or one that
// brings its own Authorization, passes untouched.
//
// Where the server answers 401, the token is fetched anew, once however many requests meet that answer, and the
// request is sent a second time if its body can be: there is none, or GetBody gives it again, as it does for what
// [http.NewRequest] is given as a bytes.Buffer, bytes.Reader or strings.Reader. A second 401 is returned as it is,
// the server's last word. So is the first one to a request that has a body and no GetBody; made anew, that request
// goes with a fresh token. So is any in the ten seconds after such a fetch: a service that takes no token, however good,
// does not have the API asked for one at every request. No other answer is sent again, a 429 or 503 neither: only the
// caller knows whether it may be.
//
// Where there is no token to be had the request is not sent: the error is that of [Session.Token], with the
// request's context. That bounds how long a request waits while there is no network: give it a deadline, or it
// waits until there is one.
func (s *Session) Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = s.base
	}
	return &transport{origin: s.origin, tokens: s.keeper, base: base}
}

type transport struct {
	origin string
	tokens *token.Keeper[holder]
	base   http.RoundTripper
}

// RoundTrip implements http.RoundTripper: it changes nothing of req, and closes its body on every path.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, brought := req.Header["Authorization"]; brought || originOf(req.URL) != t.origin {
		return t.base.RoundTrip(req)
	}
	secret, err := t.tokens.Token(req.Context())
	if err != nil {
		closeBody(req.Body)
		return nil, err
	}
	resp, err := t.base.RoundTrip(authorized(req, secret))
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	another := t.tokens.Reject(secret)
	if !another || hasBody(req) && req.GetBody == nil {
		return resp, nil
	}
	discard(resp.Body)
	return t.again(req)
}

// again sends req a second time, with another token than the one that was rejected.
func (t *transport) again(req *http.Request) (*http.Response, error) {
	secret, err := t.tokens.Token(req.Context())
	if err != nil {
		return nil, err
	}
	retry := authorized(req, secret)
	if hasBody(req) {
		if retry.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	return t.base.RoundTrip(retry)
}

// CloseIdleConnections makes http.Client's method of the name reach the base.
func (t *transport) CloseIdleConnections() {
	if base, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

func authorized(req *http.Request, secret token.Secret) *http.Request {
	req = withOwnHeader(req)
	req.Header.Set("Authorization", bearer(secret))
	return req
}

func bearer(secret token.Secret) string { return "Bearer " + secret.Reveal() }

func hasBody(req *http.Request) bool { return req.Body != nil && req.Body != http.NoBody }

func closeBody(body io.Closer) {
	if body != nil {
		_ = body.Close() // it was only to be sent
	}
}

// discard reads what is left of a short body, so that its connection can be used again.
func discard(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, 64<<10) // an error here only costs the connection
	_ = body.Close()
}

// originOf is scheme, host and port of u (RFC 6454 §4), a default port written out.
func originOf(u *url.URL) string {
	if u == nil {
		return ""
	}
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		switch scheme {
		case "http":
			port = "80"
		case "https":
			port = "443"
		}
	}
	return scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
