package route_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql/introspection"

	"example.com/latchkey/server/internal/servertest"
)

// Packed bodies are refused, of the API and of forms.
func TestPackedBodies(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	for _, row := range []struct {
		coding string
		status int
	}{
		{"gzip", 415}, {"br", 415}, {"deflate, gzip", 415}, {"zstd", 415}, {"", 200}, {"identity", 200}, {" Identity", 200},
	} {
		t.Run(row.coding, func(t *testing.T) {
			s := site{s.Server, t}
			header := map[string]string{"Content-Type": "application/json"}
			form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
			if row.coding != "" {
				header["Content-Encoding"], form["Content-Encoding"] = row.coding, row.coding
			}
			a := s.request("POST", "/graphql", header, `{"query":"{ __typename }"}`)
			if a.status != row.status || row.status == 415 && (a.said() != "BAD_USER_INPUT" || a.header.Get("Accept-Encoding") != "identity") {
				t.Errorf("%d %s %v", a.status, a.body, a.header)
			}
			page := s.request("POST", "/login", form, "intent=logout")
			if (page.status == 415) != (row.status == 415) {
				t.Errorf("the form: %d %s", page.status, page.body)
			}
		})
	}
}

// Each of many logins in one request counts for itself; and so many cost too much for one request.
func TestManyLoginsInOneRequest(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{LoginAttempts: 4})
	s.register("ada")
	try := func(n int) answer {
		return s.ask(ask{query: `mutation {` + aliases(`login(email: "ada@example.com", password: "wrong password") { accessToken }`, n) + `}`})
	}
	for n, tells := range map[int]string{4: "complexity", 50: "complexity", 100: "token"} {
		if a := try(n); a.status != 422 || !strings.Contains(a.body, tells) {
			t.Errorf("%d at once: %d %s", n, a.status, a.body)
		}
	}
	codes := func(n int) (codes []any) {
		for range n {
			a := try(1) // a null where none may be ends the whole mutation, so each is a request of its own
			codes = append(codes, a.errors[0].Extensions["code"])
		}
		return codes
	}
	if got := fmt.Sprint(codes(5)); got != "[UNAUTHENTICATED UNAUTHENTICATED UNAUTHENTICATED UNAUTHENTICATED RATE_LIMITED]" {
		t.Errorf("one after another: %s", got)
	}
}

// Who builds on the API may have it answer introspection, with --dev and not else.
func TestIntrospectionForDevelopers(t *testing.T) {
	t.Parallel()
	for _, dev := range []bool{false, true} {
		s := start(t, servertest.Options{Dev: dev})
		a := s.ask(ask{query: introspection.Query})
		if told := strings.Contains(a.body, `"logoutEverywhere"`); told != dev || (a.status == 200) != dev {
			t.Errorf("dev %v: %d %.200s", dev, a.status, a.body)
		}
		if a := s.ask(ask{query: `{ me { id } }`}); a.said() != "UNAUTHENTICATED NO_TOKEN" {
			t.Errorf("dev %v: %s", dev, a.body)
		}
	}
}

// TestAtOnceFromOneAddress has one address send bodies that never come: so many are waited for, the next one is refused at
// once, and other requests and other addresses are answered meanwhile.
func TestAtOnceFromOneAddress(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	// The server asks for the body where it waits for it.
	const body = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1048576\r\nExpect: 100-continue\r\n\r\n"
	const small = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	send := func(from, request string) (said string, conn net.Conn) {
		t.Helper()
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		conn, err := dialer.Dial("tcp", "127.0.0.1:"+s.URL[strings.LastIndex(s.URL, ":")+1:])
		must(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
		_, err = conn.Write([]byte(request))
		must(t, err)
		answer := make([]byte, 4096)
		n, err := conn.Read(answer)
		must(t, err)
		return string(answer[:n]), conn
	}
	const awaited, answered, refused = "HTTP/1.1 100 ", "HTTP/1.1 200 ", "HTTP/1.1 429 "
	var first net.Conn
	for i := range 15 {
		said, conn := send("127.0.0.2", body)
		if !strings.HasPrefix(said, awaited) {
			t.Fatalf("the body of request %d: %q", i+1, said)
		}
		if i == 0 {
			first = conn
		}
	}
	said, _ := send("127.0.0.2", body)
	if !strings.HasPrefix(said, refused) || !strings.Contains(said, "\r\nRetry-After: 1\r\n") || !strings.Contains(said, `"code":"RATE_LIMITED","retryAfter":1`) {
		t.Errorf("one more: %q", said)
	}
	if said, _ := send("127.0.0.3", body); !strings.HasPrefix(said, awaited) {
		t.Errorf("another address: %q", said)
	}
	if said, _ := send("127.0.0.2", small); !strings.HasPrefix(said, answered) {
		t.Errorf("a small request: %q", said)
	}
	must(t, first.Close())
	eventually(t, "room again", func() bool {
		said, _ := send("127.0.0.2", body)
		return strings.HasPrefix(said, awaited)
	})
}
