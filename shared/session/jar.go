//go:build !js

package session

import (
	"net/http"
	"net/http/cookiejar"
)

// defaultJar keeps the refresh cookie in memory. Go's jar sends a Secure cookie where browsers do: over https, and over
// http to localhost, *.localhost and loopback addresses, for a server in development.
func defaultJar() (http.CookieJar, error) { return cookiejar.New(nil) }
