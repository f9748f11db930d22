package route_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/servertest"
)

// The database's files hold the hash of a refresh token and nothing that is one, whether current or superseded: neither
// as text nor as bytes. Nor do they hold an access token or a password.
func TestTheDatabaseHoldsNoSecret(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	next := s.rotated(m.refresh)
	last := s.refresh(m.refresh).cookie()
	if last != next {
		t.Fatal("the superseded token did not lead to its successor")
	}
	var files []byte
	for _, suffix := range []string{"", "-wal", "-shm"} {
		part, err := os.ReadFile(s.DB + suffix)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, part...)
	}
	for name, token := range map[string]string{"superseded": m.refresh, "current": next} {
		id, text, _ := strings.Cut(token, ".")
		secret, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.Sum256(secret)
		if !bytes.Contains(files, hash[:]) {
			t.Errorf("the files do not hold the %s token's SHA-256: the search sees nothing", name)
		}
		for form, bad := range map[string][]byte{
			"as the cookie has it": []byte(text), "its id": []byte(id), "as bytes": secret, "in base64": []byte(base64.RawStdEncoding.EncodeToString(secret)),
			"in hexadecimal": []byte(hex.EncodeToString(secret)), "in HEXADECIMAL": fmt.Appendf(nil, "%X", secret),
		} {
			if bytes.Contains(files, bad) {
				t.Errorf("the files hold the %s token's secret, %s", name, form)
			}
		}
	}
	for name, bad := range map[string]string{"the password": password, "an access token": m.access, "its signature": m.access[strings.LastIndex(m.access, ".")+1:]} {
		if bytes.Contains(files, []byte(bad)) {
			t.Errorf("the files hold %s", name)
		}
	}
	if info, err := os.Stat(s.DB); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the database is open to others: %v, %v", info.Mode(), err)
	}
}

// A superseded token's end stands in the database: now + grace.
func TestRotationSetsTheOldTokensEnd(t *testing.T) {
	t.Parallel()
	const grace = 77 * time.Second
	s := start(t, servertest.Options{Grace: grace, IdleTTL: 100 * time.Hour})
	db := s.database()
	m := s.register("ada")
	began := time.Now().Truncate(time.Millisecond)
	next := s.rotated(m.refresh)
	ended := time.Now()
	expires := func(token string) time.Time {
		return time.UnixMilli(value[int64](t, db, `select expires_at from refresh_tokens where hash = $1`, hashOf(t, token)))
	}
	if got := expires(m.refresh); got.Before(began.Add(grace)) || got.After(ended.Add(grace)) {
		t.Errorf("the old token expires %s after its rotation, want the grace, %s", got.Sub(began), grace)
	}
	if got := expires(next); got.Before(began.Add(100*time.Hour)) || got.After(ended.Add(100*time.Hour)) {
		t.Errorf("the new token expires after %s, want idle-ttl", got.Sub(began))
	}
	before := expires(m.refresh)
	s.refresh(m.refresh)
	if got := expires(m.refresh); !got.Equal(before) {
		t.Errorf("presenting the old token again moved its end from %s to %s", before, got)
	}
}

// Reuse and recovery leave records of who presented the token: by name, never by secret.
func TestTheAuditKnowsOfReuseAndRecovery(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	m := s.register("ada")
	thief := map[string]string{"User-Agent": "Thief/1.0"}
	present := func(a ask) answer {
		a.query, a.header = refreshQuery, thief
		return s.ask(a)
	}
	s.rotated(m.refresh)
	pass(t, db, m.session, time.Hour)
	recovered := present(ask{cookies: []string{m.refresh}, vars: map[string]any{"recover": true}})
	if recovered.said() != "" {
		t.Fatal(recovered.body)
	}
	pass(t, db, m.session, time.Hour)
	if a := present(ask{cookies: []string{m.refresh}}); a.said() != "UNAUTHENTICATED TOKEN_REUSED" {
		t.Fatal(a.body)
	}
	const who = ` and session_id = $1 and token_id = $2 and user_id = $3 and user_agent = 'Thief/1.0' and ip = '127.0.0.1'`
	for _, event := range []string{`kind = 'TOKEN_RECOVERED'`, `kind = 'SESSION_ENDED' and reason = 'TOKEN_REUSED'`} {
		if n := value[int](t, db, `select count(*) from audit where `+event+who, m.session, m.session+"/1", m.user.ID); n != 1 {
			t.Errorf("%d records of %s, want 1", n, event)
		}
	}
}
