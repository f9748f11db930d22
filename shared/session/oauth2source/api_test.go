package oauth2source_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/shared/session"
)

// api is a server with one session: POST is the GraphQL API, which logs everyone in and refreshes until it is ended;
// GET answers whose token is good. It is called through RoundTrip: no sockets.
type api struct {
	life time.Duration

	mu      sync.Mutex
	ended   bool
	expires map[string]time.Time // of the tokens handed out
	sent    []string             // Authorizations of GETs
}

func (a *api) RoundTrip(req *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if req.Method == http.MethodGet {
		auth := req.Header.Get("Authorization")
		a.sent = append(a.sent, auth)
		if end, known := a.expires[strings.TrimPrefix(auth, "Bearer ")]; !known || !time.Now().Before(end) {
			return answer(req, http.StatusUnauthorized, ""), nil
		}
		return answer(req, http.StatusOK, "hello, ann"), nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	op := "login"
	if strings.Contains(string(body), "refreshToken") {
		op = "refreshToken"
	}
	switch {
	case strings.Contains(string(body), "logout"):
		a.ended = true
		clear(a.expires)
		return answer(req, http.StatusOK, `{"data":{"logout":true}}`), nil
	case a.ended:
		return answer(req, http.StatusOK,
			`{"errors":[{"message":"ended","extensions":{"code":"UNAUTHENTICATED","reason":"LOGGED_OUT"}}]}`), nil
	}
	return answer(req, http.StatusOK, fmt.Sprintf(`{"data":{%q:{"accessToken":%q,"user":{"id":"u1"}}}}`, op, a.issue())), nil
}

// issue is called with mu held.
func (a *api) issue() string {
	now := time.Now()
	enc := base64.RawURLEncoding.EncodeToString
	token := enc([]byte(`{"alg":"EdDSA"}`)) + "." + enc(fmt.Appendf(nil, `{"iat":%d,"exp":%d,"jti":"%d"}`,
		now.Unix(), now.Add(a.life).Unix(), len(a.expires))) + ".signature"
	if a.expires == nil {
		a.expires = make(map[string]time.Time)
	}
	a.expires[token] = now.Add(a.life)
	return token
}

func (a *api) expiry(token string) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.expires[token]
}

func (a *api) issued() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.expires)
}

func answer(req *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req}
}

// login returns a session with a that lasts as long as the test.
func login(t testing.TB, a *api) *session.Session {
	t.Helper()
	s, err := session.New("https://app.example/graphql", session.WithTransport(a))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Login(t.Context(), "ann@example.com", "correct horse"); err != nil {
		t.Fatal(err)
	}
	return s
}
