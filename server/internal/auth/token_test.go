package auth_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
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

// edited returns the token with its id changed.
func edited(token string, change func(id []byte)) string {
	id, err := base64.RawURLEncoding.DecodeString(token[:56])
	if err != nil {
		panic(err)
	}
	change(id)
	return base64.RawURLEncoding.EncodeToString(id) + token[56:]
}

func TestRefreshTokenParser(t *testing.T) {
	good := auth.NewRefreshToken()
	for _, row := range []struct {
		name, token string
		ok          bool
	}{
		{"as made", good, true},
		{"no dot", good[:56] + "_" + good[57:], false},
		{"padded", good + "=", false},
		{"other alphabet in the id", "+" + good[1:], false},
		{"other alphabet in the secret", good[:99] + "+", false},
		{"trailing bits", good[:99] + "B", false},
		{"generation 0", edited(good, func(id []byte) { clear(id[16:20]) }), false},
		{"line break in the id", good[:20] + "\n" + good[21:], false},
		{"line break in the secret", good[:80] + "\n" + good[81:], false},
		{"line break that a decoder skips", good[:57] + strings.Repeat("A", 20) + "\n" + strings.Repeat("A", 22), false},
		{"short", good[:99], false},
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
	f.Add(strings.Repeat("_", 56) + "." + strings.Repeat("A", 43))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if written, ok := auth.ParseRefreshToken(s); ok && written != s {
			t.Errorf("two writings of one token: %q and %q", s, written)
		}
	})
}

// Whatever of a token is changed, its session does not know it any more.
func TestTagCoversTheWholeToken(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		time.Sleep(time.Hour)
		for i := range 42 {
			w.refused(edited(g.RefreshToken, func(id []byte) { id[i] ^= 1 }), page, auth.ReasonUnknownToken)
		}
		secret := []byte(g.RefreshToken)
		for i := 57; i < len(secret); i++ {
			was := secret[i]
			if secret[i] = 'A'; was == 'A' {
				secret[i] = 'E'
			}
			w.refused(string(secret), page, auth.ReasonUnknownToken)
			secret[i] = was
		}
		w.refreshed(g.RefreshToken, page)
	})
}

// A session without a key, if ever there was one, would know whatever anybody makes.
func TestTagsNeedAWholeKey(t *testing.T) {
	for size, want := range map[int]bool{0: false, 31: false, 32: true} {
		if got := auth.KnownUnder(size); got != want {
			t.Errorf("known under a key of %d bytes: %v", size, got)
		}
	}
}

func TestSeal(t *testing.T) {
	const generation = 7
	predecessor := auth.NewRefreshToken()
	next := auth.MakeToken(tagKey, session, generation, t0, secret)
	row, state := auth.Token{Generation: generation, Hash: hash[:]}, auth.SessionState{ID: session, TagKey: tagKey}
	sealed, err := auth.Seal(predecessor, next)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := auth.Unseal(predecessor, sealed, state, row); err != nil || got != next {
		t.Errorf("unsealed %v, %v", got == next, err)
	}
	flipped := append([]byte{sealed[0] ^ 1}, sealed[1:]...)
	another := state
	another.ID = strings.Replace(session, "7", "8", 1)
	for _, row := range []struct {
		name        string
		predecessor string
		sealed      []byte
		session     auth.SessionState
		next        auth.Token
	}{
		{"another predecessor", next, sealed, state, row},
		{"another session", predecessor, sealed, another, row},
		{"another generation", predecessor, sealed, state, auth.Token{Generation: 8, Hash: hash[:]}},
		{"another hash", predecessor, sealed, state, auth.Token{Generation: generation, Hash: make([]byte, 32)}},
		{"session without a key", predecessor, sealed, auth.SessionState{ID: session}, row},
		{"changed", predecessor, flipped, state, row},
		{"none", predecessor, nil, state, row},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := auth.Unseal(row.predecessor, row.sealed, row.session, row.next); err == nil {
				t.Error("unsealed")
			}
		})
	}
}
