package screen_test

import (
	"strings"
	"testing"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
)

const newPassword = "another long password"

func TestIntentsLeadOn(t *testing.T) {
	for _, row := range []struct {
		name, path string
		entered    bool
		intent     string
		fields     []string
		next       string
		heading    string // of the page there
		holds      string // what a person reads on it
	}{
		{"log in", "/login", false, screen.Login, []string{"email", ann, "password", screentest.Password}, "/posts", "Your posts", "Ann"},
		{"log in on the way", "/account", false, screen.Login, []string{"email", ann, "password", screentest.Password}, "/account", "Your sessions", "This device"},
		{"log in on the way, query", "/posts?after=ann-post2", false, screen.Login, []string{"email", ann, "password", screentest.Password}, "/posts?after=ann-post2", "Your posts", "Post 1"},
		{"log in after a notice", "/account?done=revoked", false, screen.Login, []string{"email", ann, "password", screentest.Password}, "/account", "Your sessions", ""},
		{"sign up", "/signup", false, screen.SignUp, []string{"name", "Zoe", "email", "zoe@example.com", "password", newPassword}, "/posts", "Your posts", "Zoe"},
		{"sign up without a name", "/signup?x=y", false, screen.SignUp, []string{"email", "zoe@example.com", "password", newPassword}, "/posts", "Your posts", "zoe@example.com"},
		{"log out", "/posts", true, screen.Logout, nil, "/posts", "Log in", ""},
		{"log out after a notice", "/account?done=password&x=y", true, screen.Logout, nil, "/account?x=y", "Log in", ""},
		{"log out, logged out already", "/", false, screen.Logout, nil, "/", "Sessions that stay, tokens that don’t", ""},
		{"log out everywhere", "/account", true, screen.LogoutEverywhere, nil, "/account", "Log in", ""},
		{"publish", "/posts", true, screen.Publish, []string{"title", "A title", "body", "A body"}, "/posts", "Your posts", "A title"},
		{"publish on a later page", "/posts?after=ann-post2", true, screen.Publish, []string{"title", "A title", "body", "A body"}, "/posts", "Your posts", "A title"},
		{"delete", "/posts", true, screen.Delete, []string{"post", "ann-post2"}, "/posts", "Your posts", "Post 1"},
		{"delete what is gone already", "/posts", true, screen.Delete, []string{"post", "ann-post9"}, "/posts", "Your posts", "Post 1"},
		{"delete on a later page", "/posts?after=ann-post3", true, screen.Delete, []string{"post", "ann-post2"}, "/posts?after=ann-post3", "Your posts", "Post 1"},
		{"revoke", "/account", true, screen.Revoke, []string{"session", "session1"}, "/account?done=revoked", "Your sessions", "That session has ended."},
		{"revoke what is gone already", "/account", true, screen.Revoke, []string{"session", "session9"}, "/account?done=revoked", "Your sessions", "That session has ended."},
		{"change the password", "/account", true, screen.ChangePassword, []string{"current", screentest.Password, "new", newPassword}, "/account?done=password", "Your sessions", "Your password is changed."},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, api *screentest.API) {
				api.Fill(ann, 3)
				api.EnterElsewhere(ann, "curl/8") // session1
				if row.entered {
					api.Enter(ann)
				}
				app := visitor(t, api)
				next, failed := app.Do(t.Context(), row.path, intent(t, row.intent, row.fields...))
				if failed != nil {
					t.Fatalf("failed: %d %s", failed.Status, text(render(t, *failed)))
				}
				if next != row.next {
					t.Errorf("leads to %q, want %q", next, row.next)
				}
				page := render(t, app.Show(t.Context(), next))
				if got := headingOf(t, page); got != row.heading || !strings.Contains(text(page), row.holds) {
					t.Errorf("there: %s, want %q and %q", text(page), row.heading, row.holds)
				}
			})
		})
	}
}

func TestWhatIntentsChange(t *testing.T) {
	bubble(t, func(t *testing.T, api *screentest.API) {
		api.Fill(ann, 2)
		other := api.EnterElsewhere(ann, "curl/8")
		app := loggedIn(t, api)
		do := func(name string, fields ...string) {
			t.Helper()
			if _, failed := app.Do(t.Context(), "/posts", intent(t, name, fields...)); failed != nil {
				t.Fatalf("%s: %s", name, text(render(t, *failed)))
			}
		}
		do(screen.Publish, "title", "  <b>New</b>  ", "body", "line\nline")
		do(screen.Delete, "post", "ann-post1")
		do(screen.Revoke, "session", other)
		do(screen.ChangePassword, "current", screentest.Password, "new", newPassword)
		for _, want := range []struct {
			op   string
			vars map[string]string
		}{
			{"createPost", map[string]string{"title": "  <b>New</b>  ", "body": "line\nline"}},
			{"deletePost", map[string]string{"id": "ann-post1"}},
			{"revokeSession", map[string]string{"id": other}},
			{"changePassword", map[string]string{"current": screentest.Password, "new": newPassword}},
		} {
			calls := api.Calls(want.op)
			if len(calls) != 1 || len(calls[0].Vars) != len(want.vars) {
				t.Fatalf("%s: %+v", want.op, calls)
			}
			for name, value := range want.vars {
				if calls[0].Vars[name] != value {
					t.Errorf("%s: %s is %q, want %q", want.op, name, calls[0].Vars[name], value)
				}
			}
		}
		page := render(t, app.Show(t.Context(), "/posts"))
		if got := titles(page); len(got) != 2 || got[0] != "  <b>New</b>  " || got[1] != "Post 2" {
			t.Errorf("posts %q", got)
		}
		if strings.Contains(page, "<b>New") {
			t.Errorf("a title became markup: %s", page)
		}
	})
}

func TestIntentIsItsNameAndItsFields(t *testing.T) {
	for name, fields := range map[string]string{
		screen.Login: "email password kept-user kept-title kept-body", screen.SignUp: "name email password", screen.Logout: "", screen.LogoutEverywhere: "",
		screen.Publish: "title body user", screen.Delete: "post", screen.Revoke: "session", screen.ChangePassword: "current new",
	} {
		var asked []string
		i, err := screen.ParseIntent(name, func(field string) string {
			asked = append(asked, field)
			return "value"
		})
		if got := strings.Join(asked, " "); err != nil || i.Name() != name || got != fields {
			t.Errorf("%s: asked for %q, want %q; %v", name, got, fields, err)
		}
	}
	for _, name := range []string{"", "Login", "login ", "refreshToken", "__proto__", strings.Repeat("x", 1000)} {
		_, err := screen.ParseIntent(name, func(field string) string {
			t.Errorf("%q asked for %s", name, field)
			return ""
		})
		if err == nil || len(err.Error()) > 100 {
			t.Errorf("ParseIntent(%.20q): %v", name, err)
		}
	}
}
