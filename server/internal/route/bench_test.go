package route_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/heap"
	"example.com/latchkey/server/internal/servertest"
)

// benchClients is how many clients refresh at once: as many as the store's own benchmark has, and enough that neither the
// processors nor the disk wait for a client.
const benchClients = 64

// BenchmarkOverHTTP is one load against two servers: a bare net/http handler that reads the same request, signs such a
// token, sets such a cookie and keeps nothing; and a refresh on SQLite, durable when it is answered. What one is of the
// other, in refreshes per second of this run, is the price of all the rest. Both run as `latchkey serve` does.
func BenchmarkOverHTTP(b *testing.B) {
	heap.Tune()
	var bare float64
	b.Run("BareHandler", func(b *testing.B) { bare = refreshBare(b) })
	b.Run("Refresh", func(b *testing.B) {
		rate := refreshServer(b)
		b.ReportMetric(rate/bare, "x-bare")
	})
}

func refreshServer(b *testing.B) (perSecond float64) {
	srv := servertest.Start(b, servertest.Options{Brief: true})
	var n atomic.Int64
	return refreshInParallel(b, srv.URL, func() (string, error) {
		email := fmt.Sprintf("bench%d@example.com", n.Add(1))
		g, err := srv.Auth.SignUp(b.Context(), email, "a long enough password", "", auth.Visitor{})
		return g.RefreshToken, err
	})
}

func refreshBare(b *testing.B) (perSecond float64) {
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
	return refreshInParallel(b, srv.URL, func() (string, error) { return rand.Text(), nil })
}

// refreshInParallel has many clients refresh, each with the cookie of the answer before, and returns how many refreshes
// there were in a second.
func refreshInParallel(b *testing.B, url string, first func() (string, error)) (perSecond float64) {
	b.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: benchClients}
	b.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	var cookies []string
	for range benchClients {
		cookie, err := first()
		if err != nil {
			b.Fatal(err)
		}
		cookies = append(cookies, cookie)
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	ended := make(chan error)
	b.ResetTimer()
	for _, cookie := range cookies {
		go func() {
			var err error
			for err == nil && left.Add(-1) >= 0 {
				cookie, err = exchange(client, url, cookie)
			}
			ended <- err
		}()
	}
	for range cookies {
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}
	return float64(b.N) / b.Elapsed().Seconds()
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
	for _, c := range resp.Cookies() { // the first answer may set another, of a known browser
		if c.Name == graph.CookieName && strings.Contains(string(body), "accessToken") {
			return c.Value, nil
		}
	}
	return "", fmt.Errorf("%s: %s", resp.Status, body)
}
