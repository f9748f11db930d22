package screen_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
)

var (
	wrong      = screentest.Problem{Code: "UNAUTHENTICATED", Reason: "INVALID_CREDENTIALS", Message: "no"}
	taken      = screentest.Problem{Code: "EMAIL_TAKEN", Message: "no"}
	limited    = screentest.Problem{Code: "RATE_LIMITED", Message: "Too many failed logins. Please wait.", RetryAfter: 60}
	speechless = screentest.Problem{Code: "RATE_LIMITED"}
	broken     = screentest.Problem{Code: "INTERNAL_SERVER_ERROR", Message: "select * from secrets"}
	forbidden  = screentest.Problem{Code: "FORBIDDEN", Message: "no"}
)

func badInput(field string) screentest.Problem {
	return screentest.Problem{Code: "BAD_USER_INPUT", Field: field, Message: "Not like that: " + field}
}

const noAnswer = "The server does not answer. Nothing is lost: try again in a moment."

// refusal is what a page says of an intent that had no effect.
type refusal struct {
	Status         int
	Heading, Alert string
	Field, Error   string // the field that is wrong, and what of it
	Focus          string
}

// fields that the tests fill in: what is kept is told from what is not by its name.
var filled = map[string][]string{
	screen.Login:          {"email", "kept@example.com", "password", "hidden-one"},
	screen.SignUp:         {"name", "kept name", "email", "kept@example.com", "password", "hidden-one"},
	screen.Publish:        {"title", `kept "title" <i>`, "body", "\nkept\n</textarea>body"},
	screen.ChangePassword: {"current", "hidden-one", "new", "hidden-two"},
}

// refusedForms are intents that the API refuses, with what the page says.
var refusedForms = []struct {
	name, path, intent, op string
	problem                screentest.Problem
	want                   refusal
}{
	{"login, wrong", "/login", screen.Login, "login", wrong, refusal{401, "Log in", "Email or password is incorrect.", "", "", "form-error"}},
	{"login on the way, wrong", "/posts?after=x", screen.Login, "login", wrong, refusal{401, "Log in", "Email or password is incorrect.", "", "", "form-error"}},
	{"login, email", "/login", screen.Login, "login", badInput("email"), refusal{422, "Log in", "", "email", "Not like that: email", "email"}},
	{"login, password", "/login", screen.Login, "login", badInput("password"), refusal{422, "Log in", "", "password", "Not like that: password", "password"}},
	{"login, a field of another form", "/login", screen.Login, "login", badInput("title"), refusal{422, "Log in", "Not like that: title", "", "", "form-error"}},
	{"login, limited", "/login", screen.Login, "login", limited, refusal{429, "Log in", "Too many failed logins. Please wait.", "", "", "form-error"}},
	{"login, without a word", "/login", screen.Login, "login", speechless, refusal{429, "Log in", "Something went wrong. Nothing is lost: try again in a moment.", "", "", "form-error"}},
	{"login, broken", "/login", screen.Login, "login", broken, refusal{503, "Log in", noAnswer, "", "", "form-error"}},
	{"login, forbidden", "/login", screen.Login, "login", forbidden, refusal{503, "Log in", noAnswer, "", "", "form-error"}},
	{"login, refused by somebody else", "/login", screen.Login, "login", screentest.Problem{Code: "UNAUTHENTICATED", Message: "no"}, refusal{503, "Log in", noAnswer, "", "", "form-error"}},
	{"signup, taken", "/signup", screen.SignUp, "signUp", taken, refusal{409, "Create your account", "", "email", "There is an account with this email already. Log in instead.", "email"}},
	{"signup, name", "/signup", screen.SignUp, "signUp", badInput("name"), refusal{422, "Create your account", "", "name", "Not like that: name", "name"}},
	{"signup, email", "/signup", screen.SignUp, "signUp", badInput("email"), refusal{422, "Create your account", "", "email", "Not like that: email", "email"}},
	{"signup, password", "/signup", screen.SignUp, "signUp", badInput("password"), refusal{422, "Create your account", "", "password", "Not like that: password", "password"}},
	{"signup, limited", "/signup", screen.SignUp, "signUp", limited, refusal{429, "Create your account", "Too many failed logins. Please wait.", "", "", "form-error"}},
	{"publish, title", "/posts", screen.Publish, "createPost", badInput("title"), refusal{422, "Your posts", "", "title", "Not like that: title", "title"}},
	{"publish, body", "/posts?after=ann-post2", screen.Publish, "createPost", badInput("body"), refusal{422, "Your posts", "", "body", "Not like that: body", "body"}},
	{"publish, no field", "/posts", screen.Publish, "createPost", badInput(""), refusal{422, "Your posts", "Not like that: ", "", "", "form-error"}},
	{"publish, forbidden", "/posts", screen.Publish, "createPost", forbidden, refusal{403, "Your posts", "no", "", "", "form-error"}},
	{"publish, broken", "/posts", screen.Publish, "createPost", broken, refusal{503, "Your posts", noAnswer, "", "", "form-error"}},
	{"password, wrong", "/account", screen.ChangePassword, "changePassword", wrong, refusal{401, "Your sessions", "", "current", "This is not your current password.", "current"}},
	{"password, new", "/account", screen.ChangePassword, "changePassword", badInput("new"), refusal{422, "Your sessions", "", "new", "Not like that: new", "new"}},
	{"password, limited", "/account", screen.ChangePassword, "changePassword", limited, refusal{429, "Your sessions", "Too many failed logins. Please wait.", "", "", "form-error"}},
	{"password, broken", "/account?done=password", screen.ChangePassword, "changePassword", broken, refusal{503, "Your sessions", noAnswer, "", "", "form-error"}},
}

