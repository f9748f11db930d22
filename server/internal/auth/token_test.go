package auth_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/auth"
)

// part decodes one part of a JWT.
func part(t *testing.T, token string, i int) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAccessToken(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		time.Sleep(1234 * ms)
		g := w.signUp()
		header, claims := part(t, g.AccessToken, 0), part(t, g.AccessToken, 1)
		var set struct{ Keys []map[string]string }
		if err := json.Unmarshal(w.JWKS(), &set); err != nil || len(set.Keys) != 1 {
			t.Fatalf("JWKS %s: %v", w.JWKS(), err)
		}
		key := set.Keys[0]
		if diff := cmp.Diff(map[string]any{"typ": "at+jwt", "alg": "EdDSA", "kid": key["kid"]}, header); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
		now := float64(time.Now().Unix())
		want := map[string]any{
			"iss": "https://app.example", "aud": []any{"https://app.example/graphql"}, "sub": g.User.ID, "sid": g.SessionID,
			"client_id": "latchkey", "jti": claims["jti"], "iat": now, "exp": now + 300, "gen": 1.0,
		}
		if diff := cmp.Diff(want, claims); diff != "" || claims["jti"] == "" {
			t.Errorf("claims (-want +got):\n%s", diff)
		}
		if !g.Expiry.Equal(time.Unix(int64(now)+300, 0)) || g.Expiry.Location() != time.UTC {
			t.Errorf("expiry %v", g.Expiry)
		}
		// A stranger verifies it by the published key alone.
		public, err := base64.RawURLEncoding.DecodeString(key["x"])
		if err != nil || key["kty"] != "OKP" || key["crv"] != "Ed25519" || key["use"] != "sig" || key["alg"] != "EdDSA" {
			t.Fatalf("key %v: %v", key, err)
		}
		dot := strings.LastIndex(g.AccessToken, ".")
		signature, err := base64.RawURLEncoding.DecodeString(g.AccessToken[dot+1:])
		if err != nil || !ed25519.Verify(public, []byte(g.AccessToken[:dot]), signature) {
			t.Error("the published key does not verify the token")
		}
	})
}

