package route_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// One person's way through every form, without scripts: each posts to the page it stands on and leads on with 303.
func TestEveryFormWorks(t *testing.T) {
	t.Parallel()
	v := startVisit(t, servertest.Options{})
	v.want(v.follow(v.submit(v.form(v.get("/signup"), "signup"), "name", "Ada", "email", "ada@example.com", "password", password), "/posts"), 200, "active", "Ada", "No posts yet")

	v.want(v.follow(v.submit(v.form(v.get("/posts"), "publish"), "title", "First", "body", "One"), "/posts"), 200, "active", "First", "One")
	posts := v.follow(v.submit(v.form(v.get("/posts"), "publish"), "title", "Second", "body", "Two"), "/posts")
	v.want(posts, 200, "active", "First", "One")
	second := v.form(posts, "delete").fields.Get("post") // the newest stands first
	posts = v.follow(v.submit(v.form(posts, "delete", "post", second)), "/posts")
	v.want(posts, 200, "active", "First", "One")
	if strings.Contains(posts.text, "Second") {
		t.Errorf("a deleted post is listed: %s", posts.text)
	}

	other := visit(v.site)
	other.follow(other.submit(other.form(other.get("/login"), "login"), "email", "ada@example.com", "password", password), "/posts")
	account := v.get("/account")
	v.want(account, 200, "active", "This device")
	account = v.follow(v.submit(v.form(account, "revoke")), "/account?done=revoked")
	v.want(account, 200, "active", "That session has ended.")
	if strings.Contains(account.body, ">Revoke</button>") {
		t.Errorf("the revoked session is listed: %s", account.text)
	}
	other.want(other.get("/posts"), 401, "ended", "another of your devices")

	const next = "another password"
	account = v.follow(v.submit(v.form(account, "change-password"), "current", password, "new", next), "/account?done=password")
	v.want(account, 200, "active", "Your password is changed.")

	v.want(v.follow(v.submit(v.form(account, "logout")), "/account"), 401, "none", "Log in")
	if v.cookie != "" {
		t.Error("logging out left the cookie")
	}
	// A login on a restricted page leads to the page that was asked for.
	account = v.follow(v.submit(v.form(v.get("/account"), "login"), "email", "ADA@example.com", "password", next), "/account")
	v.want(v.follow(v.submit(v.form(account, "logout-everywhere")), "/account"), 401, "none", "Log in")
	if v.cookie != "" {
		t.Error("logging out everywhere left the cookie")
	}
}

// Every page of a session has a form to log out, which leads back to where it stands.
func TestLoggingOutOnEveryPage(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	ada := s.register("ada")
	for path, status := range map[string]int{"/": 200, "/posts": 401, "/account": 401} {
		t.Run(path, func(t *testing.T) {
			s := site{s.Server, t}
			m := s.another(ada)
			v := s.arrive(m)
			v.want(v.follow(v.submit(v.form(v.get(path), "logout")), path), status, "none")
			wantEnded(s, m, "LOGGED_OUT")
		})
	}
}

// A form that cannot be carried out is shown again with what is wrong and what was typed, but for passwords.
func TestFormsThatFail(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	for _, row := range []struct {
		name, path, intent string
		as                 *visitor
		filled             []string
		status             int
		session            string
		says               string
	}{
		{"wrong password", "/login", "login", visit(s), []string{"email", "ada@example.com", "password", "wrong sesame"}, 401, "none", "Email or password is incorrect."},
		{"unknown address", "/posts", "login", visit(s), []string{"email", "eve@example.com", "password", "wrong sesame"}, 401, "none", "Email or password is incorrect."},
		{"address taken", "/signup", "signup", visit(s), []string{"email", "ada@example.com", "password", "wrong sesame", "name", "Kept"}, 409, "none", "There is an account with this email already."},
		{"short password", "/signup", "signup", visit(s), []string{"email", "new@example.com", "password", "sesame", "name", "Kept"}, 422, "none", "A password has at least 8 characters."},
		{"no address", "/signup", "signup", visit(s), []string{"email", "new", "password", "wrong sesame", "name", "Kept"}, 422, "none", "This is not an email address."},
		{"no title", "/posts", "publish", s.arrive(m), []string{"title", " ", "body", "Kept"}, 422, "active", "A post needs a title."},
		{"no body", "/posts", "publish", s.arrive(m), []string{"title", "Kept", "body", ""}, 422, "active", "A post needs a body."},
		{"wrong current password", "/account", "change-password", s.arrive(m), []string{"current", "wrong sesame", "new", "another sesame"}, 422, "active", "The current password is incorrect."},
		{"short new password", "/account", "change-password", s.arrive(m), []string{"current", password, "new", "sesame"}, 422, "active", "A password has at least 8 characters."},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := row.as.on(t)
			p := v.submit(v.form(v.get(row.path), row.intent), row.filled...)
			v.want(p, row.status, row.session, row.says)
			again := v.form(p, row.intent)
			if again.action != row.path {
				t.Errorf("the form now posts to %s", again.action)
			}
			for i := 0; i < len(row.filled); i += 2 {
				name, typed := row.filled[i], row.filled[i+1]
				kept := strings.Contains(p.body, typed)
				if secret := strings.Contains(typed, "sesame") || typed == password; kept == secret && strings.TrimSpace(typed) != "" {
					t.Errorf("of field %s, %q is in the page: %t", name, typed, kept)
				}
			}
			if p.status == 401 && !strings.Contains(p.body, `role="alert"`) {
				t.Errorf("there is no alert: %s", p.text)
			}
		})
	}
	if left := s.posts(m); len(left) != 0 {
		t.Errorf("posts were published: %v", left)
	}
	s.loginWith(m.email, password)
}

