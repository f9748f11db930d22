package auth_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/latchkey/server/internal/auth"
)

// publicKey is the one key of a set.
func publicKey(t *testing.T, jwks []byte) ed25519.PublicKey {
	t.Helper()
	var set struct{ Keys []struct{ X string } }
	if err := json.Unmarshal(jwks, &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("JWKS %s: %v", jwks, err)
	}
	public, err := base64.RawURLEncoding.DecodeString(set.Keys[0].X)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// signed is an access token as a stranger makes it.
func signed(t *testing.T, method jwt.SigningMethod, key any, header map[string]any, kid string, claims map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, jwt.MapClaims(claims))
	token.Header["typ"], token.Header["kid"] = "at+jwt", kid
	maps.Copy(token.Header, header)
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// judgement is a token and the reason why it is refused.
type judgement struct {
	name, token string
	want        auth.Reason // "": it is good
}

// judge has each token verified; those that are good are the session's.
func (w *world) judge(g auth.Grant, rows []judgement) {
	for _, row := range rows {
		w.t.Run(row.name, func(t *testing.T) {
			id, err := w.Authenticate(w.ctx, row.token, true)
			if row.want != "" {
				wantError(t, err, auth.CodeUnauthenticated, row.want)
				return
			}
			want := auth.Identity{UserID: g.User.ID, SessionID: g.SessionID, Generation: 1, Expiry: g.Expiry}
			if err != nil || id != want {
				t.Errorf("identity %+v, %v", id, err)
			}
		})
	}
}

func TestClaimsOfAccessTokens(t *testing.T) {
	w := newWorld(t, standard)
	g := w.signUp()
	good := part(t, g.AccessToken, 1)
	now := time.Now().Unix()
	claims := func(change map[string]any) map[string]any {
		m := maps.Clone(good)
		maps.Copy(m, change)
		maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
		return m
	}
	w.judge(g, []judgement{
		{"as issued", g.AccessToken, ""},
		{"re-signed", w.SignToken(nil, claims(nil)), ""},
		{"iat a little ahead", w.SignToken(nil, claims(map[string]any{"iat": now + 4})), ""},
		{"nbf a little ahead", w.SignToken(nil, claims(map[string]any{"nbf": now + 4})), ""},
		{"iat far ahead", w.SignToken(nil, claims(map[string]any{"iat": now + 60})), auth.ReasonUnknownToken},
		{"aud among others", w.SignToken(nil, claims(map[string]any{"aud": []string{"https://other.example", "https://app.example/graphql"}})), ""},
		{"nbf far ahead", w.SignToken(nil, claims(map[string]any{"nbf": now + 60})), auth.ReasonUnknownToken},
		{"no iat", w.SignToken(nil, claims(map[string]any{"iat": nil})), auth.ReasonUnknownToken},
		{"exp in the past", w.SignToken(nil, claims(map[string]any{"exp": now - 3600})), auth.ReasonAccessTokenExpired},
		{"exp a second ago: no leeway", w.SignToken(nil, claims(map[string]any{"exp": now - 1})), auth.ReasonAccessTokenExpired},
		{"exp that is no number", w.SignToken(nil, claims(map[string]any{"exp": "later"})), auth.ReasonUnknownToken},
		{"expired this second", w.SignToken(nil, claims(map[string]any{"exp": now})), auth.ReasonAccessTokenExpired},
		{"no exp", w.SignToken(nil, claims(map[string]any{"exp": nil})), auth.ReasonUnknownToken},
		{"another issuer", w.SignToken(nil, claims(map[string]any{"iss": "https://evil.example"})), auth.ReasonUnknownToken},
		{"no issuer", w.SignToken(nil, claims(map[string]any{"iss": nil})), auth.ReasonUnknownToken},
		{"issuer with a slash", w.SignToken(nil, claims(map[string]any{"iss": "https://app.example/"})), auth.ReasonUnknownToken},
		{"no audience", w.SignToken(nil, claims(map[string]any{"aud": nil})), auth.ReasonUnknownToken},
		{"no user", w.SignToken(nil, claims(map[string]any{"sub": nil})), auth.ReasonUnknownToken},
		{"another audience", w.SignToken(nil, claims(map[string]any{"aud": "https://app.example"})), auth.ReasonUnknownToken},
		{"no session", w.SignToken(nil, claims(map[string]any{"sid": nil})), auth.ReasonUnknownToken},
		{"no generation", w.SignToken(nil, claims(map[string]any{"gen": 0})), auth.ReasonUnknownToken},
	})
}

// TestForgedAccessTokens has good claims in tokens that are wrong otherwise: nothing in a token's header says how, or
// with which key other than ours by its name, it is to be verified.
func TestForgedAccessTokens(t *testing.T) {
	w := newWorld(t, standard)
	g := w.signUp()
	claims := part(t, g.AccessToken, 1)
	parts := strings.Split(g.AccessToken, ".")
	ours := part(t, g.AccessToken, 0)["kid"].(string)
	public := publicKey(t, w.JWKS())
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	strangers := map[string]any{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA",
		"x": base64.RawURLEncoding.EncodeToString(stranger.Public().(ed25519.PublicKey))}
	sign := func(method jwt.SigningMethod, key any, header map[string]any) string {
		return signed(t, method, key, header, ours, claims)
	}
	other, err := auth.RotateKeys(w.ctx, w.store, nil)
	if err != nil {
		t.Fatal(err)
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + parts[1] + "."
	w.judge(g, []judgement{
		{"jwk of a stranger, our signature", w.SignToken(map[string]any{"jwk": strangers}, claims), ""},
		{"jku of a stranger, our signature", w.SignToken(map[string]any{"jku": "https://evil.example/jwks.json"}, claims), ""},
		{"an ID token", w.SignToken(map[string]any{"typ": "JWT"}, claims), auth.ReasonUnknownToken},
		{"type in capitals", w.SignToken(map[string]any{"typ": "AT+JWT"}, claims), auth.ReasonUnknownToken},
		{"no type", w.SignToken(map[string]any{"typ": nil}, claims), auth.ReasonUnknownToken},
		{"critical extension", w.SignToken(map[string]any{"crit": []string{"x"}}, claims), auth.ReasonUnknownToken},
		{"crit that is known elsewhere", w.SignToken(map[string]any{"crit": []string{"b64"}, "b64": true}, claims), auth.ReasonUnknownToken},
		{"empty crit", w.SignToken(map[string]any{"crit": []string{}}, claims), auth.ReasonUnknownToken},
		{"kid that is none", w.SignToken(map[string]any{"kid": "x"}, claims), auth.ReasonUnknownToken},
		{"kid of a key that never was", w.SignToken(map[string]any{"kid": strings.Repeat("x", 43)}, claims), auth.ReasonUnknownToken},
		{"kid that is a path", w.SignToken(map[string]any{"kid": "../../../../../../../../../../../../../dev/null"}, claims), auth.ReasonUnknownToken},
		{"no kid", w.SignToken(map[string]any{"kid": nil}, claims), auth.ReasonUnknownToken},
		{"kid of our other key", w.SignToken(map[string]any{"kid": other.Kid}, claims), auth.ReasonUnknownToken},
		{"kid of our key, a stranger's signature", sign(jwt.SigningMethodEdDSA, stranger, nil), auth.ReasonUnknownToken},
		{"jwk of the stranger who signed", sign(jwt.SigningMethodEdDSA, stranger, map[string]any{"jwk": strangers}), auth.ReasonUnknownToken},
		{"jku of the stranger who signed", sign(jwt.SigningMethodEdDSA, stranger, map[string]any{"jku": "https://evil.example/jwks.json"}), auth.ReasonUnknownToken},
		{"x5u of the stranger who signed", sign(jwt.SigningMethodEdDSA, stranger, map[string]any{"x5u": "https://evil.example/x.pem"}), auth.ReasonUnknownToken},
		{"alg none", none, auth.ReasonUnknownToken},
		{"alg none with our kid", sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), auth.ReasonUnknownToken},
		{"alg nOnE over our signature", w.SignToken(map[string]any{"alg": "nOnE"}, claims), auth.ReasonUnknownToken},
		{"HS256 with the public key", sign(jwt.SigningMethodHS256, []byte(public), nil), auth.ReasonUnknownToken},
		{"HS512 with the published keys", sign(jwt.SigningMethodHS512, w.JWKS(), nil), auth.ReasonUnknownToken},
		{"RS256", sign(jwt.SigningMethodRS256, rsaKey, nil), auth.ReasonUnknownToken},
		{"RS256 over our signature", w.SignToken(map[string]any{"alg": "RS256"}, claims), auth.ReasonUnknownToken},
		{"no alg", w.SignToken(map[string]any{"alg": nil}, claims), auth.ReasonUnknownToken},
		{"signature cut", strings.Join(parts[:2], ".") + "." + parts[2][:80], auth.ReasonUnknownToken},
		{"other payload", parts[0] + "." + strings.Replace(parts[1], "a", "b", 1) + "." + parts[2], auth.ReasonUnknownToken},
		{"a refresh token", g.RefreshToken, auth.ReasonUnknownToken},
		{"very long", strings.Repeat("a.", 10_000), auth.ReasonUnknownToken},
		{"empty", "", auth.ReasonUnknownToken},
	})
}