func TestRefusedForms(t *testing.T) {
	for _, row := range refusedForms {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, api *screentest.API) {
				app := visitor(t, api)
				if row.intent == screen.Publish || row.intent == screen.ChangePassword {
					api.Fill(ann, 3)
					app = loggedIn(t, api)
				}
				api.Refuse(row.op, row.problem)
				next, failed := app.Do(t.Context(), row.path, intent(t, row.intent, filled[row.intent]...))
				if failed == nil {
					t.Fatalf("done, and leads to %q", next)
				}
				page := render(t, *failed)
				got := refusal{failed.Status, headingOf(t, page), alert(page), row.want.Field, fieldError(page, row.want.Field), failed.Focus}
				if diff := cmp.Diff(row.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				keeps(t, page, row.intent)
				if !strings.Contains(page, `id="`+failed.Focus+`"`) {
					t.Errorf("the focus is to go to %q, which is not there", failed.Focus)
				}
				if row.intent == screen.Publish && !slices.Equal(titles(page), posts(3, 1)) {
					t.Errorf("the posts beside the form are %q", titles(page))
				}
				wantNoSecrets(t, page)
			})
		})
	}
}

// wantNoSecrets checks that a page repeats no password and no internal word.
func wantNoSecrets(t *testing.T, page string) {
	t.Helper()
	if strings.Contains(page, "secrets") || strings.Contains(page, "revoked") {
		t.Errorf("the page holds what it should not: %s", page)
	}
}

// keeps fails the test unless the page keeps what was typed, and holds no password.
func keeps(t *testing.T, page, intent string) {
	t.Helper()
	for n := 0; n < len(filled[intent]); n += 2 {
		name, typed := filled[intent][n], filled[intent][n+1]
		if strings.HasPrefix(typed, "hidden-") {
			typed = ""
		}
		if got, ok := input(page, name); !ok || got != typed {
			t.Errorf("the field %s holds %q (%t), want %q", name, got, ok, typed)
		}
	}
	if strings.Contains(page, "hidden-") {
		t.Errorf("a password is in the page: %s", page)
	}
}

