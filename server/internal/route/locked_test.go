package route_test

import (
	"strings"
	"testing"

	"example.com/latchkey/server/internal/servertest"
)

// While another process keeps the file locked, for longer than the server waits, a refresh is answered with 503 and when
// to ask again. It has changed nothing, and succeeds once the lock is gone.
func TestALockedFile(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	s.Troubled()
	lock, err := s.database().Conn(t.Context())
	must(t, err)
	_, err = lock.ExecContext(t.Context(), "begin immediate")
	must(t, err)
	a := s.ask(ask{query: plainRefresh, cookies: []string{m.refresh}})
	if a.status != 503 || a.said() != "INTERNAL_SERVER_ERROR" || a.header.Get("Retry-After") == "" || a.header.Get("Set-Cookie") != "" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	if strings.Contains(a.body, "lock") || !strings.Contains(s.Log(), "another process keeps the file locked") {
		t.Errorf("the answer is %s, the log\n%s", a.body, s.Log())
	}
	_, err = lock.ExecContext(t.Context(), "rollback")
	must(t, err)
	must(t, lock.Close())
	if a := s.ask(ask{query: `mutation { refreshToken(minAge: 30) { accessToken } }`, cookies: []string{m.refresh}}); a.status != 200 || a.cookie() != "" {
		t.Errorf("the token is not the current one any more: %d %v %s", a.status, a.header, a.body)
	}
	s.rotated(m.refresh)
}
