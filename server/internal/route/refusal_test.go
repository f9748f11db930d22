package route_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

const published = `{"query":"mutation { createPost(title: \"t\", body: \"b\") { id } }"}`

// What the API refuses it refuses before it does anything: each request here would publish a post.
func TestRefusedBeforeItDoesAnything(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	mutation := "/graphql?query=" + "mutation%7BcreatePost(title:%22t%22,body:%22b%22)%7Bid%7D%7D"
	type header = map[string]string
	padded := func(n int) string { return published + strings.Repeat(" ", n-len(published)) }
	for _, row := range []struct {
		name, method, path string
		header             header
		body               string
		status             int
		want               string
	}{
		{"mutation by GET", "GET", mutation, nil, "", 405, "BAD_USER_INPUT"},
		{"query by GET", "GET", "/graphql?query=%7B__typename%7D", nil, "", 405, "BAD_USER_INPUT"},
		{"PUT", "PUT", "/graphql", nil, published, 405, "BAD_USER_INPUT"},
		{"DELETE", "DELETE", "/graphql", nil, published, 405, "BAD_USER_INPUT"},
		{"PATCH", "PATCH", mutation, nil, published, 405, "BAD_USER_INPUT"},
		{"OPTIONS", "OPTIONS", "/graphql", header{"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}, "", 405, "BAD_USER_INPUT"},
		{"a form", "POST", "/graphql", header{"Content-Type": "application/x-www-form-urlencoded"}, published, 415, "BAD_USER_INPUT"},
		{"text", "POST", "/graphql", header{"Content-Type": "text/plain"}, published, 415, "BAD_USER_INPUT"},
		{"multipart", "POST", "/graphql", header{"Content-Type": "multipart/form-data; boundary=x"}, published, 415, "BAD_USER_INPUT"},
		{"no content type", "POST", "/graphql", header{"Content-Type": ""}, published, 415, "BAD_USER_INPUT"},
		{"GraphQL's own type", "POST", "/graphql", header{"Content-Type": "application/graphql"}, published, 415, "BAD_USER_INPUT"},
		{"a body over 1 MiB", "POST", "/graphql", nil, padded(1<<20 + 1), 413, "BAD_USER_INPUT"},
		{"another site", "POST", "/graphql", header{"Sec-Fetch-Site": "cross-site"}, published, 403, "FORBIDDEN"},
		{"another host of the site", "POST", "/graphql", header{"Sec-Fetch-Site": "same-site"}, published, 403, "FORBIDDEN"},
		{"a foreign origin", "POST", "/graphql", header{"Origin": "https://evil.example"}, published, 403, "FORBIDDEN"},
		{"no origin to tell", "POST", "/graphql", header{"Origin": "null"}, published, 403, "FORBIDDEN"},
		{"another port", "POST", "/graphql", header{"Origin": "http://localhost:1"}, published, 403, "FORBIDDEN"},
		{"another site, PUT", "PUT", "/graphql", header{"Sec-Fetch-Site": "cross-site"}, published, 403, "FORBIDDEN"},
		{"an expired session's page", "POST", "/graphql", header{"Authorization": "Bearer x"}, published, 401, "UNAUTHENTICATED UNKNOWN_TOKEN"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := site{s.Server, t}
			all := with(header{"Authorization": "Bearer " + m.access, "Content-Type": "application/json", "Cookie": graph.CookieName + "=" + m.refresh}, row.header)
			a := s.request(row.method, row.path, all, row.body)
			if a.status != row.status || a.said() != row.want || a.errors[0].Message == "" {
				t.Errorf("%d %s, want %d %s", a.status, a.body, row.status, row.want)
			}
			if a.status == 405 && a.header.Get("Allow") != "POST" {
				t.Errorf("Allow is %q", a.header.Get("Allow"))
			}
			if a.header.Get("Cache-Control") != "no-store" || a.cookie() != "" || a.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("the headers are %v", a.header)
			}
		})
	}
	if left := s.posts(m); len(left) != 0 {
		t.Errorf("%d posts were published", len(left))
	}
	s.rotated(m.refresh)
}

// What is allowed just the same: the largest body, the own origin, and clients that are no browsers.
func TestNotRefused(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	for i, row := range []struct {
		name   string
		header map[string]string
		body   string
	}{
		{"1 MiB", nil, published + strings.Repeat(" ", 1<<20-len(published))},
		{"a character set", map[string]string{"Content-Type": "application/json; charset=utf-8"}, published},
		{"the own origin", map[string]string{"Origin": s.URL, "Sec-Fetch-Site": "same-origin"}, published},
		{"the own origin, an old browser", map[string]string{"Origin": s.URL}, published},
		{"an offer of another protocol", map[string]string{"Upgrade": "h2c", "Connection": "Upgrade"}, published},
		{"the scheme in another case", map[string]string{"Authorization": "bEARER " + m.access}, published},
		{"typed by the user", map[string]string{"Sec-Fetch-Site": "none"}, published},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := site{s.Server, t}
			all := with(map[string]string{"Authorization": "Bearer " + m.access, "Content-Type": "application/json"}, row.header)
			if a := s.request("POST", "/graphql", all, row.body); a.status != 200 || a.data.CreatePost == nil {
				t.Errorf("%d %s", a.status, a.body)
			}
			if n := len(s.posts(m)); n != i+1 {
				t.Errorf("there are %d posts, want %d", n, i+1)
			}
		})
	}
}

