package route_test

import (
	"crypto/ed25519"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/latchkey/server/internal/servertest"
)

// jwks fetches the public keys, by their id.
func jwks(s site) map[string]ed25519.PublicKey {
	s.t.Helper()
	a := s.request("GET", "/.well-known/jwks.json", nil, "")
	if a.status != 200 {
		s.t.Fatalf("jwks: %d %s", a.status, a.body)
	}
	var set struct {
		Keys []struct{ Kty, Crv, X, Kid, Use, Alg, D string }
	}
	if err := json.Unmarshal([]byte(a.body), &set); err != nil {
		s.t.Fatal(err)
	}
	keys := map[string]ed25519.PublicKey{}
	for _, k := range set.Keys {
		x, err := base64.RawURLEncoding.DecodeString(k.X)
		if err != nil || k.Kty != "OKP" || k.Crv != "Ed25519" || k.Use != "sig" || k.Alg != "EdDSA" || k.Kid == "" || k.D != "" {
			s.t.Errorf("the key %+v is no public Ed25519 key: %v", k, err)
		}
		keys[k.Kid] = x
	}
	return keys
}

// An access token is what RFC 9068 and contract §3 say, to everybody who fetches the public keys.
func TestAccessToken(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{AccessTTL: 3 * time.Minute})
	m := s.register("ada")
	keys := jwks(s)
	var all jwt.MapClaims
	token, err := jwt.NewParser(jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithIssuer(s.URL), jwt.WithExpirationRequired(),
		jwt.WithIssuedAt()).ParseWithClaims(m.access, &all, func(token *jwt.Token) (any, error) {
		return keys[token.Header["kid"].(string)], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if token.Header["typ"] != "at+jwt" || token.Header["alg"] != "EdDSA" || len(token.Header) != 3 {
		t.Errorf("the header is %v", token.Header)
	}
	names := slices.Sorted(maps.Keys(all))
	if want := []string{"aud", "client_id", "exp", "gen", "iat", "iss", "jti", "sid", "sub"}; !slices.Equal(names, want) {
		t.Errorf("it claims %v, want %v", names, want)
	}
	c := claimsOf(t, m.access)
	if c.Subject != m.user.ID || c.Session == "" || c.ID == "" || c.Generation != 1 || c.Audience == nil {
		t.Errorf("the claims are %+v", c)
	}
	if life := time.Duration(c.Expiry-c.IssuedAt) * time.Second; life < 3*time.Minute-time.Second || life > 3*time.Minute {
		t.Errorf("it lives for %s", life)
	}
	a := s.refresh(m.refresh)
	next := claimsOf(t, a.data.RefreshToken.AccessToken)
	if next.Generation != 2 || next.Session != c.Session || next.Subject != c.Subject || next.ID == c.ID {
		t.Errorf("the next one claims %+v, the first %+v", next, c)
	}
	if got := a.data.RefreshToken.ExpiryDate; got.Unix() != next.Expiry || got.Location() != time.UTC {
		t.Errorf("expiryDate is %s, exp %s", got, time.Unix(next.Expiry, 0).UTC())
	}
}

// Refreshing ends no access token that was handed out before.
func TestRefreshingEndsNoAccessToken(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	token, tokens := m.refresh, []string{m.access}
	for range 3 {
		a := s.refresh(token)
		token, tokens = a.cookie(), append(tokens, a.data.RefreshToken.AccessToken)
	}
	for i, access := range tokens {
		if a := s.ask(ask{query: meQuery, bearer: access}); a.status != 200 || a.said() != "" {
			t.Errorf("access token %d of %d is answered with %d %s", i+1, len(tokens), a.status, a.body)
		}
	}
}

func TestAnAccessTokenExpires(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{AccessTTL: 2 * time.Second})
	m := s.register("ada")
	end := time.Unix(claimsOf(t, m.access).Expiry, 0)
	eventually(t, "expired", func() bool {
		sent := time.Now()
		a := s.as(m, meQuery, nil)
		if a.status == 200 && a.said() == "" {
			if !sent.Before(end) {
				t.Fatalf("answered %s after its expiry", sent.Sub(end))
			}
			return false
		}
		if a.status != 401 || a.said() != "UNAUTHENTICATED ACCESS_TOKEN_EXPIRED" || time.Now().Before(end) {
			t.Fatalf("%s before its expiry: %d %s", time.Until(end), a.status, a.body)
		}
		return true
	})
	s.rotated(m.refresh)
}

// forger signs what a server would and what it would not.
type forger struct {
	header map[string]any
	claims jwt.MapClaims
	method jwt.SigningMethod
	key    any
}

// newForger starts from a token that the server made, and has the server's own key.
func newForger(t *testing.T, db *sql.DB, token string) *forger {
	f := &forger{method: jwt.SigningMethodEdDSA,
		key: ed25519.NewKeyFromSeed(value[[]byte](t, db, `select seed from signing_keys where purpose = 'access tokens' order by number desc limit 1`))}
	decodePart(t, token, 0, &f.header)
	decodePart(t, token, 1, &f.claims)
	return f
}

