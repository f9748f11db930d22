//go:build !js

package session_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"example.com/latchkey/shared/session"
)

// The default jar keeps and sends a Secure cookie with the __Host- prefixes over http where browsers do: on loopback.
func TestDefaultJar(t *testing.T) {
	tests := []struct {
		endpoint string
		sent     bool
	}{
		{"https://app.example/graphql", true},
		{"http://localhost:8080/graphql", true},
		{"http://LOCALHOST/graphql", true},
		{"http://app.localhost:8080/graphql", true},
		{"http://127.0.0.1:8080/graphql", true},
		{"http://127.8.9.10/graphql", true},
		{"http://[::1]:8080/graphql", true},
		{"http://app.example/graphql", false},
		{"http://192.168.1.2/graphql", false},
		{"http://localhost.example/graphql", false},
	}
	for _, test := range tests {
		t.Run(test.endpoint, func(t *testing.T) {
			f := newFake()
			s, err := session.New(test.endpoint, session.WithTransport(f))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.Login(t.Context(), email, password); err != nil {
				t.Fatal(err)
			}
			if err := s.Resume(t.Context()); (err == nil) != test.sent {
				t.Errorf("Resume: %v; the cookie is sent: %v, want %v", err, f.seen("refreshToken")[0].cookie != "", test.sent)
			}
		})
	}
}

// Over real sockets: log in, be refreshed by the timer and after a 401, log out.
func TestOverTheNetwork(t *testing.T) {
	servers := map[string]func(http.Handler) *httptest.Server{
		"http":  httptest.NewServer,
		"https": httptest.NewTLSServer,
	}
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.life = time.Second
			server := start(f)
			defer server.Close()
			s, err := session.New(server.URL+"/graphql", session.WithTransport(server.Client().Transport))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			refreshed := make(chan int, 100)
			s.Observe(func(st session.State) { refreshed <- st.Refreshes })
			if err := s.Login(t.Context(), email, password); err != nil {
				t.Fatal(err)
			}
			for n := range refreshed {
				if n == 2 {
					break
				}
			}
			f.set(func() { clear(f.tokens); f.life = time.Minute })
			if err := me(t.Context(), s); err != nil {
				t.Error(err)
			}
			if err := s.Logout(t.Context()); err != nil {
				t.Error(err)
			}
			if err := s.Resume(t.Context()); err == nil {
				t.Error("resumed after the logout")
			}
			for i, c := range f.seen("refreshToken") {
				if last := i == len(f.seen("refreshToken"))-1; (c.cookie == "") != last {
					t.Errorf("refresh %d: %+v", i, c)
				}
			}
		})
	}
}

// What has been cut on a real wire is a fault, and is tried again.
func TestAnswerCutOnTheWire(t *testing.T) {
	f := newFake()
	cut := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-cut:
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"data":null,"errors":[{"message":"no","extensions":{"code":"UNAUTHENTICATED"}}]}`))
		default:
			f.ServeHTTP(w, r)
		}
	}))
	defer server.Close()
	s, err := session.New(server.URL + "/graphql")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Login(t.Context(), email, password); err != nil {
		t.Fatal(err)
	}
	cut <- struct{}{}
	if err := s.Resume(t.Context()); err != nil {
		t.Error(err)
	}
}