func TestAuthenticate(t *testing.T) {
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
	parts := strings.Split(g.AccessToken, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + parts[1] + "."
	for _, row := range []struct {
		name, token string
		want        auth.Reason // "": it is good
	}{
		{"as issued", g.AccessToken, ""},
		{"re-signed", w.SignToken(nil, claims(nil)), ""},
		{"iat a little ahead", w.SignToken(nil, claims(map[string]any{"iat": now + 4})), ""},
		{"nbf a little ahead", w.SignToken(nil, claims(map[string]any{"nbf": now + 4})), ""},
		{"iat far ahead", w.SignToken(nil, claims(map[string]any{"iat": now + 60})), auth.ReasonUnknownToken},
		{"nbf far ahead", w.SignToken(nil, claims(map[string]any{"nbf": now + 60})), auth.ReasonUnknownToken},
		{"no iat", w.SignToken(nil, claims(map[string]any{"iat": nil})), auth.ReasonUnknownToken},
		{"expired this second", w.SignToken(nil, claims(map[string]any{"exp": now})), auth.ReasonAccessTokenExpired},
		{"no exp", w.SignToken(nil, claims(map[string]any{"exp": nil})), auth.ReasonUnknownToken},
		{"another issuer", w.SignToken(nil, claims(map[string]any{"iss": "https://evil.example"})), auth.ReasonUnknownToken},
		{"another audience", w.SignToken(nil, claims(map[string]any{"aud": "https://app.example"})), auth.ReasonUnknownToken},
		{"no session", w.SignToken(nil, claims(map[string]any{"sid": nil})), auth.ReasonUnknownToken},
		{"no generation", w.SignToken(nil, claims(map[string]any{"gen": 0})), auth.ReasonUnknownToken},
		{"an ID token", w.SignToken(map[string]any{"typ": "JWT"}, claims(nil)), auth.ReasonUnknownToken},
		{"no type", w.SignToken(map[string]any{"typ": nil}, claims(nil)), auth.ReasonUnknownToken},
		{"critical extension", w.SignToken(map[string]any{"crit": []string{"x"}}, claims(nil)), auth.ReasonUnknownToken},
		{"unknown key", w.SignToken(map[string]any{"kid": "x"}, claims(nil)), auth.ReasonUnknownToken},
		{"alg none", none, auth.ReasonUnknownToken},
		{"signature cut", strings.Join(parts[:2], ".") + "." + parts[2][:80], auth.ReasonUnknownToken},
		{"other payload", parts[0] + "." + strings.Replace(parts[1], "a", "b", 1) + "." + parts[2], auth.ReasonUnknownToken},
		{"a refresh token", g.RefreshToken, auth.ReasonUnknownToken},
		{"very long", strings.Repeat("a.", 10_000), auth.ReasonUnknownToken},
		{"empty", "", auth.ReasonUnknownToken},
	} {
		t.Run(row.name, func(t *testing.T) {
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

func TestAccessTokenExpires(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		time.Sleep(5*time.Minute - ms)
		w.used(g)
		time.Sleep(ms)
		_, err := w.Authenticate(w.ctx, g.AccessToken, true)
		wantError(t, err, auth.CodeUnauthenticated, auth.ReasonAccessTokenExpired)
	})
}

func TestMemoryIsBounded(t *testing.T) {
	if kept, bounded := auth.MemoryKeeps(100, 150); kept != 150 || !bounded {
		t.Errorf("kept %d of 150", kept)
	}
	if kept, bounded := auth.MemoryKeeps(100, 100_000); kept < 100 || !bounded {
		t.Errorf("kept %d, bounded %v", kept, bounded)
	}
}

func TestSeenIsWrittenOnce(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		seen := func() int { return w.count(`select count(*) from refresh_tokens where seen_at is not null`) }
		if _, err := w.Authenticate(w.ctx, g.AccessToken, false); err != nil || seen() != 0 {
			t.Errorf("the renderer's use: %v, %d seen", err, seen())
		}
		w.used(g)
		if seen() != 1 {
			t.Error("the holder's use was not marked")
		}
		if _, err := w.raw.Exec(`update refresh_tokens set seen_at = null`); err != nil {
			t.Fatal(err)
		}
		w.used(g)
		if seen() != 0 {
			t.Error("written a second time")
		}
	})
}

func TestRefreshTokenParser(t *testing.T) {
	good := auth.NewRefreshToken()
	for _, row := range []struct {
		name, token string
		ok          bool
	}{
		{"as made", good, true},
		{"upper case id", strings.ToUpper(good[:36]) + good[36:], false},
		{"id of another version", good[:14] + "4" + good[15:], false},
		{"id of another variant", good[:19] + "c" + good[20:], false},
		{"no dot", good[:36] + "_" + good[37:], false},
		{"padded", good + "=", false},
		{"other alphabet", good[:79] + "+", false},
		{"trailing bits", good[:79] + "B", false},
		{"line break in the secret", good[:60] + "\n" + good[61:], false},
		{"line break that a decoder skips", good[:37] + strings.Repeat("A", 20) + "\n" + strings.Repeat("A", 22), false},
		{"short", good[:79], false},
		{"space in front", " " + good, false},
		{"empty", "", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if written, ok := auth.ParseRefreshToken(row.token); ok != row.ok || ok && written != row.token {
				t.Errorf("parsed %v %q", ok, written)
			}
		})
	}
}

func FuzzRefreshToken(f *testing.F) {
	f.Add(auth.NewRefreshToken())
	f.Add("01890a5d-ac96-774b-bcce-b302099a8057." + strings.Repeat("A", 43))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if written, ok := auth.ParseRefreshToken(s); ok && written != s {
			t.Errorf("two writings of one token: %q and %q", s, written)
		}
	})
}

func TestSeal(t *testing.T) {
	predecessor, next := auth.NewRefreshToken(), auth.NewRefreshToken()
	hash := auth.HashOf(next)
	row := auth.Token{ID: auth.TokenID(next), SessionID: "session", Generation: 7, Hash: hash[:]}
	sealed, err := auth.Seal(predecessor, next, "session", 7)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := auth.Unseal(predecessor, sealed, row); err != nil || got != next {
		t.Errorf("unsealed %v, %v", got == next, err)
	}
	change := func(f func(*auth.Token)) auth.Token { r := row; f(&r); return r }
	flipped := append([]byte{sealed[0] ^ 1}, sealed[1:]...)
	for _, row := range []struct {
		name        string
		predecessor string
		sealed      []byte
		next        auth.Token
	}{
		{"another predecessor", next, sealed, row},
		{"another session", predecessor, sealed, change(func(r *auth.Token) { r.SessionID = "other" })},
		{"another generation", predecessor, sealed, change(func(r *auth.Token) { r.Generation = 8 })},
		{"another successor", predecessor, sealed, change(func(r *auth.Token) { r.ID = auth.TokenID(predecessor) })},
		{"another hash", predecessor, sealed, change(func(r *auth.Token) { r.Hash = make([]byte, 32) })},
		{"changed", predecessor, flipped, row},
		{"none", predecessor, nil, row},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := auth.Unseal(row.predecessor, row.sealed, row.next); err == nil {
				t.Error("unsealed")
			}
		})
	}
}
