package session_test

import (
	"encoding/base64"
	"testing"
	"time"

	"example.com/latchkey/shared/session"
)

func TestReadClaims(t *testing.T) {
	payload := func(s string) string { return "e30." + base64.RawURLEncoding.EncodeToString([]byte(s)) + ".c2ln" }
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
			life, sid, err := session.ReadClaims(test.token)
			if life != test.life || sid != test.sid || (err == nil) != (test.life > 0) {
				t.Errorf("life %v, session %q, %v; want %v, %q", life, sid, err, test.life, test.sid)
			}
		})
	}
}

func FuzzReadClaims(f *testing.F) {
	f.Add("e30.eyJpYXQiOjEwMDAsImV4cCI6MTMwMCwic2lkIjoiczEifQ.c2ln")
	f.Add("..")
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		life, _, err := session.ReadClaims(token)
		if err == nil && (life <= 0 || life > 11*365*24*time.Hour) {
			t.Errorf("a life of %v", life)
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
