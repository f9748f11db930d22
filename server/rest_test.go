package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"example.com/latchkey/server/internal/servertest"
)

// A plain REST service on the API's own origin, as behind one proxy, takes the access token of the same client and
// knows by the API's public keys alone whose it is.
func TestRESTServiceOnTheSameOrigin(t *testing.T) {
	rest := layOut(t, "outside").build(t, "rest.exe", "./rest")
	var origin atomic.Value // known once the server runs
	srv, id := withPost(t, servertest.Options{Wrap: func(api http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/", api)
		mux.HandleFunc("GET /hello", func(w http.ResponseWriter, r *http.Request) { hello(w, r, origin.Load().(string)) })
		return mux
	}})
	origin.Store(srv.URL)
	ask := func(url string) (string, error) {
		cmd := exec.CommandContext(t.Context(), rest, "-endpoint", srv.URL+"/graphql", "-email", demoEmail, "-url", url)
		cmd.Env = append(os.Environ(), "LATCHKEY_PASSWORD="+demoPassword)
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	if text, err := ask(srv.URL + "/hello"); err != nil || text != "hello, "+id {
		t.Errorf("it prints %q, %v", text, err)
	}
	elsewhere := strings.Replace(srv.URL, "localhost", "127.0.0.1", 1)
	if text, err := ask(elsewhere + "/hello"); err == nil || !strings.Contains(text, "401") {
		t.Errorf("from another origin, to which no token goes, it prints %q, %v", text, err)
	}
}

// hello is the service. What it has to check is what RFC 9068 §4 says: type, signature, issuer, audience and expiry.
func hello(w http.ResponseWriter, r *http.Request, origin string) {
	raw, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	token, err := jwt.Parse(raw, keyOf(origin), jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithIssuer(origin),
		jwt.WithAudience(origin+"/graphql"), jwt.WithExpirationRequired())
	if err != nil || !bearer || token.Header["typ"] != "at+jwt" {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	}
	subject, err := token.Claims.GetSubject()
	if err != nil {
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	}
	_, _ = fmt.Fprint(w, "hello, "+subject)
}

// keyOf finds the key that has signed a token among those that the API publishes. A real service keeps them.
func keyOf(origin string) jwt.Keyfunc {
	return func(token *jwt.Token) (any, error) {
		resp, err := http.Get(origin + "/.well-known/jwks.json")
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		var set struct{ Keys []struct{ Kid, X string } }
		if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
			return nil, err
		}
		for _, key := range set.Keys {
			if key.Kid == token.Header["kid"] {
				x, err := base64.RawURLEncoding.DecodeString(key.X)
				return ed25519.PublicKey(x), err
			}
		}
		return nil, jwt.ErrTokenUnverifiable
	}
}
