package screen_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
)

// undecided is the application as the server's renderer has it, with a cookie that only the client's refresh may judge.
func undecided(t *testing.T, api *screentest.API) *screen.App {
	t.Helper()
	api.Refuse("refreshToken", screentest.Problem{Code: "UNAUTHENTICATED", Reason: "UNDECIDED"})
	return visitor(t, api)
}

// Every page that the client must judge says so and says "none". Where a login form would stand it says that the session
// is looked for, and has the form for visitors without a client.
func TestUndecidedPages(t *testing.T) {
	for _, row := range []struct {
		path    string
		status  int
		heading string // of what looks for the session; "": the page is the same as without a session
		form    string // its heading
	}{
		{"/posts", 401, "Your posts", "Log in"},
		{"/posts?after=ann-post2", 401, "Your posts", "Log in"},
		{"/account", 401, "Your sessions", "Log in"},
		{"/login", 200, "One moment", "Log in"},
		{"/signup", 200, "One moment", "Create your account"},
		{"/", 200, "", "Sessions that stay, tokens that don’t"},
		{"/how-it-works", 200, "", "How it works"},
		{"/nowhere", 404, "", "There is no such page"},
	} {
		t.Run(row.path, func(t *testing.T) {
			bubble(t, func(t *testing.T, api *screentest.API) {
				v := undecided(t, api).Show(t.Context(), row.path)
				page := render(t, v)
				if !v.Undecided || v.Session != "none" || v.User != "" || v.Status != row.status || headingOf(t, page) != row.form {
					t.Errorf("%+v", v)
				}
				if looks := strings.Contains(page, "<h1>"+row.heading+"</h1>"); looks != (row.heading != "") || looks && v.Title != "" {
					t.Errorf("titled %q: %s", v.Title, page)
				}
				if n := strings.Count(page, "Looking for your session…"); n != min(len(row.heading), 1) {
					t.Errorf("it says %d times that it looks: %s", n, text(page))
				}
			})
		})
	}
}

// Nothing is done by a form whose session the client must judge, and what was typed is kept. Only an answer to the login
// and sign-up forms themselves shows them.
func TestUndecidedForms(t *testing.T) {
	for _, row := range []struct {
		name   string
		fields []string
		status int
		looks  bool
		held   []string
	}{
		{screen.Publish, []string{"title", "T", "body", "B", "user", "ann"}, 401, true, []string{"kept-user", "ann", "kept-title", "T", "kept-body", "B"}},
		{screen.Delete, []string{"post", "ann-post1"}, 401, true, nil},
		{screen.Revoke, []string{"session", "session1"}, 401, true, nil},
		{screen.ChangePassword, []string{"current", screentest.Password, "new", "another password"}, 401, true, nil},
		{screen.LogoutEverywhere, nil, 401, true, nil},
		{screen.Login, []string{"email", ann, "password", "wrong"}, 401, false, nil},
		{screen.SignUp, []string{"email", ann, "password", "long enough"}, 409, false, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, api *screentest.API) {
				api.Fill(ann, 1)
				api.Enter(ann)
				next, failed := undecided(t, api).Do(t.Context(), "/posts", intent(t, row.name, row.fields...))
				if failed == nil {
					t.Fatalf("it leads to %q", next)
				}
				page := render(t, *failed)
				if failed.Status != row.status || failed.Undecided != row.looks || failed.Session != "none" {
					t.Errorf("%+v", *failed)
				}
				if strings.Contains(page, "Looking for") != row.looks || (alert(page) == "" && fieldError(page, "email") == "") != row.looks {
					t.Error(text(page))
				}
				if diff := cmp.Diff(row.held, held(page)); diff != "" {
					t.Errorf("held (-want +got):\n%s", diff)
				}
				for _, c := range api.Calls() {
					if !row.looks && (c.Op == "login" || c.Op == "signUp") || c.Op == "refreshToken" {
						continue
					}
					t.Errorf("the API was asked for %s", c.Op)
				}
			})
		})
	}
}

// A kept post comes back to its author, is held for an author who has to log in, and is no other user's.
func TestGiveBack(t *testing.T) {
	k := screen.Kept{User: "ann", Title: "T", Body: "B"}
	const bob = "bob@example.com"
	for _, row := range []struct {
		name, user string
		kept       screen.Kept
		want       shown
		back, held bool
	}{
		{"its author", ann, k, shown{200, "Your posts", "active", "ann", "", "Your posts"}, true, false},
		{"another user", bob, k, shown{200, "Your sessions", "active", "bob", "", "Your sessions"}, false, false},
		{"no session", "", k, shown{401, "Log in", "none", "", "", "Log in"}, false, true},
		{"no post", ann, screen.Kept{}, shown{200, "Your sessions", "active", "ann", "", "Your sessions"}, false, false},
		{"neither", "", screen.Kept{}, shown{401, "Log in", "none", "", "", "Log in"}, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, api *screentest.API) {
				if row.user != "" {
					api.Enter(row.user)
				}
				v := visitor(t, api).GiveBack(t.Context(), "/account", row.kept)
				page := render(t, v)
				if diff := cmp.Diff(row.want, what(t, v)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				title, _ := input(page, "title")
				if (title == "T" && alert(page) != "") != row.back || (len(held(page)) == 6) != row.held || strings.Contains(page, `"T"`) != (row.back || row.held) {
					t.Error(page)
				}
			})
		})
	}
}
