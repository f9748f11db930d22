package route_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/servertest"
)

func TestCreatePost(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	for _, row := range []struct{ name, title, body, want string }{
		{"plain", "Hello", "World", "Hello"},
		{"trimmed title", "  Hello \n", "World", "Hello"},
		{"longest title", strings.Repeat("ü", 200), "World", strings.Repeat("ü", 200)},
		{"longest body", "Hello", strings.Repeat("x", 20000), "Hello"},
		{"markup", "<b>&amp;", "<script>alert(1)</script>", "<b>&amp;"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := site{s.Server, t}
			a := s.as(m, createPostQuery, map[string]any{"title": row.title, "body": row.body})
			p := a.data.CreatePost
			if p == nil || p.ID == "" || p.Title != row.want || p.Body != row.body {
				t.Fatalf("%d %.300s", a.status, a.body)
			}
			if age := time.Since(p.CreatedAt); age < 0 || age > time.Minute {
				t.Errorf("created %s ago", age)
			}
			if all := s.posts(m); all[0] != *p {
				t.Errorf("the newest post is %+v, want %+v", all[0], *p)
			}
		})
	}
}

// Of many posts those beyond the limit are refused, however many are in one request; reading and deleting go on.
func TestTooManyPosts(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{Posts: 4})
	m, other := s.register("ada"), s.register("grace")
	first := s.publish(m, "Post 0")
	query := `mutation {`
	for i := range 5 {
		query += fmt.Sprintf(` p%d: createPost(title: "Hello", body: "World") { id }`, i)
	}
	a := s.as(m, query+` }`, nil)
	if said := a.said(); !strings.Contains(said, "RATE_LIMITED") || !strings.Contains(a.body, `"retryAfter":`) {
		t.Errorf("%d %.400s", a.status, a.body)
	}
	if all := s.posts(m); len(all) != 4 {
		t.Errorf("%d posts, want 4", len(all))
	}
	v := s.arrive(m)
	v.want(v.submit(v.form(v.get("/posts"), "publish"), "title", "One more", "body", "Kept"), 429, "active", "Those were too many posts.")
	if a := s.as(m, `mutation($id: ID!) { deletePost(id: $id) }`, map[string]any{"id": first.ID}); a.said() != "" {
		t.Errorf("deleting: %s", a.body)
	}
	s.publish(other, "Somebody else's")
}

// An account that has as many posts as it may is told so, by the API and by the page. Deleting one makes room.
func TestPostsKept(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{PostsKept: 2})
	m := s.register("ada")
	first := s.publish(m, "Post 0")
	s.publish(m, "Post 1")
	a := s.as(m, `mutation { createPost(title: "Hello", body: "World") { id } }`, nil)
	if said := a.said(); said != "FORBIDDEN" {
		t.Errorf("%d %.400s", a.status, a.body)
	}
	v := s.arrive(m)
	v.want(v.submit(v.form(v.get("/posts"), "publish"), "title", "One more", "body", "Kept"), 403, "active", "You have 2 posts")
	if a := s.as(m, `mutation($id: ID!) { deletePost(id: $id) }`, map[string]any{"id": first.ID}); a.said() != "" {
		t.Errorf("deleting: %s", a.body)
	}
	s.publish(m, "Post 2")
}

