package session_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/shared/session"
)

// payload is a JWT with a header and a signature that say nothing.
func payload(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

func TestLifetimeOfAToken(t *testing.T) {
	tests := []struct {
		name, token string
		life        time.Duration // 0: refused
		sid         string
	}{
		{"whole seconds", payload(`{"iat":1000,"exp":1300,"sid":"s1"}`), 5 * time.Minute, "s1"},
		{"fractions", payload(`{"iat":1000.5,"exp":1001.25}`), 750 * time.Millisecond, ""},
		{"a clock before 1970", payload(`{"iat":-1300,"exp":-1000}`), 5 * time.Minute, ""},
		{"no iat", payload(`{"exp":1300}`), 0, ""},
		{"no exp", payload(`{"iat":1000}`), 0, ""},
		{"no life", payload(`{"iat":1000,"exp":1000}`), 0, ""},
		{"a life beyond all bounds", payload(`{"iat":1,"exp":1e300}`), 0, ""},
		{"text for a number", payload(`{"iat":"1000","exp":1300}`), 0, ""},
		{"not JSON", payload(`hello`), 0, ""},
		{"not base64", "e30.{}.c2ln", 0, ""},
		{"padded base64", "e30.e30=.c2ln", 0, ""},
		{"two parts", "e30.e30", 0, ""},
		{"opaque", "abcdef", 0, ""},
		{"empty", "", 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			claims, life, err := session.ReadClaims(test.token)
			if life != test.life || claims.SessionID != test.sid || (err == nil) != (test.life > 0) {
				t.Errorf("life %v, session %q, %v; want %v, %q", life, claims.SessionID, err, test.life, test.sid)
			}
		})
	}
}

func TestReadClaims(t *testing.T) {
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	tests := []struct {
		name, header, payload string
		want                  session.Claims
	}{
		{"all", `{"alg":"EdDSA","typ":"at+jwt","kid":"k1","crit":["x"]}`,
			`{"iss":"https://a.example","aud":"https://a.example/graphql","sub":"u1","sid":"s1","jti":"j1","iat":1000,"exp":1300,"gen":7,"client_id":"c"}`,
			session.Claims{"EdDSA", "at+jwt", "k1", "https://a.example", "https://a.example/graphql", "u1", "s1", "j1", at(1000), at(1300), 7}},
		{"several audiences", `{}`, `{"aud":["a","b"],"iat":1000,"exp":1300}`, session.Claims{Audience: "a b", IssuedAt: at(1000), Expiry: at(1300)}},
		{"other types cost themselves alone", `{"alg":1,"kid":"k1"}`, `{"iss":{"a":1},"aud":[1],"sub":true,"sid":"s1","jti":null,"iat":1000,"exp":1300,"gen":"7"}`,
			session.Claims{KeyID: "k1", SessionID: "s1", IssuedAt: at(1000), Expiry: at(1300)}},
		{"fractions", `{}`, `{"iat":1000.5,"exp":1300.25,"gen":1.5}`, session.Claims{IssuedAt: time.UnixMilli(1000500).UTC(), Expiry: time.UnixMilli(1300250).UTC()}},
		{"a header that is none", `hello`, `{"sid":"s1","iat":1000,"exp":1300}`, session.Claims{SessionID: "s1", IssuedAt: at(1000), Expiry: at(1300)}},
		{"years without end", `{}`, `{"iat":1e12,"exp":1000000000300}`, session.Claims{}},
		{"cut", `{}`, `{"sub":"` + strings.Repeat("ä", 150) + `","iat":1000,"exp":1300}`,
			session.Claims{Subject: strings.Repeat("ä", 98) + "…", IssuedAt: at(1000), Expiry: at(1300)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header := base64.RawURLEncoding.EncodeToString([]byte(test.header))
			got, _, err := session.ReadClaims(header + strings.TrimPrefix(payload(test.payload), "e30"))
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func FuzzReadClaims(f *testing.F) {
	f.Add("e30.eyJpYXQiOjEwMDAsImV4cCI6MTMwMCwic2lkIjoiczEifQ.c2ln")
	f.Add("..")
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		c, life, err := session.ReadClaims(token)
		if err == nil && (life <= 0 || life > 11*365*24*time.Hour) {
			t.Errorf("a life of %v", life)
		}
		for _, text := range []string{c.Algorithm, c.Type, c.KeyID, c.Issuer, c.Audience, c.Subject, c.SessionID, c.ID} {
			if len(text) > 200 || !utf8.ValidString(text) || strings.Contains(text, token) && token != "" {
				t.Errorf("a claim is %q", text)
			}
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120", "")
	f.Add("-1", "")
	f.Add("NaN", "")
	f.Add("1e400", "")
	f.Add("Tue, 03 Jan 2006 10:01:00 GMT", "Tue, 03 Jan 2006 10:00:00 GMT")
	f.Fuzz(func(t *testing.T, value, date string) {
		if wait := session.RetryAfter(value, date); wait < 0 {
			t.Errorf("waits %v", wait)
		}
	})
}
