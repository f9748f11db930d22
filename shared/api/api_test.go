package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"example.com/latchkey/shared/api"
	"example.com/latchkey/shared/session"
)

// backend answers every operation with data, after it has held the operation against the public schema.
type backend struct {
	t      *testing.T
	schema *ast.Schema
	data   string
	vars   map[string]any
}

// grant has iat 1000 and exp 1300.
const grant = `{"accessToken":"e30.eyJpYXQiOjEwMDAsImV4cCI6MTMwMH0.c2ln","user":{"id":"u1","email":"ann@example.com","name":"Ann"}}`

func newBackend(t *testing.T) *backend {
	t.Helper()
	text, err := os.ReadFile("../../server/internal/graph/schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	return &backend{t: t, schema: schema}
}

func (b *backend) RoundTrip(req *http.Request) (*http.Response, error) {
	var in struct {
		Query     string
		Variables map[string]any
	}
	if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
		return nil, err
	}
	if err := req.Body.Close(); err != nil {
		return nil, err
	}
	doc, errs := gqlparser.LoadQueryWithRules(b.schema, in.Query, rules.NewDefaultRules())
	if errs != nil {
		b.t.Errorf("%s does not fit the schema: %v", in.Query, errs)
		return nil, errs
	}
	if _, err := validator.VariableValues(b.schema, doc.Operations[0], in.Variables); err != nil {
		b.t.Errorf("%v of %s do not fit the schema: %v", in.Variables, in.Query, err)
	}
	data := b.data
	for _, op := range []string{"login", "signUp", "refreshToken"} {
		if strings.Contains(in.Query, op+"(") {
			data = `{"` + op + `":` + grant + `}`
		}
	}
	b.vars = in.Variables
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"data":` + data + `}`))}, nil
}

func open(t *testing.T, b *backend) *session.Session {
	t.Helper()
	s, err := session.New("https://app.example/graphql", session.WithTransport(b))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Login(t.Context(), "ann@example.com", "secret"); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOperations(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	const when = `"2026-11-23T09:30:00Z"`
	const post = `{"id":"p1","title":"T","body":"B","createdAt":` + when + `}`
	type vars = map[string]any
	tests := []struct {
		name string
		call func(ctx context.Context, c *api.Client) (any, error)
		data string
		vars vars
		want any
	}{
		{"Me", func(ctx context.Context, c *api.Client) (any, error) { return c.Me(ctx) },
			`{"me":{"id":"u1","email":"e","name":"n"}}`, nil, session.User{ID: "u1", Email: "e", Name: "n"}},
		{"Posts", func(ctx context.Context, c *api.Client) (any, error) { return c.Posts(ctx, 2, "") },
			`{"posts":[` + post + `,` + post + `]}`, vars{"first": 2.0, "after": nil},
			[]api.Post{{"p1", "T", "B", at}, {"p1", "T", "B", at}}},
		{"Posts, the next", func(ctx context.Context, c *api.Client) (any, error) { return c.Posts(ctx, 2, "p1") },
			`{"posts":[]}`, vars{"first": 2.0, "after": "p1"}, []api.Post{}},
		{"CreatePost", func(ctx context.Context, c *api.Client) (any, error) { return c.CreatePost(ctx, "T", "B") },
			`{"createPost":` + post + `}`, vars{"title": "T", "body": "B"}, api.Post{ID: "p1", Title: "T", Body: "B", CreatedAt: at}},
		{"DeletePost", func(ctx context.Context, c *api.Client) (any, error) { return nil, c.DeletePost(ctx, "p1") },
			`{"deletePost":true}`, vars{"id": "p1"}, nil},
		{"Account", func(ctx context.Context, c *api.Client) (any, error) { return c.Account(ctx, 2, "a1") },
			`{"sessions":[{"id":"s1","createdAt":` + when + `,"lastUsedAt":` + when + `,"expiresAt":` + when + `,"userAgent":"ua","ip":"::1","current":true}],
			"activity":[{"id":"a2","kind":"LOGGED_IN","reason":null,"at":` + when + `,"lastAt":` + when + `,"count":1,"current":true,"userAgent":"ua","ip":"::1"},
			{"id":"a3","kind":"LOGIN_FAILED","reason":"RATE_LIMITED","at":` + when + `,"lastAt":` + when + `,"count":7,"current":false,"userAgent":"","ip":""}]}`,
			vars{"first": 2.0, "after": "a1"}, api.Account{
				Sessions: []api.Session{{"s1", at, at, at, "ua", "::1", true}},
				Activity: []api.Activity{
					{"a2", "LOGGED_IN", "", at, at, 1, true, "ua", "::1"},
					{"a3", "LOGIN_FAILED", "RATE_LIMITED", at, at, 7, false, "", ""},
				}}},
		{"RevokeSession", func(ctx context.Context, c *api.Client) (any, error) { return nil, c.RevokeSession(ctx, "s2") },
			`{"revokeSession":true}`, vars{"id": "s2"}, nil},
		{"ChangePassword", func(ctx context.Context, c *api.Client) (any, error) { return nil, c.ChangePassword(ctx, "a", "b") },
			`{"changePassword":true}`, vars{"current": "a", "new": "b"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBackend(t)
			c := api.New(open(t, b))
			b.data = test.data
			got, err := test.call(t.Context(), c)
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, test.want)
			}
			if !reflect.DeepEqual(b.vars, test.vars) {
				t.Errorf("sent %v, want %v", b.vars, test.vars)
			}
		})
	}
}

func TestNothingToChangeIsNotFound(t *testing.T) {
	b := newBackend(t)
	c := api.New(open(t, b))
	b.data = `{"deletePost":false}`
	if err := c.DeletePost(t.Context(), "p1"); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("DeletePost: %v", err)
	}
	b.data = `{"revokeSession":false}`
	if err := c.RevokeSession(t.Context(), "s2"); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("RevokeSession: %v", err)
	}
}

func TestErrorsPass(t *testing.T) {
	b := newBackend(t)
	s := open(t, b)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c := api.New(s)
	ctx := t.Context()
	calls := map[string]func() error{
		"Me":             func() error { _, err := c.Me(ctx); return err },
		"Posts":          func() error { _, err := c.Posts(ctx, 1, ""); return err },
		"CreatePost":     func() error { _, err := c.CreatePost(ctx, "T", "B"); return err },
		"DeletePost":     func() error { return c.DeletePost(ctx, "p") },
		"Account":        func() error { _, err := c.Account(ctx, 1, ""); return err },
		"RevokeSession":  func() error { return c.RevokeSession(ctx, "s") },
		"ChangePassword": func() error { return c.ChangePassword(ctx, "a", "b") },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, session.ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
}

// The session's own operations fit the schema, too.
func TestSessionFitsTheSchema(t *testing.T) {
	b := newBackend(t)
	s := open(t, b)
	ctx := t.Context()
	if err := errors.Join(s.SignUp(ctx, "e", "p", ""), s.SignUp(ctx, "e", "p", "n"), s.Resume(ctx)); err != nil {
		t.Error(err)
	}
	b.data = `{"logoutEverywhere":2}`
	if n, err := s.LogoutEverywhere(ctx); n != 2 || err != nil {
		t.Errorf("LogoutEverywhere() = %d, %v", n, err)
	}
	b.data = `{"logout":true}`
	if err := s.Logout(ctx); err != nil {
		t.Error(err)
	}
}
