package screen_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
)

// shown is what a visitor gets at a path.
type shown struct {
	Status        int
	Title         string
	Session, User string
	Redirect      string
	Heading       string // of the page
}

func what(t *testing.T, v screen.View) shown {
	t.Helper()
	s := shown{Status: v.Status, Title: v.Title, Session: v.Session, User: v.User, Redirect: v.Redirect}
	if v.Redirect == "" {
		s.Heading = headingOf(t, render(t, v))
	}
	return s
}

func TestEveryPath(t *testing.T) {
	none := func(status int, title, heading string) shown {
		return shown{Status: status, Title: title, Session: "none", Heading: heading}
	}
	active := func(status int, title, heading string) shown {
		return shown{Status: status, Title: title, Session: "active", User: "ann", Heading: heading}
	}
	const home = "Sessions that stay, tokens that don’t"
	rows := []struct {
		path    string
		out, in shown
	}{
		{screen.HomePath, none(200, home, home), active(200, home, home)},
		{screen.LoginPath, none(200, "Log in", "Log in"), shown{Status: 303, Redirect: "/posts"}},
		{screen.SignUpPath, none(200, "Create your account", "Create your account"), shown{Status: 303, Redirect: "/posts"}},
		{screen.PostsPath, none(401, "Log in", "Log in"), active(200, "Your posts", "Your posts")},
		{screen.AccountPath, none(401, "Log in", "Log in"), active(200, "Your sessions", "Your sessions")},
		{screen.HowPath, none(200, "How it works", "How it works"), active(200, "How it works", "How it works")},
		{"/nowhere", none(404, "Not found", "There is no such page"), active(404, "Not found", "There is no such page")},
		{"/posts/", none(404, "Not found", "There is no such page"), active(404, "Not found", "There is no such page")},
		{"/Posts", none(404, "Not found", "There is no such page"), active(404, "Not found", "There is no such page")},
	}
	var listed []string
	for _, row := range rows {
		t.Run(row.path, func(t *testing.T) {
			bubble(t, func(t *testing.T, api *screentest.API) {
				for name, c := range map[string]struct {
					app  *screen.App
					want shown
				}{"logged out": {visitor(t, api), row.out}, "logged in": {loggedIn(t, api), row.in}} {
					for _, path := range []string{row.path, row.path + "?a=b"} {
						v := c.app.Show(t.Context(), path)
						if diff := cmp.Diff(c.want, what(t, v)); diff != "" {
							t.Errorf("%s, %s (-want +got):\n%s", name, path, diff)
						}
						if v.Redirect == "" && v.Path != path {
							t.Errorf("%s, %s stands at %s", name, path, v.Path)
						}
					}
				}
			})
		})
		if row.out.Status != http.StatusNotFound {
			listed = append(listed, row.path)
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(screen.Paths())), slices.Sorted(slices.Values(listed))); diff != "" {
		t.Errorf("the pages and the rows above differ:\n%s", diff)
	}
}

func TestRestrictedPages(t *testing.T) {
	bubble(t, func(t *testing.T, api *screentest.API) {
		api.Fill(ann, 3)
		app := visitor(t, api)
		for _, path := range []string{"/posts", "/account", "/%70osts", "/posts?after=ann-post2"} {
			page := render(t, app.Show(t.Context(), path))
			if got := headingOf(t, page); got != "Log in" || strings.Contains(page, "Post 1") || strings.Contains(page, `id="token-`) {
				t.Errorf("%s without a session: %s", path, text(page))
			}
			if !strings.Contains(page, `method="post" action="`+path+`"`) {
				t.Errorf("the login form at %s posts elsewhere: %s", path, page)
			}
		}
		if calls := api.Calls("posts", "sessions"); len(calls) != 0 {
			t.Errorf("asked for %+v without a session", calls)
		}
	})
}

