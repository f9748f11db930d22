package graph

import (
	"net/http"
	"time"
)

// CookieName is the name of the refresh cookie. The prefix keeps scripts and subdomains from planting one
// (draft-ietf-httpbis-rfc6265bis §4.1.3); browsers that do not know __Host-Http- still see __Host-.
const CookieName = "__Host-Http-refreshToken"

// cookieValues returns the value of every refresh cookie of r: a browser may hold a partitioned one beside
// the ordinary one.
func cookieValues(r *http.Request) []string {
	var values []string
	for _, c := range r.CookiesNamed(CookieName) {
		values = append(values, c.Value)
	}
	return values
}

// cookieWriter sets the refresh cookie of one answer. What is written last stands: an answer never carries
// two values.
type cookieWriter struct {
	header http.Header
	maxAge time.Duration // the life of the cookie: idle-ttl
}

func (c *cookieWriter) set(token string) {
	if token == "" {
		return
	}
	c.header.Set("Set-Cookie", refreshCookie(token, int(c.maxAge/time.Second), false).String())
}

// clear removes the cookie, and a partitioned one of the same name, which only a partitioned answer reaches.
func (c *cookieWriter) clear() {
	c.header.Set("Set-Cookie", refreshCookie("", -1, false).String())
	c.header.Add("Set-Cookie", refreshCookie("", -1, true).String())
}

func refreshCookie(value string, maxAge int, partitioned bool) *http.Cookie {
	return &http.Cookie{
		Name: CookieName, Value: value, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, Partitioned: partitioned,
	}
}
