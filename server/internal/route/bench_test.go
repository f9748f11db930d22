package route_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// The two benchmarks below are one load against two servers: a refresh on SQLite, durable when it is answered, and a
// bare net/http handler that reads the same request, signs such a token and sets such a cookie, and keeps nothing. What
// one is of the other is the price of all the rest.

// benchClients is how many clients there are for each processor: enough that the disk and the network are kept busy.
const benchClients = 16

func BenchmarkRefreshOverHTTP(b *testing.B) {
	srv := servertest.Start(b, servertest.Options{Brief: true})
	var n atomic.Int64
	refreshInParallel(b, srv.URL, func() (string, error) {
		email := fmt.Sprintf("bench%d@example.com", n.Add(1))
		g, err := srv.Auth.SignUp(b.Context(), email, "a long enough password", "", auth.Visitor{})
		return g.RefreshToken, err
	})
}

func BenchmarkBareHandlerOverHTTP(b *testing.B) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			return
		}
		now := time.Now()
		token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
			"iss": "http://localhost", "aud": []string{"http://localhost/graphql"}, "sub": rand.Text(), "sid": rand.Text(),
			"jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "gen": 1, "client_id": "latchkey",
		}).SignedString(key)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: graph.CookieName, Value: rand.Text() + "." + rand.Text() + rand.Text(), Path: "/",
			MaxAge: 2592000, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"data":{"refreshToken":{"accessToken":%q,"expiryDate":%q}}}`, token, now.UTC().Format(time.RFC3339))
	}))
	b.Cleanup(srv.Close)
	refreshInParallel(b, srv.URL, func() (string, error) { return rand.Text(), nil })
}

// refreshInParallel has many clients refresh, each with the cookie of the answer before.
func refreshInParallel(b *testing.B, url string, first func() (string, error)) {
	b.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 1024}
	b.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	clients := benchClients * runtime.GOMAXPROCS(0)
	cookies := make(chan string, clients)
	for range clients {
		cookie, err := first()
		if err != nil {
			b.Fatal(err)
		}
		cookies <- cookie
	}
	b.SetParallelism(benchClients)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		cookie, err := <-cookies, error(nil)
		for err == nil && pb.Next() {
			cookie, err = exchange(client, url, cookie)
		}
		if err != nil {
			b.Error(err)
		}
	})
}

// exchange sends one refresh and returns the new cookie's value.
func exchange(client *http.Client, url, cookie string) (string, error) {
	req, err := http.NewRequest(http.MethodPost, url+"/graphql",
		strings.NewReader(`{"query":"mutation { refreshToken { accessToken expiryDate } }"}`))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Cookie", graph.CookieName+"="+cookie)
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(resp.Body)
	if err := resp.Body.Close(); err != nil {
		return "", err
	}
	if err != nil {
		return "", err
	}
	if cookies := resp.Cookies(); len(cookies) == 1 && strings.Contains(string(body), "accessToken") {
		return cookies[0].Value, nil
	}
	return "", fmt.Errorf("%s: %s", resp.Status, body)
}