func TestNoNetwork(t *testing.T) {
	for _, row := range []struct {
		name, path, intent string
		fields             []string
		heading            string
		form               bool // the form itself says it, and keeps what was typed
	}{
		{"login", "/login", screen.Login, filled[screen.Login], "Log in", true},
		{"sign up", "/signup", screen.SignUp, filled[screen.SignUp], "Create your account", true},
		{"publish", "/posts?after=ann-post2", screen.Publish, filled[screen.Publish], "Your posts", true},
		{"delete", "/posts?after=ann-post2", screen.Delete, []string{"post", "ann-post2"}, "The server does not answer", false},
		{"revoke", "/account", screen.Revoke, []string{"session", "session1"}, "The server does not answer", false},
		{"password", "/account", screen.ChangePassword, filled[screen.ChangePassword], "The server does not answer", false},
		{"log out", "/posts?after=ann-post2", screen.Logout, nil, "The server does not answer", false},
		{"log out everywhere", "/account", screen.LogoutEverywhere, nil, "The server does not answer", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, api *screentest.API) {
				app := visitor(t, api)
				entered := row.intent != screen.Login && row.intent != screen.SignUp
				if entered {
					app = loggedIn(t, api)
				}
				api.Down(true)
				_, failed := app.Do(t.Context(), row.path, intent(t, row.intent, row.fields...))
				if failed == nil {
					t.Fatal("done, without a network")
				}
				page := render(t, *failed)
				if got := headingOf(t, page); got != row.heading || failed.Status != http.StatusServiceUnavailable {
					t.Errorf("%d %s", failed.Status, text(page))
				}
				if row.form {
					keeps(t, page, row.intent)
					if alert(page) != noAnswer || failed.Focus != "form-error" {
						t.Errorf("alert %q, focus %q", alert(page), failed.Focus)
					}
				} else if !strings.Contains(page, `href="`+row.path+`">Try again`) {
					t.Errorf("no way back to %s in %s", row.path, page)
				}
				if said := strings.Contains(page, "you are still logged in"); said != (entered && !row.form) {
					t.Errorf("still logged in: %t, in %s", said, text(page))
				}
				if strings.Contains(page, "hidden-") || entered != (failed.Session == "active") {
					t.Errorf("session %s, page %s", failed.Session, page)
				}
			})
		})
	}
}

// A session that ended in between is told at the same path, with the reason, and nothing restricted.
func TestEndedInBetween(t *testing.T) {
	for name, path := range map[string]string{
		screen.Publish: "/posts", screen.Delete: "/posts?after=x", screen.Revoke: "/account?done=revoked",
		screen.ChangePassword: "/account", screen.LogoutEverywhere: "/account",
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, api *screentest.API) {
				app := loggedIn(t, api)
				api.End("REVOKED")
				_, failed := app.Do(t.Context(), path, intent(t, name, filled[name]...))
				if failed == nil {
					t.Fatal("done, without a session")
				}
				page := render(t, *failed)
				want := shown{Status: 401, Title: "Log in", Session: "ended", Heading: "Log in"}
				if diff := cmp.Diff(want, what(t, *failed)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if clean, _, _ := strings.Cut(path, "?done"); failed.Path != clean || !strings.Contains(text(page), "from another of your devices") {
					t.Errorf("at %s: %s", failed.Path, text(page))
				}
				if strings.Contains(page, "hidden-") || failed.Focus != "" {
					t.Errorf("focus %q, or a password is in the page: %s", failed.Focus, page)
				}
			})
		})
	}
}

func TestPagesThatCannotLoad(t *testing.T) {
	for _, row := range []struct {
		name    string
		problem screentest.Problem
		status  int
		heading string
	}{
		{"broken", broken, 503, "The server does not answer"},
		{"bad input", badInput("after"), 422, "That is not possible"},
		{"not found", screentest.Problem{Code: "NOT_FOUND", Message: "no"}, 404, "There is no such page"},
	} {
		bubble(t, func(t *testing.T, api *screentest.API) {
			app := loggedIn(t, api)
			api.Refuse("posts", row.problem)
			api.Refuse("sessions", row.problem)
			for _, path := range []string{"/posts?after=%27", "/account"} {
				v := app.Show(t.Context(), path)
				if page := render(t, v); v.Status != row.status || headingOf(t, page) != row.heading || v.Path != path || v.Session != "active" {
					t.Errorf("%s at %s: %d %s", row.name, path, v.Status, text(page))
				} else if strings.Contains(page, "secrets") {
					t.Errorf("%s: %s", row.name, page)
				}
			}
		})
	}
}
