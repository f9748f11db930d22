package screen_test

import (
	"context"
	"errors"
	"html"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/ui"
)

const ann = "ann@example.com"

// bubble runs test under a clock of its own, with an API of its own.
func bubble(t *testing.T, test func(t *testing.T, api *screentest.API)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, screentest.New()) })
}

// visitor is the application of a visitor whom the server has spoken to already.
func visitor(t *testing.T, api *screentest.API) *screen.App {
	t.Helper()
	s := api.Session(t)
	if err := s.Resume(t.Context()); err != nil && !errors.Is(err, session.ErrUnauthenticated) {
		t.Fatal(err)
	}
	return screen.New(s)
}

// loggedIn is a visitor with a session of the account.
func loggedIn(t *testing.T, api *screentest.API) *screen.App {
	t.Helper()
	api.Enter(ann)
	return visitor(t, api)
}

func render(t *testing.T, v screen.View) string {
	t.Helper()
	var b strings.Builder
	if err := v.Render(context.Background(), &b, ui.TokenView{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// intent makes an intent of its name and of pairs of a field and its value.
func intent(t *testing.T, name string, fields ...string) screen.Intent {
	t.Helper()
	i, err := screen.ParseIntent(name, func(field string) string {
		for n := 0; n < len(fields); n += 2 {
			if fields[n] == field {
				return fields[n+1]
			}
		}
		return ""
	})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

var (
	tags    = regexp.MustCompile(`<[^>]*>`)
	heading = regexp.MustCompile(`(?s)<h1 id="heading" tabindex="-1">(.*?)</h1>`)
	article = regexp.MustCompile(`(?s)<article .*?<h2[^>]*>(.*?)</h2>`)
	hrefs   = regexp.MustCompile(`(?:href|action|src|formaction)="([^"]*)"`)
)

// text is what a person reads of the page.
func text(page string) string {
	return html.UnescapeString(strings.Join(strings.Fields(tags.ReplaceAllString(page, " ")), " "))
}

// headingOf returns the page's heading, of which there must be one.
func headingOf(t *testing.T, page string) string {
	t.Helper()
	found := heading.FindAllStringSubmatch(page, -1)
	if len(found) != 1 {
		t.Fatalf("%d headings in %s", len(found), page)
	}
	return html.UnescapeString(found[0][1])
}

// titles returns the titles of the posts on the page, in order.
func titles(page string) (list []string) {
	for _, m := range article.FindAllStringSubmatch(page, -1) {
		list = append(list, html.UnescapeString(m[1]))
	}
	return list
}

// input returns the value of the field on the page, and whether there is one.
func input(page, name string) (value string, ok bool) {
	for _, re := range []string{`(?s)<textarea id="` + name + `"[^>]*>\n?(.*?)</textarea>`, `<input type="[a-z]+" id="` + name + `"[^>]*value="([^"]*)"`} {
		if m := regexp.MustCompile(re).FindStringSubmatch(page); m != nil {
			return html.UnescapeString(m[1]), true
		}
	}
	return "", false
}

// fieldError is what the page says is wrong with a field; "" for nothing.
func fieldError(page, name string) string {
	m := regexp.MustCompile(`(?s)<p class="field-error" id="` + name + `-error">(.*?)</p>`).FindStringSubmatch(page)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

// alert is what the page says is wrong with a form; "" for nothing.
func alert(page string) string {
	m := regexp.MustCompile(`(?s)<p class="alert" role="alert" id="form-error" tabindex="-1">(.*?)</p>`).FindStringSubmatch(page)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

// contextFor is the test's context, for so many seconds.
func contextFor(t *testing.T, seconds int) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), time.Duration(seconds)*time.Second)
}

// settle returns when nothing goes on any more but what waits.
func settle() { synctest.Wait() }
