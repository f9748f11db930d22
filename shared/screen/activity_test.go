package screen_test

import (
	"html"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"example.com/latchkey/shared/screen/screentest"
)

var entry = regexp.MustCompile(`(?s)<p class="(what[^"]*)">(.*?)</p><p class="meta">(.*?)</p>`)

// entries returns what the page says happened, newest first; a "! " in front says that it is to be looked at.
func entries(page string) (list []string) {
	for _, m := range entry.FindAllStringSubmatch(page, -1) {
		line := text(m[2]) + " | " + text(m[3])
		if strings.Contains(m[1], "bad") {
			line = "! " + line
		}
		list = append(list, line)
	}
	return list
}

func TestActivityInWords(t *testing.T) {
	const when = " | 1 Jan 2000, 00:00 UTC · Browser/1.0 · 192.0.2.1"
	for _, row := range []struct {
		kind, reason, want string
	}{
		{"ACCOUNT_CREATED", "", "Account created"},
		{"LOGGED_IN", "", "Logged in"},
		{"LOGIN_FAILED", "INVALID_CREDENTIALS", "! Login with a wrong password"},
		{"LOGIN_FAILED", "RATE_LIMITED", "! Login refused after too many wrong passwords"},
		{"LOGIN_FAILED", "BUSY", "Login not tried, as the server was busy"},
		{"LOGIN_FAILED", "TOO_MANY", "! Login refused after too many logins"},
		{"PASSWORD_CHANGED", "", "Password changed"},
		{"PASSWORD_CHANGE_FAILED", "INVALID_CREDENTIALS", "! Password not changed: the current one was wrong"},
		{"PASSWORD_CHANGE_FAILED", "RATE_LIMITED", "! Password not changed after too many wrong ones"},
		{"PASSWORD_CHANGE_FAILED", "BUSY", "Password not changed, as the server was busy"},
		{"PASSWORD_CHANGE_FAILED", "TOO_MANY", "! Password not changed after too many changes"},
		{"TOKEN_RECOVERED", "", "Session recovered after a lost answer"},
		{"REFRESH_REFUSED", "IDLE", "Came back to a session that was over"},
		{"SESSION_ENDED", "LOGGED_OUT", "Logged out"},
		{"SESSION_ENDED", "REVOKED", "Session revoked"},
		{"SESSION_ENDED", "PASSWORD_CHANGED", "Session ended, as the password was changed"},
		{"SESSION_ENDED", "TOKEN_REUSED", "! Session ended: an old key to it was used again"},
		{"SESSION_ENDED", "TOO_MANY", "Session ended: it was not used for longest, and there were too many"},
		{"SESSION_ENDED", "OF_A_LATER_RELEASE", "Session ended"},
		{"OF_A_LATER_RELEASE", "", "Something that this page does not know"},
	} {
		t.Run(row.kind+" "+row.reason, func(t *testing.T) {
			bubble(t, func(t *testing.T, api *screentest.API) {
				app := loggedIn(t, api)
				api.Happen(ann, map[string]any{"kind": row.kind, "reason": row.reason})
				got := entries(render(t, app.Show(t.Context(), "/account")))
				if len(got) != 1 || got[0] != row.want+when {
					t.Errorf("%q, want %q", got, row.want+when)
				}
			})
		})
	}
}

// Every kind of the schema has its words above.
func TestActivityKnowsEveryKind(t *testing.T) {
	schema, err := os.ReadFile("../../server/internal/graph/schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	_, enum, _ := strings.Cut(string(schema), "enum ActivityKind {")
	enum, _, _ = strings.Cut(enum, "}")
	kinds := regexp.MustCompile(`(?m)^  ([A-Z_]+)$`).FindAllStringSubmatch(enum, -1)
	if len(kinds) < 8 {
		t.Fatalf("found only %v", kinds)
	}
	for _, kind := range kinds {
		bubble(t, func(t *testing.T, api *screentest.API) {
			app := loggedIn(t, api)
			api.Happen(ann, map[string]any{"kind": kind[1]})
			if got := entries(render(t, app.Show(t.Context(), "/account"))); len(got) != 1 || strings.Contains(got[0], "does not know") {
				t.Errorf("%s: %q", kind[1], got)
			}
		})
	}
}

func TestActivityOfManyAndOfThisSession(t *testing.T) {
	bubble(t, func(t *testing.T, api *screentest.API) {
		app := loggedIn(t, api)
		api.Happen(ann, map[string]any{"kind": "LOGIN_FAILED", "count": 12, "lastAt": "2000-01-01T00:40:00Z", "userAgent": "", "ip": ""})
		api.Happen(ann, map[string]any{"current": true})
		got := strings.Join(entries(render(t, app.Show(t.Context(), "/account"))), "\n")
		want := "Logged in This session | 1 Jan 2000, 00:00 UTC · Browser/1.0 · 192.0.2.1\n" +
			"! Login with a wrong password | 1 Jan 2000, 00:00 UTC · 12 times, until 1 Jan 2000, 00:40 UTC"
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

func TestActivityInPages(t *testing.T) {
	bubble(t, func(t *testing.T, api *screentest.API) {
		app := loggedIn(t, api)
		for range 45 {
			api.Happen(ann, nil)
		}
		path, sizes := "/account", ""
		for path != "" {
			v := app.Show(t.Context(), path)
			page := render(t, v)
			sizes += string(rune('0' + len(entries(page))/10))
			if back := strings.Contains(page, `<a href="/account" rel="prev">`); v.Status != http.StatusOK || back != (path != "/account") {
				t.Errorf("%s: status %d, with a way back: %v", path, v.Status, back)
			}
			m := regexp.MustCompile(`<a href="([^"]*)" rel="next">`).FindStringSubmatch(page)
			if path = ""; m != nil {
				path = html.UnescapeString(m[1])
			}
		}
		if sizes != "220" { // tens
			t.Errorf("pages of %s", sizes)
		}
	})
}
