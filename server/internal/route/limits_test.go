package route_test

import (
	"fmt"
	"strings"
	"testing"

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