// A query that is broken or over a limit says what is wrong with it, and runs no part of itself.
func TestBrokenAndTooLargeQueries(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	query := func(q string) string { return fmt.Sprintf(`{"query":%q}`, q) }
	deep := strings.Repeat("ofType { ", 12) + "name" + strings.Repeat(" }", 12)
	many := strings.Repeat(" createPost(title: $t, body: $t) { id }", 2000)
	for _, row := range []struct {
		name, body string
		status     int
		tells      string
	}{
		{"no JSON", `{"query":"mutation { logout }","variables":{"password":"hidden sesame"`, 400, "JSON"},
		{"nothing", ``, 400, ""},
		{"a batch", `[` + published + `,` + published + `]`, 400, "JSON"},
		{"two requests", published + published, 400, "JSON"},
		{"a query that is a number", `{"query":5}`, 400, "JSON"},
		{"no query", `{}`, 422, "operation"},
		{"broken syntax", query(`mutation { createPost(title: "t"`), 422, "Expected"},
		{"an unknown field", query(`mutation { createPost(title: "t", body: "b") { id } nonsense }`), 422, "nonsense"},
		{"a missing argument", query(`mutation { createPost(title: "t") { id } }`), 422, "body"},
		{"a wrong variable", `{"query":"mutation($t: String!) { createPost(title: $t, body: $t) { id } }","variables":{"t":{"hidden":"sesame"}}}`, 422, "t"},
		{"which operation?", query(`mutation A { createPost(title: "t", body: "b") { id } } mutation B { logout }`), 422, "operation"},
		{"too deep", query(`{ __type(name: "User") { ` + deep + ` } }`), 422, "deep"},
		{"too complex", query(`{` + aliases(`posts(first: 100) { id title body createdAt }`, 6) + ` }`), 422, "complexity"},
		{"too complex, hidden in a fragment", query(`{ ...F } fragment F on Query {` + aliases(`posts(first: 100) { id title body createdAt }`, 6) + ` }`), 422, "complexity"},
		{"too long", query(`mutation($t: String = "t") {` + many + ` }`), 422, "token"},
		{"introspection", query(`{ __schema { types { name } } }`), 422, "ntrospection"},
		{"introspection, hidden", query(`{ ... on Query { ...F } } fragment F on Query { x: __type(name: "User") { name } }`), 422, "ntrospection"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := site{s.Server, t}
			a := s.request("POST", "/graphql", map[string]string{"Authorization": "Bearer " + m.access, "Content-Type": "application/json"}, row.body)
			if a.status != row.status || a.said() != "BAD_USER_INPUT" || !strings.Contains(a.body, row.tells) {
				t.Errorf("%d %s, want %d, BAD_USER_INPUT and a word of %q", a.status, a.body, row.status, row.tells)
			}
			if strings.Contains(a.body, "sesame") {
				t.Errorf("the answer repeats what was sent: %s", a.body)
			}
		})
	}
	if left := s.posts(m); len(left) != 0 {
		t.Errorf("%d posts were published", len(left))
	}
}

// aliases repeats a field under n names.
func aliases(field string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d: %s", i, field)
	}
	return b.String()
}

// A form from another site is refused before it does anything too; a link from there is not.
func TestFormsFromAnotherSite(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	for _, row := range []struct {
		name   string
		header map[string]string
	}{
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}},
		{"a foreign origin", map[string]string{"Origin": "https://evil.example"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := site{s.Server, t}
			for _, body := range []string{"intent=publish&title=t&body=b", "intent=logout"} {
				all := with(map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Cookie": graph.CookieName + "=" + m.refresh}, row.header)
				a := s.request("POST", "/posts", all, body)
				if a.status != http.StatusForbidden || len(a.header.Values("Set-Cookie")) > 0 {
					t.Errorf("%d %s %v", a.status, a.body, a.header)
				}
			}
		})
	}
	if left := s.posts(m); len(left) != 0 {
		t.Errorf("%d posts were published", len(left))
	}
	link := map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Cookie": graph.CookieName + "=" + m.refresh}
	if a := s.request("GET", "/posts", link, ""); a.status != 200 {
		t.Errorf("a link from another site is answered with %d", a.status)
	}
	s.rotated(m.refresh)
}
