package route_test

import (
	"testing"

	"example.com/latchkey/server/internal/servertest"
)

// An answer has the first of its two media types that the request takes, and a broken query the status that goes with
// it (GraphQL over HTTP, "application/graphql-response+json").
func TestMediaTypesOfAnAnswer(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	const plain, response = "application/json", "application/graphql-response+json"
	for _, row := range []struct {
		name, accept, want string
		broken             int
	}{
		{"nothing said", "", plain, 422},
		{"anything", "*/*", plain, 422},
		{"JSON", "application/json", plain, 422},
		{"any application's", "text/html, application/*;q=0.8", plain, 422},
		{"GraphQL's own", response, response, 400},
		{"GraphQL's own with a charset", response + "; charset=utf-8", response, 400},
		{"GraphQL's own first", response + ", application/json", response, 400},
		{"GraphQL's own last", "application/json;q=0.9, " + response, plain, 422},
		{"broken, then JSON", ";;;, application/json", plain, 422},
		{"neither", "text/html", response, 400},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := site{s.Server, t}
			for query, status := range map[string]int{`{"query":"{ __typename }"}`: 200, `{"query":"{ nonsense }"}`: row.broken} {
				a := s.request("POST", "/graphql", map[string]string{"Content-Type": "application/json", "Accept": row.accept}, query)
				if got := a.header.Values("Content-Type"); a.status != status || len(got) != 1 || got[0] != row.want {
					t.Errorf("%s: %d %q, want %d %q", query, a.status, got, status, row.want)
				}
			}
		})
	}
}