// What is no form of ours is refused, and changes nothing: not the cookie either.
func TestFormsThatAreNone(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	m := s.register("ada")
	pass(t, db, m.session, time.Hour) // old enough to be rotated
	for _, row := range []struct{ name, kind, body string }{
		{"nothing", "application/x-www-form-urlencoded", ""},
		{"an unknown intent", "application/x-www-form-urlencoded", "intent=drop"},
		{"an operation's name", "application/x-www-form-urlencoded", "intent=deletePost&post=x"},
		{"broken", "application/x-www-form-urlencoded", "intent=publish&title=%zz"},
		{"too large", "application/x-www-form-urlencoded", "intent=publish&title=t&body=" + strings.Repeat("x", 1<<20)},
		{"multipart", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"intent\"\r\n\r\nlogout\r\n--b--\r\n"},
		{"JSON", "application/json", `{"intent":"logout"}`},
		{"the intent in the URL", "text/plain", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := site{s.Server, t}.request("POST", "/posts?intent=logout",
				map[string]string{"Content-Type": row.kind, "Cookie": graph.CookieName + "=" + m.refresh}, row.body)
			if a.status != 400 || len(a.header.Values("Set-Cookie")) > 0 || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%d %v %s", a.status, a.header, a.body)
			}
		})
	}
	if n := value[int](t, db, `select count(*) from refresh_tokens where session_id = $1`, m.session); n != 1 {
		t.Errorf("the session has %d tokens: it was rotated, and the answer did not say so", n)
	}
}

// Another's post or session in a form is as if it were not there.
func TestFormsReachOnlyWhatIsOnesOwn(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	ada, grace := s.register("ada"), s.register("grace")
	hers := s.publish(grace, "Hers")
	v := s.arrive(ada)
	v.open("POST", "/posts", "intent=delete&post="+hers.ID)
	v.open("POST", "/account", "intent=revoke&session="+grace.session)
	if left := s.posts(grace); len(left) != 1 {
		t.Error("somebody else's post was deleted")
	}
	s.rotated(grace.refresh)
}

func TestThePagesOfPosts(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	for i := range 12 {
		s.publish(m, fmt.Sprintf("Post %d.", i+1))
	}
	v := s.arrive(m)
	first := v.get("/posts")
	if n := strings.Count(first.body, "<article"); n != 10 || !strings.Contains(first.text, "Post 12.") {
		t.Errorf("the first page has %d posts: %s", n, first.text)
	}
	_, rest, _ := strings.Cut(first.body, `href="/posts?after=`)
	after, _, _ := strings.Cut(rest, `"`)
	second := v.get("/posts?after=" + after)
	if n := strings.Count(second.body, "<article"); n != 2 || !strings.Contains(second.text, "Post 2. ") || !strings.Contains(second.text, "Newer posts") {
		t.Errorf("the second page has %d posts: %s", n, second.text)
	}
	v.want(v.get("/posts?after=garbage"), 422, "active")
	v.want(v.follow(v.submit(v.form(second, "delete")), "/posts?after="+after), 200, "active", "Post 1.")
}

func TestLoginAndSignUpLeadTheLoggedInOn(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	v := s.arrive(s.register("ada"))
	v.follow(v.get("/login"), "/posts")
	v.follow(v.get("/signup"), "/posts")
}
