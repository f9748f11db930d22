package session

import (
	"net/http"
	"time"
)

// ReadClaims is readClaims.
func ReadClaims(jwt string) (Claims, time.Duration, error) { return readClaims(jwt) }

// RetryAfter is retryAfter of an answer with that Retry-After and Date.
func RetryAfter(value, date string) time.Duration {
	return retryAfter(http.Header{"Retry-After": {value}, "Date": {date}})
}
