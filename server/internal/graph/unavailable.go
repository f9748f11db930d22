package graph

import "net/http"

// unavailable makes the headers those of an answer that may be asked for again in a moment (RFC 9110 §15.6.4), and
// returns its status. The client scatters its tries by itself.
func unavailable(h http.Header) (status int) {
	h.Set("Retry-After", "2") // seconds: a database that was restarted takes about so long
	return http.StatusServiceUnavailable
}
