package session_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/latchkey/shared/session"
)

// resource is a server beside the GraphQL API: it echoes the body of requests whose token is good.
type resource struct {
	f *fake

	mu   sync.Mutex
	seen []*http.Request
	open atomic.Int32 // bodies of requests and answers not closed yet
}

func (r *resource) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Path == "/graphql" {
		return r.f.RoundTrip(req)
	}
	r.mu.Lock()
	r.seen = append(r.seen, req)
	r.mu.Unlock()
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		_ = req.Body.Close()
	}
	status := http.StatusUnauthorized
	r.f.set(func() {
		if r.f.tokens[strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")] {
			status = http.StatusOK
		}
	})
	r.open.Add(1)
	return &http.Response{StatusCode: status, Header: http.Header{}, Request: req,
		Body: &tracked{Reader: strings.NewReader(string(body)), open: &r.open}}, nil
}

type tracked struct {
	io.Reader
	open *atomic.Int32
	once sync.Once
}

func (b *tracked) Close() error {
	b.once.Do(func() { b.open.Add(-1) })
	return nil
}

func (r *resource) authorizations() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var got []string
	for _, req := range r.seen {
		got = append(got, req.Header.Get("Authorization"))
	}
	return got
}

func withResource(t *testing.T, f *fake) (*session.Session, *resource) {
	t.Helper()
	r := &resource{f: f}
	s := open(t, r)
	if err := s.Login(t.Context(), email, password); err != nil {
		t.Fatal(err)
	}
	return s, r
}

// slow spreads answers over two seconds: some 401s come back long after the token has been replaced.
type slow struct{ *resource }

var turn atomic.Int64

func (s slow) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.resource.RoundTrip(req)
	<-time.After(time.Duration(turn.Add(1)%20) * 100 * time.Millisecond)
	return resp, err
}

type idle struct {
	http.RoundTripper
	closed int
}

func (i *idle) CloseIdleConnections() { i.closed++ }
