package route_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// Every answer with a body says what it is, and a text says its charset (OWASP ASVS 4.1.1). JSON has none: it is UTF-8
// (RFC 8259 §8.1).
func TestContentTypes(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	type header = map[string]string
	const html, text, object = "text/html; charset=utf-8", "text/plain; charset=utf-8", "application/json"
	live := header{"Cookie": graph.CookieName + "=" + m.refresh}
	posted := header{"Content-Type": "application/json"}
	for _, row := range []struct {
		method, path string
		header       header
		body, want   string
	}{
		{"GET", "/", nil, "", html},
		{"GET", "/posts", live, "", html},
		{"GET", "/posts", nil, "", html},
		{"GET", "/nowhere", nil, "", html},
		{"POST", "/posts", header{"Content-Type": "text/plain"}, "x", text},
		{"PUT", "/posts", nil, "", text},
		{"POST", "/login", header{"Sec-Fetch-Site": "cross-site"}, "intent=logout", text},
		{"GET", "/assets/nothing.js", nil, "", text},
		{"GET", "/assets/worker.js", nil, "", text},
		{"GET", "/", header{"Service-Worker": "script"}, "", text},
		{"GET", "/healthz", nil, "", text},
		{"GET", "/readyz", nil, "", text},
		{"GET", "/.well-known/jwks.json", nil, "", "application/jwk-set+json"},
		{"GET", "/graphql", nil, "", object},
		{"POST", "/graphql", nil, "{}", object},
		{"POST", "/graphql", posted, "{", object},
		{"POST", "/graphql", posted, `{"query":"{ __typename }"}`, object},
		{"POST", "/graphql", with(posted, header{"Authorization": "Bearer x"}), `{"query":"{ __typename }"}`, object},
		{"POST", "/graphql", with(posted, header{"Accept": "application/graphql-response+json"}), `{"query":"{ __typename }"}`, "application/graphql-response+json"},
	} {
		t.Run(fmt.Sprintf("%s %s %v", row.method, row.path, row.header), func(t *testing.T) {
			a := site{s.Server, t}.request(row.method, row.path, row.header, row.body)
			if got := a.header.Values("Content-Type"); a.body == "" || len(got) != 1 || got[0] != row.want {
				t.Errorf("%d with %d bytes of %q, want %s", a.status, len(a.body), got, row.want)
			}
		})
	}
}

// The end of a message is where its framing says, and never where another reader could see another end (OWASP ASVS
// 4.2.1): a second request must not hide in the body of the first.
func TestBoundariesOfMessages(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	const head = "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	const hidden = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for _, row := range []struct {
		name, send string
		statuses   []int // of the answers, until the server closes
	}{
		{"chunks, and a length that ends later", head + "Content-Length: 90\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nintent=x\r\n0\r\n\r\n" + hidden, []int{400, 200, 404}},
		{"chunks, and a length that ends sooner", head + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nintent=x\r\n0\r\n\r\n" + hidden, []int{400, 200, 404}},
		{"two lengths", head + "Content-Length: 8\r\nContent-Length: 9\r\n\r\nintent=x" + hidden, []int{400}},
		{"a length with a sign", head + "Content-Length: +8\r\n\r\nintent=x" + hidden, []int{400}},
		{"two codings", head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + hidden, []int{501}},
		{"a coding with a space before its colon", head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden, []int{400}},
		{"a chunk without its size", head + "Transfer-Encoding: chunked\r\n\r\nx\r\nintent=x\r\n0\r\n\r\n" + hidden, []int{400}},
		{"a header that is folded", head + "X-A: b\r\n Content-Length: 8\r\n\r\n" + hidden, []int{400, 200, 404}},
	} {
		t.Run(row.name, func(t *testing.T) {
			conn := dial(site{s.Server, t})
			if _, err := io.WriteString(conn, row.send+"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			var got []int
			for r := bufio.NewReader(conn); ; {
				resp, err := http.ReadResponse(r, nil)
				if err != nil {
					break // the server has closed
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					t.Fatal(err)
				}
				got = append(got, resp.StatusCode)
			}
			if !slices.Equal(got, row.statuses) {
				t.Errorf("the answers are %v, want %v", got, row.statuses)
			}
		})
	}
}
