package session

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"
)

// Claims are what an access token says of itself, for people to look at: decoded, not verified, and relied on for
// nothing. What the token does not say, or says in another form than RFC 9068 and RFC 7519 give it, is the zero value.
// None is secret, and none holds the token or its signature. A text that is longer than 200 bytes is cut.
type Claims struct {
	Algorithm  string    // alg, of the header
	Type       string    // typ, of the header
	KeyID      string    // kid, of the header
	Issuer     string    // iss
	Audience   string    // aud; several are separated by spaces
	Subject    string    // sub: the user's id
	SessionID  string    // sid
	ID         string    // jti
	IssuedAt   time.Time // iat, by the server's clock
	Expiry     time.Time // exp, by the server's clock
	Generation int64     // gen: that of the refresh token that came with it, from 1; each rotation adds one
}

var (
	errNotJWT     = errors.New("the access token is not a JWT")
	errNoLifetime = errors.New("the access token has no lifetime")
)

const (
	maxLifetime = 10 * 365 * 24 * time.Hour // bounds what an access token may say of itself; it is far beyond any use
	maxClaim    = 200                       // bytes of a text; signed tokens are longer
)

// readClaims reads header and payload of a JWT (RFC 7519 §3) without verifying them: the client has it from the
// server that it trusts, and relies on nothing in it but how long to keep it. That is the lifetime.
func readClaims(jwt string) (c Claims, lifetime time.Duration, err error) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return Claims{}, 0, errNotJWT
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return Claims{}, 0, errNotJWT // err would quote the token
	}
	var life struct {
		IssuedAt float64 `json:"iat"` // NumericDate: seconds, maybe with a fraction (RFC 7519 §2)
		Expiry   float64 `json:"exp"`
	}
	if err := json.Unmarshal(payload, &life); err != nil {
		return Claims{}, 0, errNotJWT
	}
	seconds := life.Expiry - life.IssuedAt
	if life.IssuedAt == 0 || seconds <= 0 || seconds > maxLifetime.Seconds() {
		return Claims{}, 0, errNoLifetime
	}
	// A header that cannot be read has nothing to show, and does no harm: the server reads it, not the client.
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	h, p := fieldsOf(header), fieldsOf(payload)
	return Claims{
		Algorithm: h.text("alg"), Type: h.text("typ"), KeyID: h.text("kid"),
		Issuer: p.text("iss"), Audience: p.text("aud"), Subject: p.text("sub"), SessionID: p.text("sid"), ID: p.text("jti"),
		IssuedAt: date(life.IssuedAt), Expiry: date(life.Expiry), Generation: p.number("gen"),
	}, time.Duration(seconds * float64(time.Second)), nil
}

// fields is a JSON object of which each member is read for itself: one of an unexpected type costs no other.
type fields map[string]json.RawMessage

func fieldsOf(object []byte) fields {
	var f fields
	if json.Unmarshal(object, &f) != nil {
		return nil
	}
	return f
}

// text returns a member that is a string, or an array of strings (RFC 7519 §4.1.3), cut to what can be shown.
func (f fields) text(name string) string {
	var one string
	if json.Unmarshal(f[name], &one) != nil {
		var several []string
		if json.Unmarshal(f[name], &several) != nil {
			return ""
		}
		one = strings.Join(several, " ")
	}
	if len(one) > maxClaim {
		const more = "…"
		one = strings.ToValidUTF8(one[:maxClaim-len(more)], "") + more
	}
	return one
}

func (f fields) number(name string) (n int64) {
	if json.Unmarshal(f[name], &n) != nil {
		return 0
	}
	return n
}

// date is a NumericDate as a time; the zero one where the year has no four digits.
func date(seconds float64) time.Time {
	t := time.UnixMilli(int64(math.Max(-1e14, math.Min(seconds*1000, 1e15)))).UTC()
	if t.Year() < 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}
