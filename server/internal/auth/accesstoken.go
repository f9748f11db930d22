package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

const (
	accessTokenType = "at+jwt"   // RFC 9068 §2.1
	clientID        = "latchkey" // RFC 9068 §2.2 wants one: there is one client, the application itself
	maxAccessToken  = 4096       // bytes: nothing we sign comes near
	clockLeeway     = 5 * time.Second
)

// claims are the claims of an access token (RFC 9068 §2.2). None of them is secret.
type claims struct {
	Issuer     string           `json:"iss"`
	Audience   jwt.ClaimStrings `json:"aud"`
	Subject    string           `json:"sub"`
	ClientID   string           `json:"client_id"`
	SessionID  string           `json:"sid"`
	ID         string           `json:"jti"`
	IssuedAt   *jwt.NumericDate `json:"iat"`
	NotBefore  *jwt.NumericDate `json:"nbf,omitempty"`
	Expiry     *jwt.NumericDate `json:"exp"`
	Generation int64            `json:"gen"`
}

// GetIssuer implements jwt.Claims.
func (c *claims) GetIssuer() (string, error) { return c.Issuer, nil }

// GetSubject implements jwt.Claims.
func (c *claims) GetSubject() (string, error) { return c.Subject, nil }

// GetAudience implements jwt.Claims.
func (c *claims) GetAudience() (jwt.ClaimStrings, error) { return c.Audience, nil }

// GetExpirationTime implements jwt.Claims.
func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return c.Expiry, nil }

// GetIssuedAt implements jwt.Claims.
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error) { return c.IssuedAt, nil }

// GetNotBefore hides nbf from the library, which has one leeway for all times: Validate judges it.
func (c *claims) GetNotBefore() (*jwt.NumericDate, error) { return nil, nil }

// Validate judges what the library does not. Clocks of two servers may differ a little, so a token may seem to come
// from the future; its expiry has no such leeway.
func (c *claims) Validate() error {
	soon := time.Now().Add(clockLeeway)
	switch {
	case c.IssuedAt == nil, c.IssuedAt.After(soon):
		return errors.New("iat is missing or in the future")
	case c.NotBefore != nil && c.NotBefore.After(soon):
		return errors.New("nbf is in the future")
	case uuid.Validate(c.Subject) != nil || uuid.Validate(c.SessionID) != nil || c.Generation < 1:
		return errors.New("sub, sid or gen is none of ours")
	}
	return nil
}

// minter signs access tokens and verifies them.
type minter struct {
	keys     *keyring
	issuer   string
	audience string
	ttl      time.Duration
	parser   *jwt.Parser
	verified *memory[[sha256.Size]byte, verified] // by the token's hash: a signature is checked once
}

// verified is a token whose signature was checked.
type verified struct {
	Identity
	issued time.Time
	kid    string // of the key that has signed it
}

// life is how long the token was to live when it was signed.
func (v verified) life() time.Duration { return v.Expiry.Sub(v.issued) }

func newMinter(keys *keyring, issuer string, ttl time.Duration) *minter {
	audience := issuer + "/graphql"
	return &minter{keys: keys, issuer: issuer, audience: audience, ttl: ttl,
		verified: newMemory[[sha256.Size]byte, verified](memoryHalf), parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
			jwt.WithIssuer(issuer), jwt.WithAudience(audience),
			jwt.WithExpirationRequired(), jwt.WithStrictDecoding(),
		)}
}

// mint signs an access token for the session's refresh token of this generation, good for the minter's ttl or until
// the session's end, whichever is first. Times in it are whole seconds, as every reader of JWTs expects; so its end is
// rounded down.
func (m *minter) mint(ctx context.Context, now time.Time, userID, sessionID string, generation int64, sessionEnd time.Time) (string, time.Time, error) {
	jti, err := newID()
	if err != nil {
		return "", time.Time{}, err
	}
	expiry := now.Add(m.ttl)
	if sessionEnd.Before(expiry) {
		expiry = sessionEnd
	}
	expiry = expiry.Truncate(time.Second)
	keys := m.keys.signer(ctx)
	if keys.private == nil {
		return "", time.Time{}, fmt.Errorf("sign an access token: %w", keys.trouble)
	}
	signed, err := keys.sign(&claims{
		Issuer: m.issuer, Audience: jwt.ClaimStrings{m.audience}, Subject: userID, ClientID: clientID,
		SessionID: sessionID, ID: jti, Generation: generation,
		IssuedAt: jwt.NewNumericDate(now.Truncate(time.Second)), Expiry: jwt.NewNumericDate(expiry),
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign an access token: %w", err)
	}
	return signed, expiry, nil
}

// tokenHeader returns the first part of the tokens that a key signs (RFC 7515 §7.1). It is the same for all of them, so a
// refresh need not encode it.
func tokenHeader(kid string) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": jwt.SigningMethodEdDSA.Alg(), "kid": kid, "typ": accessTokenType})
	return base64.RawURLEncoding.EncodeToString(header) + ".", err
}

