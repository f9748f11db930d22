package page_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/page"
	"example.com/latchkey/web"
)

const (
	kept    = "__Host-Http-refreshToken=t1; Path=/; Max-Age=100; HttpOnly; Secure; SameSite=Lax"
	cleared = "__Host-Http-refreshToken=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
)

// api answers like one whose session ends between two requests of one visit: the first refresh is answered, with a new
// cookie, and after that nothing is; every later refresh and every logout clears the cookie.
type api struct{ refreshed bool }

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	answer := `{"errors":[{"message":"over","extensions":{"code":"UNAUTHENTICATED","reason":"REVOKED"}}],"data":null}`
	switch query := string(body); {
	case strings.Contains(query, "refreshToken") && !a.refreshed:
		a.refreshed = true
		w.Header().Set("Set-Cookie", kept)
		answer = fmt.Sprintf(`{"data":{"refreshToken":{"accessToken":%q,"user":{"id":"u","email":"ada@example.com","name":"Ada"}}}}`, token())
	case strings.Contains(query, "refreshToken"):
		w.Header().Set("Set-Cookie", cleared)
	case strings.Contains(query, "logoutEverywhere"):
		w.Header().Set("Set-Cookie", cleared)
		answer = `{"data":{"logoutEverywhere":2}}`
	case strings.Contains(query, "logout"):
		w.Header().Set("Set-Cookie", cleared)
		answer = `{"data":{"logout":true}}`
	default:
		w.WriteHeader(http.StatusUnauthorized)
	}
	_, _ = io.WriteString(w, answer)
}

// token is an access token as far as a client can tell.
func token() string {
	part := base64.RawURLEncoding.EncodeToString
	now := time.Now().Unix()
	return part([]byte(`{"typ":"at+jwt","alg":"EdDSA"}`)) + "." +
		part(fmt.Appendf(nil, `{"sub":"u","sid":"s","iat":%d,"exp":%d}`, now, now+300)) + "." + part(make([]byte, 64))
}

// A cookie that the API clears while a page is rendered is not cleared for the visitor; one that it had set before is
// set. Only where the visitor asks to be logged out it goes (ROTATION.md C6).
func TestASessionThatEndsDuringAVisit(t *testing.T) {
	assets, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, method, path, form string
		status                   int
		cookies                  []string
	}{
		{"page", "GET", "/posts", "", 401, []string{kept}},
		{"form", "POST", "/posts", "intent=publish&title=t&body=b", 401, []string{kept}},
		{"revoking", "POST", "/account", "intent=revoke&session=x", 401, []string{kept}},
		{"open page", "GET", "/", "", 200, []string{kept}},
		{"logging out", "POST", "/posts", "intent=logout", 303, []string{cleared}},
		{"logging out everywhere", "POST", "/account", "intent=logout-everywhere", 303, []string{cleared}},
		{"no form", "POST", "/posts", "intent=", 400, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := page.New(page.Config{
				API: &api{}, Endpoint: "http://localhost/graphql", Policy: func(http.Header) {}, Grace: 30 * time.Second,
				Assets: assets, Log: slog.New(slog.DiscardHandler),
			})
			r := httptest.NewRequest(row.method, row.path, strings.NewReader(row.form))
			r.Header.Set("Cookie", "__Host-Http-refreshToken=t0")
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != row.status || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("status %d, want %d; headers %v", w.Code, row.status, w.Header())
			}
			if got := w.Header().Values("Set-Cookie"); !slices.Equal(got, row.cookies) {
				t.Errorf("the cookies are %q, want %q", got, row.cookies)
			}
		})
	}
}