// Pages of posts go from the newest to the oldest, without a gap, also where the last seen one is deleted meanwhile.
func TestPostsAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m, other := s.register("ada"), s.register("grace")
	var ids []string // newest first
	for i := range 25 {
		ids = slices.Insert(ids, 0, s.publish(m, fmt.Sprintf("Post %d", i)).ID)
		s.publish(other, "Somebody else's")
	}
	for _, row := range []struct {
		name string
		vars map[string]any
		want []string
	}{
		{"twenty where nobody says", nil, ids[:20]},
		{"first", map[string]any{"first": 3}, ids[:3]},
		{"after", map[string]any{"first": 3, "after": ids[2]}, ids[3:6]},
		{"the rest", map[string]any{"first": 100, "after": ids[19]}, ids[20:]},
		{"after the last", map[string]any{"after": ids[24]}, nil},
		{"all", map[string]any{"first": 100}, ids},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := idsOf(site{s.Server, t}.as(m, postsQuery, row.vars)); !slices.Equal(got, row.want) {
				t.Errorf("got %v\nwant %v", got, row.want)
			}
		})
	}
	s.as(m, deletePostQuery, map[string]any{"id": ids[2]})
	if got := idsOf(s.as(m, postsQuery, map[string]any{"first": 3, "after": ids[2]})); !slices.Equal(got, ids[3:6]) {
		t.Errorf("after a deleted post: got %v\nwant %v", got, ids[3:6])
	}
}

func idsOf(a answer) (ids []string) {
	for _, p := range a.data.Posts {
		ids = append(ids, p.ID)
	}
	return ids
}

func TestDeletePost(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	ada, grace := s.register("ada"), s.register("grace")
	mine, hers := s.publish(ada, "Mine"), s.publish(grace, "Hers")
	for _, row := range []struct{ name, id, want string }{
		{"another user's", hers.ID, "NOT_FOUND"},
		{"unknown", "019a0000-0000-7000-8000-000000000000", "NOT_FOUND"},
		{"no id", "x' or '1'='1", "NOT_FOUND"},
		{"mine, but in capitals", strings.ToUpper(mine.ID), "NOT_FOUND"},
		{"mine", mine.ID, ""},
		{"mine once more", mine.ID, "NOT_FOUND"},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := site{s.Server, t}.as(ada, deletePostQuery, map[string]any{"id": row.id})
			if got := a.said(); got != row.want {
				t.Errorf("answered %q, want %q: %s", got, row.want, a.body)
			}
			if deleted := a.data.DeletePost; (deleted != nil && *deleted) != (row.want == "") {
				t.Errorf("answered %s", a.body)
			}
		})
	}
	if left := s.posts(ada); len(left) != 0 {
		t.Errorf("ada still has %v", left)
	}
	if left := s.posts(grace); len(left) != 1 || left[0] != hers {
		t.Errorf("grace has %v, want her post", left)
	}
}

// Whatever needs a user says so where no access token comes along, with status 200; a cookie alone is not enough.
func TestRestrictedFieldsNeedAnAccessToken(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	p := s.publish(m, "Mine")
	for _, row := range []struct {
		name, query string
		vars        map[string]any
	}{
		{"me", meQuery, nil},
		{"posts", postsQuery, nil},
		{"sessions", sessionsQuery, nil},
		{"activity", activityQuery, nil},
		{"createPost", createPostQuery, map[string]any{"title": "t", "body": "b"}},
		{"deletePost", deletePostQuery, map[string]any{"id": p.ID}},
		{"revokeSession", revokeQuery, map[string]any{"id": m.session}},
		{"logoutEverywhere", everywhereQuery, nil},
		{"changePassword", changeQuery, map[string]any{"current": password, "new": "another password"}},
	} {
		for how, header := range map[string]map[string]string{
			"no header": nil, "another scheme": {"Authorization": "Basic YWRhOmFkYQ=="},
		} {
			t.Run(row.name+", "+how, func(t *testing.T) {
				a := site{s.Server, t}.ask(ask{query: row.query, vars: row.vars, cookies: []string{m.refresh}, header: header})
				if a.status != 200 || a.said() != "UNAUTHENTICATED NO_TOKEN" || a.header.Get("WWW-Authenticate") != "" {
					t.Errorf("%d %s %v", a.status, a.body, a.header)
				}
				if len(a.header.Values("Set-Cookie")) > 0 {
					t.Errorf("set a cookie: %s", a.header.Values("Set-Cookie"))
				}
			})
		}
	}
	if left := s.posts(m); len(left) != 1 {
		t.Errorf("afterwards there are the posts %v, want the one", left)
	}
	s.loginWith(m.email, password)
}
