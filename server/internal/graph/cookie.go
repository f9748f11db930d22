package graph

import (
	"net/http"
	"slices"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// CookieName is the name of the refresh cookie. The prefix keeps scripts and subdomains from planting one
// (draft-ietf-httpbis-rfc6265bis §4.1.3); browsers that do not know __Host-Http- still see __Host-.
const CookieName = "__Host-Http-refreshToken"

// DeviceCookieName is the name of the cookie by which a browser is known to have logged in before (contract §11).
const DeviceCookieName = "__Host-Http-device"

// cookieValues returns the value of every cookie of r that has the name: a browser may hold a partitioned one beside
// the ordinary one.
func cookieValues(r *http.Request, name string) []string {
	var values []string
	for _, c := range r.CookiesNamed(name) {
		values = append(values, c.Value)
	}
	return values
}

// cookieWriter sets the cookies of one answer. What is written last of a name stands: an answer never carries two values
// of it.
type cookieWriter struct {
	header http.Header
	maxAge time.Duration // the life of the refresh cookie: idle-ttl

	refresh, device []string // lines of Set-Cookie
}

// set sets the refresh cookie, unless token is "".
func (c *cookieWriter) set(token string) {
	if token == "" {
		return
	}
	c.refresh = []string{newCookie(CookieName, token, c.maxAge).String()}
	c.write()
}

// setDevice sets the device cookie, unless value is "".
func (c *cookieWriter) setDevice(value string) {
	if value == "" {
		return
	}
	c.device = []string{newCookie(DeviceCookieName, value, auth.DeviceLife).String()}
	c.write()
}

// clear removes the refresh cookie, and a partitioned one of the same name, which only a partitioned answer reaches. The
// device cookie stays: a browser that has logged out is still known.
func (c *cookieWriter) clear() {
	gone := newCookie(CookieName, "", -time.Second)
	partitioned := *gone
	partitioned.Partitioned = true
	c.refresh = []string{gone.String(), partitioned.String()}
	c.write()
}

func (c *cookieWriter) write() { c.header["Set-Cookie"] = slices.Concat(c.refresh, c.device) }

// newCookie returns a cookie that only this host's own HTTP answers can set and only HTTP requests carry.
func newCookie(name, value string, maxAge time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(maxAge / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
