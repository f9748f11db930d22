package session

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// claims is what the client needs to know of an access token.
type claims struct {
	SessionID string
	Lifetime  time.Duration
}

var (
	errNotJWT     = errors.New("the access token is not a JWT")
	errNoLifetime = errors.New("the access token has no lifetime")
)

// maxLifetime bounds what an access token may say of itself; it is far beyond any use.
const maxLifetime = 10 * 365 * 24 * time.Hour

// readClaims reads the payload of a JWT (RFC 7519 §3) without verifying it: the client has it from the server that
// it trusts, and relies on nothing in it but how long to keep it.
func readClaims(jwt string) (claims, error) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return claims{}, errNotJWT
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return claims{}, errNotJWT // err would quote the token
	}
	var c struct {
		IssuedAt float64 `json:"iat"` // NumericDate: seconds, maybe with a fraction (RFC 7519 §2)
		Expiry   float64 `json:"exp"`
		Session  string  `json:"sid"`
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		return claims{}, errNotJWT
	}
	seconds := c.Expiry - c.IssuedAt
	if c.IssuedAt == 0 || seconds <= 0 || seconds > maxLifetime.Seconds() {
		return claims{}, errNoLifetime
	}
	return claims{c.Session, time.Duration(seconds * float64(time.Second))}, nil
}
