package browsertest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
)

// traffic watches what browsers ask the API over the network. What the server asks itself while it renders a page is
// not in it.
type traffic struct {
	mu        sync.Mutex
	refreshes int
	queries   int             // that carried an access token
	tokens    map[string]bool // every access token that was handed out or sent
	hold      map[string]chan struct{}
}

func newTraffic() *traffic {
	return &traffic{tokens: map[string]bool{}, hold: map[string]chan struct{}{}}
}

// holdBack keeps requests for paths with the suffix waiting until release is called.
func (tr *traffic) holdBack(suffix string) (release func()) {
	gate := make(chan struct{})
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.hold[suffix] = gate
	return sync.OnceFunc(func() { close(gate) })
}

func (tr *traffic) count() (refreshes, queries int) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.refreshes, tr.queries
}

func (tr *traffic) accessTokens() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var list []string
	for tok := range tr.tokens {
		list = append(list, tok)
	}
	return list
}

func (tr *traffic) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tr.wait(r)
		if r.URL.Path != "/graphql" {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		copied := &copyingWriter{ResponseWriter: w}
		next.ServeHTTP(copied, r)
		tr.note(r, string(body), copied.body.Bytes())
	})
}

func (tr *traffic) wait(r *http.Request) {
	tr.mu.Lock()
	var gates []chan struct{}
	for suffix, gate := range tr.hold {
		if strings.HasSuffix(r.URL.Path, suffix) {
			gates = append(gates, gate)
		}
	}
	tr.mu.Unlock()
	for _, gate := range gates {
		select {
		case <-gate:
		case <-r.Context().Done():
		}
	}
}

func (tr *traffic) note(r *http.Request, body string, answer []byte) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if strings.Contains(body, "refreshToken") {
		tr.refreshes++
	}
	if tok, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		tr.queries++
		tr.tokens[tok] = true
	}
	var out struct {
		Data map[string]json.RawMessage `json:"data"`
	}
	if json.Unmarshal(answer, &out) != nil {
		return
	}
	for _, field := range out.Data {
		var payload struct {
			AccessToken string `json:"accessToken"`
		}
		if json.Unmarshal(field, &payload) == nil && payload.AccessToken != "" {
			tr.tokens[payload.AccessToken] = true
		}
	}
}

// copyingWriter keeps a copy of an answer.
type copyingWriter struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (c *copyingWriter) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *copyingWriter) Write(p []byte) (int, error) {
	c.body.Write(p)
	return c.ResponseWriter.Write(p)
}
