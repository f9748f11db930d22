package session_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/shared/session"
)

const (
	cookieName = "__Host-Http-refreshToken"
	endpoint   = "https://app.example/graphql"
	email      = "ann@example.com"
	password   = "correct horse"
)

var errCut = errors.New("the wire is cut")

// call is a GraphQL request as the fake has seen it.
type call struct {
	op     string
	vars   map[string]any
	cookie string
	bearer string
	at     time.Time
}

// fake is a GraphQL API with one account and one session at a time. It is called through RoundTrip: no sockets.
type fake struct {
	// mu guards what follows. It is not held while net runs.
	mu     sync.Mutex
	life   time.Duration
	skew   time.Duration // of the server's clock
	cookie string        // the one good refresh cookie; "" where there is no session
	tokens map[string]bool
	reason session.Reason // with which a refresh is refused
	issued int
	calls  []call
	net    func(op string, req *http.Request, next http.RoundTripper) (*http.Response, error)
}

func newFake() *fake {
	return &fake{life: 5 * time.Minute, tokens: make(map[string]bool), reason: session.ReasonUnknownToken}
}

// over has every request pass through net from now on.
func (f *fake) over(net func(op string, req *http.Request, next http.RoundTripper) (*http.Response, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.net = net
}

// set changes the fake.
func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// seen returns the calls of op so far, "" for all.
func (f *fake) seen(op string) []call {
	f.mu.Lock()
	defer f.mu.Unlock()
	var seen []call
	for _, c := range f.calls {
		if op == "" || c.op == op {
			seen = append(seen, c)
		}
	}
	return seen
}

// RoundTrip implements http.RoundTripper.
func (f *fake) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	net := f.net
	f.mu.Unlock()
	if net == nil {
		return f.serve(req)
	}
	return net(operation(req), req, roundTripper(f.serve))
}

func (f *fake) serve(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	f.ServeHTTP(w, req)
	if req.Body != nil {
		_ = req.Body.Close()
	}
	return w.Result(), nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// operation names what req asks for, without touching its body.
func operation(req *http.Request) string {
	if req.GetBody == nil {
		return ""
	}
	body, err := req.GetBody()
	if err != nil {
		return ""
	}
	var in struct{ Query string }
	if err := json.NewDecoder(body).Decode(&in); err != nil {
		return ""
	}
	return named(in.Query)
}

func named(query string) string {
	for _, op := range []string{"refreshToken", "logoutEverywhere", "logout", "login", "signUp", "me"} {
		if strings.Contains(query, op) {
			return op
		}
	}
	return ""
}

// ServeHTTP implements http.Handler.
func (f *fake) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var in struct {
		Query     string
		Variables map[string]any
	}
	if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	c := call{op: named(in.Query), vars: in.Variables, bearer: req.Header.Get("Authorization"), at: time.Now()}
	if cookie, err := req.Cookie(cookieName); err == nil {
		c.cookie = cookie.Value
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, c)
	f.answer(w, c)
}

// answer is called with mu held.
func (f *fake) answer(w http.ResponseWriter, c call) {
	if c.bearer != "" && !f.tokens[strings.TrimPrefix(c.bearer, "Bearer ")] {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
		fail(w, session.CodeUnauthenticated, session.ReasonAccessTokenExpired)
		return
	}
	switch c.op {
	case "login", "signUp":
		if c.vars["password"] != password {
			fail(w, session.CodeUnauthenticated, session.ReasonInvalidCredentials)
			return
		}
		f.grant(w, c.op)
	case "refreshToken":
		switch {
		case c.cookie == "":
			fail(w, session.CodeUnauthenticated, session.ReasonNoToken)
		case c.cookie != f.cookie:
			setCookie(w, "", -1)
			fail(w, session.CodeUnauthenticated, f.reason)
		default:
			f.grant(w, c.op)
		}
	case "logout", "logoutEverywhere":
		f.cookie = ""
		clear(f.tokens)
		setCookie(w, "", -1)
		answers := map[string]any{"logout": true, "logoutEverywhere": 3}
		reply(w, map[string]any{"data": map[string]any{c.op: answers[c.op]}})
	case "me":
		if c.bearer == "" {
			fail(w, session.CodeUnauthenticated, session.ReasonNoToken)
			return
		}
		reply(w, map[string]any{"data": map[string]any{"me": map[string]any{"email": email}}})
	}
}

func (f *fake) grant(w http.ResponseWriter, op string) {
	f.issued++
	f.cookie = fmt.Sprintf("cookie-%d.secret", f.issued)
	token := jwt(time.Now().Add(f.skew), f.life, f.issued)
	f.tokens[token] = true
	setCookie(w, f.cookie, 3600)
	reply(w, map[string]any{"data": map[string]any{op: map[string]any{
		"accessToken": token,
		"user":        map[string]any{"id": "u1", "email": email, "name": "Ann"},
	}}})
}

func jwt(now time.Time, life time.Duration, n int) string {
	enc := base64.RawURLEncoding.EncodeToString
	iat := float64(now.UnixMilli()) / 1000
	payload := fmt.Sprintf(`{"iat":%f,"exp":%f,"sid":"s1","jti":"j%d"}`, iat, iat+life.Seconds(), n)
	return enc([]byte(`{"alg":"EdDSA"}`)) + "." + enc([]byte(payload)) + "." + enc([]byte("signature"))
}

func setCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: value, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func reply(w http.ResponseWriter, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(err)
	}
}

func fail(w http.ResponseWriter, code session.Code, reason session.Reason) {
	extensions := map[string]any{"code": code}
	if reason != "" {
		extensions["reason"] = reason
	}
	reply(w, map[string]any{"data": nil, "errors": []any{map[string]any{"message": "no", "extensions": extensions}}})
}

// open returns a session with f, with a jar also where the default is none.
func open(t testing.TB, f http.RoundTripper, opts ...session.Option) *session.Session {
	t.Helper()
	opts = append([]session.Option{session.WithTransport(f), session.WithJar(newJar(t))}, opts...)
	s, err := session.New(endpoint, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// login opens a session and logs in.
func login(t testing.TB, f *fake, opts ...session.Option) *session.Session {
	t.Helper()
	s := open(t, f, opts...)
	if err := s.Login(context.Background(), email, password); err != nil {
		t.Fatal(err)
	}
	return s
}
