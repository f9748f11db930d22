package session

import (
	"net/http"
	"time"
)

// ReadClaims is readClaims, taken apart.
func ReadClaims(jwt string) (life time.Duration, sid string, err error) {
	c, err := readClaims(jwt)
	return c.Lifetime, c.SessionID, err
}

// RetryAfter is retryAfter of an answer with that Retry-After and Date.
func RetryAfter(value, date string) time.Duration {
	return retryAfter(http.Header{"Retry-After": {value}, "Date": {date}})
}
