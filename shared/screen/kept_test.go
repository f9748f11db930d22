package screen_test

import (
	"html"
	"regexp"
	"testing"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
)

var hidden = regexp.MustCompile(`(?s)<input type="hidden" name="(kept-[a-z]+)" value="(.*?)">`)

// held returns what the page's login form holds of another one, as pairs of a field and its value.
func held(page string) (fields []string) {
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		fields = append(fields, m[1], html.UnescapeString(m[2]))
	}
	return fields
}

// A post that finds its session over is kept until its author has logged in again, without a script too: each step has a
// client of its own, as each has that the server renders.
func TestPostIsKeptOverALogin(t *testing.T) {
	const title, body, bob = `A "title" <i>`, "\nTwo\n</textarea>lines.", "bob@example.com"
	for _, row := range []struct {
		name, author, email string
		kept                bool
	}{
		{"its author", "ann", ann, true},
		{"another user", "ann", bob, false},
		{"nobody's post", "", ann, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, api *screentest.API) {
				api.Fill(ann, 1)
				api.Fill(bob, 1)
				next, failed := visitor(t, api).Do(t.Context(), "/posts", intent(t, screen.Publish, "title", title, "body", body, "user", row.author))
				if failed == nil {
					t.Fatalf("published without a session, and leads to %q", next)
				}
				page := render(t, *failed)
				if failed.Status != 401 || headingOf(t, page) != "Log in" || (len(held(page)) == 6) != (row.author != "") {
					t.Fatalf("status %d: %s", failed.Status, page)
				}
				login := func(password string) (string, *screen.View) {
					fields := append(held(page), "email", row.email, "password", password)
					return visitor(t, api).Do(t.Context(), "/posts", intent(t, screen.Login, fields...))
				}
				if _, failed = login("not the password"); failed == nil {
					t.Fatal("logged in with a wrong password")
				}
				page = render(t, *failed) // which goes on holding it
				next, failed = login(screentest.Password)
				if !row.kept {
					if failed != nil || next != "/posts" {
						t.Errorf("leads to %q, %+v", next, failed)
					}
					return
				}
				if failed == nil {
					t.Fatalf("leads to %q", next)
				}
				page = render(t, *failed)
				gotTitle, _ := input(page, "title")
				gotBody, _ := input(page, "body")
				if failed.Status != 200 || failed.Session != "active" || headingOf(t, page) != "Your posts" || gotTitle != title || gotBody != body || alert(page) == "" {
					t.Errorf("status %d, title %q, body %q: %s", failed.Status, gotTitle, gotBody, text(page))
				}
			})
		})
	}
}
