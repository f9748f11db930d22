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
	"sync/atomic"
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
		answer = refreshed(300)
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

// refreshed is an answer to refreshToken, with an access token that lives for so many seconds.
func refreshed(life int64) string {
	return fmt.Sprintf(`{"data":{"refreshToken":{"accessToken":%q,"user":{"id":"u","email":"ada@example.com","name":"Ada"}}}}`, token(life))
}

// token is an access token as far as a client can tell.
func token(life int64) string {
	part := base64.RawURLEncoding.EncodeToString
	now := time.Now().Unix()
	return part([]byte(`{"typ":"at+jwt","alg":"EdDSA"}`)) + "." +
		part(fmt.Appendf(nil, `{"sub":"u","sid":"s","iat":%d,"exp":%d}`, now, now+life)) + "." + part(make([]byte, 64))
}

// A cookie that the API clears while a page is rendered is not cleared for the visitor; one that it had set before is
// set. Only where the visitor asks to be logged out it goes (counter-example C6 of package simulation).
func TestASessionThatEndsDuringAVisit(t *testing.T) {
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
			w := visit(t, &api{}, row.method, row.path, row.form)
			if w.Code != row.status || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("status %d, want %d; headers %v", w.Code, row.status, w.Header())
			}
			if got := w.Header().Values("Set-Cookie"); !slices.Equal(got, row.cookies) {
				t.Errorf("the cookies are %q, want %q", got, row.cookies)
			}
		})
	}
}

// visit has one page rendered.
func visit(t *testing.T, api http.Handler, method, path, form string) *httptest.ResponseRecorder {
	t.Helper()
	assets, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	h := page.New(page.Config{
		API: api, Endpoint: "http://localhost/graphql", Policy: func(http.Header) {}, Grace: 30 * time.Second,
		Assets: assets, Log: slog.New(slog.DiscardHandler),
	})
	r := httptest.NewRequest(method, path, strings.NewReader(form))
	r.Header.Set("Cookie", "__Host-Http-refreshToken=t0")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// slow answers the page's own request only after the session has refreshed its token a second time, as it does where a
// visit takes most of the life of an access token.
type slow struct {
	refreshes atomic.Int32
	again     chan struct{}
}

func (s *slow) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	if !strings.Contains(string(body), "refreshToken") {
		<-s.again
		_, _ = io.WriteString(w, `{"data":{"posts":[]}}`)
		return
	}
	life := int64(1)
	if s.refreshes.Add(1) == 2 {
		life = 300
		defer close(s.again)
	}
	w.Header().Set("Set-Cookie", kept)
	_, _ = io.WriteString(w, refreshed(life))
}

// The race detector watches this one.
func TestAVisitThatTakesAsLongAsAnAccessTokenLives(t *testing.T) {
	api := &slow{again: make(chan struct{})}
	w := visit(t, api, "GET", "/posts", "")
	if w.Code != 200 || !slices.Equal(w.Header().Values("Set-Cookie"), []string{kept}) {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// twoCookies sets another cookie beside the refresh cookie with every answer, and clears the latter from the second
// answer on.
type twoCookies struct{ answers int }

func (a *twoCookies) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	a.answers++
	w.Header().Set("Content-Type", "application/json")
	w.Header().Add("Set-Cookie", fmt.Sprintf("__Host-Http-device=d%d; Path=/; HttpOnly; Secure; SameSite=Lax", min(a.answers, 2)))
	if a.answers == 1 {
		w.Header().Add("Set-Cookie", kept)
		_, _ = io.WriteString(w, refreshed(300))
		return
	}
	w.Header().Add("Set-Cookie", cleared)
	w.Header().Add("Set-Cookie", cleared+"; Partitioned")
	_, _ = io.WriteString(w, `{"data":{"logout":true}}`)
}

// Each cookie is passed on by its own name.
func TestCookiesArePassedOnByName(t *testing.T) {
	const device = "__Host-Http-device=d2; Path=/; HttpOnly; Secure; SameSite=Lax"
	for _, row := range []struct {
		name, method, form string
		cookies            []string
	}{
		{"page", "GET", "", []string{kept, device}},
		{"logging out", "POST", "intent=logout", []string{device, cleared, cleared + "; Partitioned"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := visit(t, &twoCookies{}, row.method, "/posts", row.form).Header().Values("Set-Cookie")
			if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(row.cookies))) {
				t.Errorf("the cookies are %q, want %q", got, row.cookies)
			}
		})
	}
}