// What nobody has asked the server yet is asked before anybody is turned away.
func TestUnknownSessionIsAskedFor(t *testing.T) {
	for _, row := range []struct {
		name, path string
		entered    bool
		down       bool
		want       shown
		refreshes  int
	}{
		{"restricted, with a cookie", "/posts", true, false, shown{200, "Your posts", "active", "ann", "", "Your posts"}, 1},
		{"restricted, account", "/account", true, false, shown{200, "Your sessions", "active", "ann", "", "Your sessions"}, 1},
		{"restricted, without", "/posts", false, false, shown{401, "Log in", "none", "", "", "Log in"}, 1},
		{"restricted, no network", "/posts", true, true, shown{503, "Not reachable", "none", "", "", "The server does not answer"}, 0},
		{"login needs no network", "/login", true, true, shown{200, "Log in", "none", "", "", "Log in"}, 0},
		{"home needs no network", "/", true, true, shown{200, "Sessions that stay, tokens that don’t", "none", "", "", "Sessions that stay, tokens that don’t"}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, api *screentest.API) {
				if row.entered {
					api.Enter(ann)
				}
				api.Down(row.down)
				ctx, cancel := contextFor(t, 20)
				defer cancel()
				v := screen.New(api.Session(t)).Show(ctx, row.path)
				if diff := cmp.Diff(row.want, what(t, v)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if strings.Contains(render(t, v), "you are still logged in") {
					t.Error("the page claims what nobody knows")
				}
				if n := len(api.Calls("refreshToken")); n != row.refreshes {
					t.Errorf("%d refreshes, want %d", n, row.refreshes)
				}
			})
		})
	}
}

func TestPaging(t *testing.T) {
	for _, row := range []struct {
		name         string
		posts        int
		path         string
		want         []string
		older, newer string
	}{
		{"none", 0, "/posts", nil, "", ""},
		{"one", 1, "/posts", posts(1, 1), "", ""},
		{"a full page", 10, "/posts", posts(10, 1), "", ""},
		{"one more", 11, "/posts", posts(11, 2), "/posts?after=ann-post2", ""},
		{"the second page", 25, "/posts?after=ann-post16", posts(15, 6), "/posts?after=ann-post6", "/posts"},
		{"the last page", 25, "/posts?after=ann-post6", posts(5, 1), "", "/posts"},
		{"a page that ends with the posts", 20, "/posts?after=ann-post11", posts(10, 1), "", "/posts"},
		{"beyond the last", 5, "/posts?after=ann-post1", nil, "", "/posts"},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, api *screentest.API) {
				api.Fill(ann, row.posts)
				page := render(t, loggedIn(t, api).Show(t.Context(), row.path))
				if diff := cmp.Diff(row.want, titles(page)); diff != "" {
					t.Errorf("posts (-want +got):\n%s", diff)
				}
				for rel, href := range map[string]string{"next": row.older, "prev": row.newer} {
					link := fmt.Sprintf(`<a href="%s" rel="%s">`, href, rel)
					if got := strings.Contains(page, `rel="`+rel+`"`); got != (href != "") || got && !strings.Contains(page, link) {
						t.Errorf("want the link %q in %s", link, page)
					}
				}
			})
		})
	}
}

// posts are the titles from the newest to the oldest.
func posts(newest, oldest int) (list []string) {
	for n := newest; n >= oldest; n-- {
		list = append(list, fmt.Sprintf("Post %d", n))
	}
	return list
}

// A page never shows one person's things under the name of another who has logged in meanwhile.
func TestPageIsOfTheOneItWasLoadedFor(t *testing.T) {
	for path, op := range map[string]string{"/posts": "posts", "/account": "sessions"} {
		bubble(t, func(t *testing.T, api *screentest.API) {
			api.Fill(ann, 1)
			api.Enter(ann)
			s := api.Session(t)
			if err := s.Resume(t.Context()); err != nil {
				t.Fatal(err)
			}
			release := api.Hold(op)
			views := make(chan screen.View)
			go func() { views <- screen.New(s).Show(t.Context(), path) }()
			settle()
			if err := s.Login(t.Context(), "bob@example.com", screentest.Password); err != nil {
				t.Fatal(err)
			}
			release()
			v := <-views
			if page := render(t, v); v.User != "ann" || strings.Contains(page, "Bob") {
				t.Errorf("%s: what was loaded for ann is shown to %s: %s", path, v.User, text(page))
			}
		})
	}
}
