package screen_test

import (
	"html"
	"net/url"
	"strings"
	"testing"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
)

// hostile are paths that a stranger may send, or get somebody to follow a link to.
var hostile = []string{
	"", "evil", "evil.example/posts", "https://evil.example/", "javascript:alert(1)", "data:text/html,x",
	"//evil.example", "//evil.example/posts", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example",
	"/\x00", "/posts\x00", "/posts\r\nSet-Cookie: a=b", "/posts?a=\x7f", " /posts", "/%zz", "/posts?after=%zz", "/.//evil.example", "/..//evil.example", "/posts/../..//evil.example",
	"/%2F/evil.example", "/%5Cevil.example", "/posts?after=<script>alert(1)</script>", `/posts?after="><img src=x onerror=alert(1)>`, "/posts?after='\"><!--",
	"/<script>alert(1)</script>", `/"onmouseover="alert(1)`, "/posts#//evil.example", "/posts;//evil.example", "/posts?//evil.example", "/posts?done=//evil.example",
	"/login?next=//evil.example", "/signup?next=https://evil.example", "/posts\xff\xfe", "/posts?after=\xff", "/\u202eposts", "*", "/*",
	"/" + strings.Repeat("a", 1<<20), "/posts?after=" + strings.Repeat("b", 1<<20), "/" + strings.Repeat("//evil.example", 100),
}

// browsers reads an address as a browser on our page does, as far as the host is concerned (WHATWG URL, "basic URL
// parser"): tabs and newlines are dropped, control characters and spaces trimmed, backslashes are slashes.
func host(t *testing.T, address string) string {
	t.Helper()
	address = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(address)
	address = strings.TrimFunc(address, func(r rune) bool { return r <= ' ' })
	if rest := strings.TrimLeft(address, "/"); len(address)-len(rest) >= 2 {
		return rest
	}
	u, err := url.Parse(address)
	if err != nil {
		return "" // a browser takes it for a path of ours, or for nothing
	}
	if u.Scheme != "" {
		return u.Scheme + ":" + u.Host
	}
	return u.Host
}

// staysHere fails the test if the page or the path leads to another origin, or if the input has become markup.
func staysHere(t *testing.T, what string, v screen.View) {
	t.Helper()
	for _, path := range []string{v.Path, v.Redirect} {
		if path != "" && (!strings.HasPrefix(path, "/") || host(t, path) != "" || strings.ContainsAny(path, "\r\n\t\x00")) {
			t.Errorf("%.80q: stands at or leads to %.80q", what, path)
		}
	}
	if v.Redirect != "" {
		return
	}
	page := render(t, v)
	if len(page) > 1<<18 {
		t.Errorf("%.80q: a page of %d bytes", what, len(page))
	}
	for _, m := range hrefs.FindAllStringSubmatch(page, -1) {
		if address := html.UnescapeString(m[1]); host(t, address) != "" {
			t.Errorf("%.80q: the page leads to %.80q", what, address)
		}
	}
	for _, tag := range tags.FindAllString(page, -1) {
		name := strings.ToLower(strings.Trim(strings.Fields(strings.Trim(tag, "</>") + " ")[0], "/"))
		if name == "script" || name == "img" || strings.Contains(strings.ToLower(tag), " on") && !strings.Contains(tag, `="`) {
			t.Errorf("%.80q: became the markup %.80q", what, tag)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "<img") || strings.Contains(page, `"onmouse`) || strings.Contains(page, "<!--") {
		t.Errorf("%.80q: became markup in %.200s", what, page)
	}
}

func TestHostilePathsStayHere(t *testing.T) {
	for name, entered := range map[string]bool{"logged out": false, "logged in": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, api *screentest.API) {
				app := visitor(t, api)
				if entered {
					app = loggedIn(t, api)
				}
				for _, path := range hostile {
					staysHere(t, path, app.Show(t.Context(), path))
				}
				api.Down(true)
				for _, path := range hostile {
					staysHere(t, path, app.Show(t.Context(), path))
				}
			})
		})
	}
}

func TestIntentsOnHostilePathsStayHere(t *testing.T) {
	intents := map[string][]string{
		screen.Login:  {"email", ann, "password", screentest.Password},
		screen.SignUp: {"email", "new@example.com", "password", screentest.Password},
		screen.Logout: nil, screen.Publish: {"title", "t", "body", "b"}, screen.Delete: {"post", "x"},
		screen.Revoke: {"session", "x"}, screen.ChangePassword: {"current", screentest.Password, "new", newPassword},
		screen.LogoutEverywhere: nil,
	}
	for name, fields := range intents {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, api *screentest.API) {
				app := visitor(t, api)
				for _, path := range hostile {
					for _, down := range []bool{false, true} {
						api.Down(down)
						next, failed := app.Do(t.Context(), path, intent(t, name, fields...))
						if failed != nil {
							staysHere(t, path, *failed)
							continue
						}
						staysHere(t, path, screen.View{Path: next, Redirect: next})
						staysHere(t, path, app.Show(t.Context(), next))
					}
				}
			})
		})
	}
}

// What people typed, and what the API says, is text on every page.
func TestWhatPeopleWroteIsText(t *testing.T) {
	bubble(t, func(t *testing.T, api *screentest.API) {
		const bad = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
		app := visitor(t, api)
		if _, failed := app.Do(t.Context(), "/signup", intent(t, screen.SignUp, "name", bad, "email", bad+"@example.com", "password", "x")); failed != nil {
			t.Fatal(text(render(t, *failed)))
		}
		if _, failed := app.Do(t.Context(), "/posts", intent(t, screen.Publish, "title", bad, "body", "</textarea>"+bad)); failed != nil {
			t.Fatal(text(render(t, *failed)))
		}
		for _, path := range screen.Paths() {
			staysHere(t, path, app.Show(t.Context(), path))
		}
		api.Refuse("createPost", screentest.Problem{Code: "BAD_USER_INPUT", Field: "title", Message: bad})
		_, failed := app.Do(t.Context(), "/posts", intent(t, screen.Publish, "title", bad, "body", "</textarea>"+bad))
		staysHere(t, "a refused post", *failed)
		api.Refuse("posts", screentest.Problem{Code: "BAD_USER_INPUT", Field: "after", Message: bad})
		staysHere(t, "a refused page", app.Show(t.Context(), "/posts"))
	})
}
