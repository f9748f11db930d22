package route_test

import (
	"strings"
	"testing"

	"example.com/latchkey/server/internal/servertest"
)

// What is refused is in the log, with why, from where, by whom where that is known, and the request's id. What people do
// by mistake in a form is not.
func TestRefusalsAreLogged(t *testing.T) {
	t.Parallel()
	type header = map[string]string
	posted := header{"Content-Type": "application/json"}
	as := func(m member) header { return with(posted, header{"Authorization": "Bearer " + m.access}) }
	const deleted = `{"query":"mutation { deletePost(id: \"00000000-0000-7000-8000-000000000000\") }"}`
	for _, row := range []struct {
		name, method, path string
		header             func(m member) header
		body, kind         string // "": nothing is logged
	}{
		{"from another site", "POST", "/login", func(member) header { return header{"Sec-Fetch-Site": "cross-site"} }, "intent=logout", "forbidden request"},
		{"a forged token", "POST", "/graphql", func(member) header { return with(posted, header{"Authorization": "Bearer x.y.z"}) }, `{"query":"{ me { id } }"}`, "invalid access token"},
		{"no token", "POST", "/graphql", func(member) header { return posted }, `{"query":"{ me { id } }"}`, "restricted field without an access token"},
		{"a post that is not the account's", "POST", "/graphql", as, deleted, "object that is not the account's, or gone"},
		{"a session that is not the account's", "POST", "/graphql", as, strings.Replace(deleted, "deletePost", "revokeSession", 1), "object that is not the account's, or gone"},
		{"too large", "POST", "/graphql", func(member) header { return posted }, strings.Repeat(" ", 1<<20+1), "too large a body"},
		{"broken", "POST", "/graphql", func(member) header { return posted }, "{", "malformed request"},
		{"another type", "POST", "/graphql", func(member) header { return header{"Content-Type": "text/plain"} }, "x", "unsupported media type"},
		{"too expensive", "POST", "/graphql", as, `{"query":"{ a: posts(first: 100) { id } b: posts(first: 100) { id body title createdAt } c: posts(first: 100) { id body title createdAt } d: posts(first: 100) { id body title createdAt } e: posts(first: 100) { id body title createdAt } f: posts(first: 100) { id body title createdAt } }"}`, "invalid or too expensive query"},
		{"a restricted page", "GET", "/posts", func(member) header { return nil }, "", ""},
		{"a mistake in a form", "POST", "/signup", func(member) header { return header{"Content-Type": "application/x-www-form-urlencoded"} }, "intent=signup&email=x&password=y", ""},
		{"a query", "POST", "/graphql", as, `{"query":"{ me { id } }"}`, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := start(t, servertest.Options{Brief: true})
			m := s.register("ada")
			before := len(s.Log())
			a := s.request(row.method, row.path, row.header(m), row.body)
			line := s.Log()[before:]
			if row.kind == "" {
				if strings.Contains(line, "refused") {
					t.Errorf("%d: the log says %s", a.status, line)
				}
				return
			}
			for _, want := range []string{`level=INFO msg="request refused"`, `kind="` + row.kind + `"`, "remote_addr=127.0.0.1 path=" + row.path, "request=" + a.header.Get("X-Request-Id")} {
				if !strings.Contains(line, want) {
					t.Errorf("%d: the log does not say %s: %s", a.status, want, line)
				}
			}
			if known := strings.Contains(line, "user_id="+m.user.ID+" session_id="+m.session); known != strings.HasPrefix(row.kind, "object") {
				t.Errorf("the account is in the log: %t: %s", known, line)
			}
		})
	}
}