// sign returns a token with the claims, signed by the key that signs.
func (r *ring) sign(c *claims) (string, error) {
	payload, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	text := r.header + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := jwt.SigningMethodEdDSA.Sign(text, r.private)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

// verify returns whom the token speaks for, by its signature and claims. It fails with reason ACCESS_TOKEN_EXPIRED or,
// where the token is not one of ours, UNKNOWN_TOKEN. The store is asked only where the polls have left off, or where
// they may not have brought the token's key yet.
func (m *minter) verify(ctx context.Context, token string) (verified, error) {
	if len(token) > maxAccessToken {
		return verified{}, unauthenticated(ReasonUnknownToken)
	}
	hash := sha256.Sum256([]byte(token))
	v, known := m.verified.get(hash)
	if !known || !time.Now().Before(v.Expiry) {
		var err error
		if v, err = m.check(ctx, token); err != nil {
			return verified{}, err
		}
		m.verified.put(hash, v)
	}
	keys, err := m.keys.fresh(ctx)
	if err != nil {
		return verified{}, internal(err)
	}
	if keys.public[v.kid] == nil { // it was dropped
		return verified{}, unknownToken(errUnknownKey)
	}
	return v, nil
}

// check checks the token's signature, claims and life. Another process may have just made a key that this process does
// not know, or put a longer life into its row: this process reads the keys again before it refuses.
func (m *minter) check(ctx context.Context, token string) (verified, error) {
	v, err := m.parse(token, m.keys.current.Load())
	if errors.Is(err, errUnknownKey) || errors.Is(err, errLongLife) {
		keys, lookErr := m.keys.since(ctx, time.Now())
		if lookErr != nil {
			return verified{}, internal(lookErr)
		}
		v, err = m.parse(token, keys)
	}
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return verified{}, unauthenticated(ReasonAccessTokenExpired)
	case err != nil:
		return verified{}, unknownToken(err)
	}
	return v, nil
}

func unknownToken(cause error) error {
	e := unauthenticated(ReasonUnknownToken)
	e.Message, e.Err = "The access token is not valid.", cause
	return e
}

func (m *minter) parse(token string, keys *ring) (verified, error) {
	var c claims
	t, err := m.parser.ParseWithClaims(token, &c, keys.verifier)
	if err != nil {
		return verified{}, err
	}
	v := verified{
		Identity: Identity{UserID: c.Subject, SessionID: c.SessionID, Generation: c.Generation, Expiry: c.Expiry.Time.UTC()},
		issued:   c.IssuedAt.Time,
		kid:      t.Header["kid"].(string),
	}
	if v.life() > keys.lives[v.kid]+tokenRound {
		return verified{}, errLongLife
	}
	return v, nil
}

// errLongLife says that a token lives for longer than any process signs tokens for with its key.
var errLongLife = errors.New("the token lives for longer than its key may have signed")

// errUnknownKey says that no key has the name that a token gives.
var errUnknownKey = errors.New("unknown key")

// verifier returns the key that must have signed the token. The header is a stranger's until then: only its type and
// the key's name are looked at, and no extension of it is known (RFC 7515 §4.1.11).
func (r *ring) verifier(t *jwt.Token) (any, error) {
	if t.Header["typ"] != accessTokenType {
		return nil, errors.New("not an access token")
	}
	if _, extended := t.Header["crit"]; extended {
		return nil, errors.New("unknown critical header")
	}
	kid, _ := t.Header["kid"].(string)
	if len(kid) != kidLength {
		return nil, errors.New("not the name of a key")
	}
	if public, ok := r.public[kid]; ok {
		return public, nil
	}
	return nil, errUnknownKey
}