func (f *forger) sign(t *testing.T) string {
	t.Helper()
	token := jwt.NewWithClaims(f.method, f.claims)
	token.Header = f.header
	signed, err := token.SignedString(f.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	must(t, err)
	return key
}

// forgeries are the ways in which a token can be wrong; each starts from a good one.
var forgeries = []struct {
	name   string
	forge  func(t *testing.T, f *forger)
	reason string
}{
	{"nothing changed", func(*testing.T, *forger) {}, ""},
	{"expired", func(_ *testing.T, f *forger) { f.claims["exp"] = time.Now().Unix() - 1 }, "ACCESS_TOKEN_EXPIRED"},
	{"no expiry", func(_ *testing.T, f *forger) { delete(f.claims, "exp") }, "UNKNOWN_TOKEN"},
	{"from the future", func(_ *testing.T, f *forger) { f.claims["iat"] = time.Now().Add(time.Hour).Unix() }, "UNKNOWN_TOKEN"},
	{"another issuer", func(_ *testing.T, f *forger) { f.claims["iss"] = "https://evil.example" }, "UNKNOWN_TOKEN"},
	{"another audience", func(_ *testing.T, f *forger) { f.claims["aud"] = "https://evil.example/graphql" }, "UNKNOWN_TOKEN"},
	{"no audience", func(_ *testing.T, f *forger) { delete(f.claims, "aud") }, "UNKNOWN_TOKEN"},
	{"no session", func(_ *testing.T, f *forger) { delete(f.claims, "sid") }, "UNKNOWN_TOKEN"},
	{"no user", func(_ *testing.T, f *forger) { delete(f.claims, "sub") }, "UNKNOWN_TOKEN"},
	{"another kind of JWT", func(_ *testing.T, f *forger) { f.header["typ"] = "JWT" }, "UNKNOWN_TOKEN"},
	{"no kind", func(_ *testing.T, f *forger) { delete(f.header, "typ") }, "UNKNOWN_TOKEN"},
	{"another key id", func(_ *testing.T, f *forger) { f.header["kid"] = "other" }, "UNKNOWN_TOKEN"},
	{"no key id", func(_ *testing.T, f *forger) { delete(f.header, "kid") }, "UNKNOWN_TOKEN"},
	{"unknown critical header", func(_ *testing.T, f *forger) { f.header["crit"] = []string{"b64"} }, "UNKNOWN_TOKEN"},
	{"no signature", func(_ *testing.T, f *forger) {
		f.header["alg"], f.method, f.key = "none", jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType
	}, "UNKNOWN_TOKEN"},
	{"the public key as a shared one", func(_ *testing.T, f *forger) {
		public := f.key.(ed25519.PrivateKey).Public().(ed25519.PublicKey)
		f.header["alg"], f.method, f.key = "HS256", jwt.SigningMethodHS256, []byte(public)
	}, "UNKNOWN_TOKEN"},
	{"not yet good", func(_ *testing.T, f *forger) { f.claims["nbf"] = time.Now().Add(time.Hour).Unix() }, "UNKNOWN_TOKEN"},
	{"another key", func(t *testing.T, f *forger) { f.key = newKey(t) }, "UNKNOWN_TOKEN"},
	{"another key, which it brings along", func(t *testing.T, f *forger) {
		key := newKey(t)
		f.key = key
		x := base64.RawURLEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
		f.header["jwk"] = map[string]any{"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA", "kid": f.header["kid"]}
	}, "UNKNOWN_TOKEN"},
	{"another key, and where to fetch it", func(t *testing.T, f *forger) {
		f.key = newKey(t)
		f.header["jku"], f.header["x5u"] = "https://evil.example/jwks.json", "https://evil.example/cert.pem"
	}, "UNKNOWN_TOKEN"},
}

func TestForgedAccessTokens(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	m := s.register("ada")
	for _, row := range forgeries {
		t.Run(row.name, func(t *testing.T) {
			f := newForger(t, db, m.access)
			row.forge(t, f)
			wantRefused(site{s.Server, t}, f.sign(t), row.reason)
		})
	}
	parts := strings.Split(m.access, ".")
	for name, token := range map[string]string{
		"nothing": "", "garbage": "garbage", "a refresh token": m.refresh, "without its signature": parts[0] + "." + parts[1] + ".",
		"two parts": parts[0] + "." + parts[1], "padded": m.access + "=", "another's claims": parts[0] + "." +
			strings.Split(s.register("grace").access, ".")[1] + "." + parts[2], "huge": m.access + strings.Repeat("A", 10000),
	} {
		t.Run(name, func(t *testing.T) { wantRefused(site{s.Server, t}, token, "UNKNOWN_TOKEN") })
	}
}

// wantRefused holds that a Bearer token is answered with 401 and the reason, and does nothing; "" is a good token.
func wantRefused(s site, token, reason string) {
	s.t.Helper()
	for _, query := range []string{meQuery, `{ __typename }`, `mutation { createPost(title: "t", body: "b") { id } }`} {
		a := s.ask(ask{query: query, header: map[string]string{"Authorization": "Bearer " + token}})
		if reason == "" {
			if a.status != 200 || a.said() != "" {
				s.t.Errorf("%s: %d %s, want an answer", query, a.status, a.body)
			}
			continue
		}
		if a.status != 401 || a.said() != "UNAUTHENTICATED "+reason || a.header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
			s.t.Errorf("%s: %d %s %q, want 401 and %s", query, a.status, a.body, a.header.Get("WWW-Authenticate"), reason)
		}
		if a.data.Me != nil || a.data.CreatePost != nil {
			s.t.Errorf("%s: and yet there is data: %s", query, a.body)
		}
	}
}
