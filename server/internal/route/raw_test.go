package route_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/servertest"
)

// dial opens a connection to the server.
func dial(s site) net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+s.URL[strings.LastIndex(s.URL, ":")+1:])
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// What net/http answers itself, to what it cannot parse or what is too large, carries the closed policy too: a window
// on such an answer would be a document of this origin without any.
func TestTheHeadersOfRawAnswers(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	const host = "Host: localhost\r\n"
	good := "GET /healthz HTTP/1.1\r\n" + host + "\r\n"
	for _, row := range []struct {
		name, send string
		status     int // 0: it does not matter
	}{
		{"a path that does not parse", "GET /% HTTP/1.1\r\n" + host + "\r\n", 400},
		{"an URL that is too large", "GET /?" + strings.Repeat("x", 1200000) + " HTTP/1.1\r\n" + host + "\r\n", 431},
		{"headers that are too large", "GET / HTTP/1.1\r\n" + host + "X: " + strings.Repeat("x", 200000) + "\r\n\r\n", 431},
		{"no host", "GET / HTTP/1.1\r\n\r\n", 400},
		{"two hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", 400},
		{"a malformed host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
		{"a malformed header", "GET / HTTP/1.1\r\n" + host + "X y: z\r\n\r\n", 400},
		{"a malformed method", "G@T / HTTP/1.1\r\n" + host + "\r\n", 400},
		{"a malformed request line", "GET\r\n\r\n", 400},
		{"an unknown version", "GET / HTTP/9.9\r\n" + host + "\r\n", 505},
		{"HTTP/2 without TLS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0},
		{"an unknown transfer encoding", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: x\r\n\r\n", 501},
		{"an unknown expectation", "POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\nExpect: x\r\n\r\n", 417},
		{"two lengths", "POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n", 0},
		{"CONNECT", "CONNECT localhost:80 HTTP/1.1\r\n" + host + "\r\n", 0},
		{"HTTP/1.0", "GET /nowhere HTTP/1.0\r\n\r\n", 404},
	} {
		for _, before := range []int{0, 2} {
			t.Run(fmt.Sprintf("%s, after %d good ones", row.name, before), func(t *testing.T) {
				conn := dial(site{s.Server, t})
				go func() { // the server may answer, and stop reading, before all is sent
					_, _ = io.WriteString(conn, strings.Repeat(good, before)+row.send)
				}()
				r := bufio.NewReader(conn)
				for i := range before + 1 {
					resp, err := http.ReadResponse(r, nil)
					if err != nil {
						t.Fatalf("answer %d: %v", i+1, err)
					}
					if _, err := io.Copy(io.Discard, resp.Body); err != nil {
						t.Fatalf("answer %d: %v", i+1, err)
					}
					wantPolicy(t, resp.Header, otherPolicy, "")
					want := row.status
					if i < before {
						want = 200
					}
					if want != 0 && resp.StatusCode != want {
						t.Errorf("answer %d is %s, want %d", i+1, resp.Status, want)
					}
				}
			})
		}
	}
}
