package ui_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/shared/ui"
)

var update = flag.Bool("update", false, "write the golden files anew")

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The golden files break lines between tags, so that a change is one of a few
// lines.
func TestGolden(t *testing.T) {
	known := map[string]bool{}
	for _, s := range states {
		known[s.name+".html"] = true
		t.Run(s.name, func(t *testing.T) {
			got := strings.ReplaceAll(render(t, s.c), "><", ">\n<") + "\n"
			file := filepath.Join("testdata", s.name+".html")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v (run the test with -update)", err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("HTML changed (-want +got), run with -update if it should:\n%s", diff)
			}
		})
	}
	files, err := filepath.Glob("testdata/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[filepath.Base(f)] {
			t.Errorf("%s is the golden file of no state", f)
		}
	}
}

// forbidden is what the pages' Content-Security-Policy would block, and what
// must not come out of a text that somebody wrote.
var forbidden = []struct{ name, pattern string }{
	{"a style attribute", `<[^>]*\sstyle\s*=`},
	{"an event handler attribute", `<[^>]*\son[a-z]+\s*=`},
	{"a script or style element", `<(script|style|iframe|object|embed|base|link|meta)\b`},
	{"a javascript: URL", `=["']?\s*javascript:`},
	{"a link or an action to elsewhere", `\s(href|action|formaction|src)="([^/#]|/[/\\])`},
}

// problems returns what of the forbidden stands in html.
func problems(html string) []string {
	var out []string
	for _, f := range forbidden {
		if m := regexp.MustCompile(`(?i)` + f.pattern).FindString(html); m != "" {
			out = append(out, f.name+": "+m)
		}
	}
	return out
}

func TestNothingThatPolicyForbids(t *testing.T) {
	for _, s := range states {
		for _, p := range problems(render(t, s.c)) {
			t.Errorf("%s emits %s", s.name, p)
		}
	}
}

func TestProblemsAreFound(t *testing.T) {
	for _, html := range []string{
		`<p style="color:red">`, `<img onerror=x>`, `<script>`, `<a href="javascript:x">`,
		`<a href="//elsewhere">`, `<form action="/\elsewhere">`, `<a href="https://elsewhere">`,
	} {
		if len(problems(html)) == 0 {
			t.Errorf("nothing found in %s", html)
		}
	}
}

// hostile is what somebody may write who wants the page to run a script.
var hostile = []struct{ name, text string }{
	{"script element", `<script>alert(1)</script>`},
	{"out of double quotes", `"><img src=x onerror=alert(1)>`},
	{"out of single quotes", `' onmouseover='alert(1)`},
	{"out of a text area", `</textarea><script>alert(1)</script>`},
	{"out of a title", `</title><svg onload=alert(1)>`},
	{"javascript URL", `javascript:alert(1)`},
	{"javascript URL in pieces", "java\tscript:alert(1)"},
	{"data URL", `data:text/html,<script>alert(1)</script>`},
	{"other host", `//elsewhere.example/`},
	{"other host by backslash", `/\elsewhere.example/`},
	{"other host by tab", "/\t/elsewhere.example/"},
	{"comment", `<!--><script>alert(1)</script>-->`},
	{"entity", `&lt;script&gt;&#34;`},
	{"not UTF-8", "\xff<script>\xc0\xbc"},
}

// everywhere puts x into every text of every component.
func everywhere(x string) []state {
	user := &ui.User{ID: x, Name: x, Email: x}
	wrong := func(fields ...string) ui.FormError {
		e := ui.FormError{Alert: x, Fields: map[string]string{}}
		for _, f := range fields {
			e.Fields[f] = x
		}
		return e
	}
	claims := ui.ClaimsView{Algorithm: x, Type: x, KeyID: x, Issuer: x, Audience: x, Subject: x, SessionID: x, ID: x}
	check := &ui.CheckView{Places: []ui.Place{{Name: x, Searched: 1, Found: 1}}}
	return []state{
		{"app", ui.App(ui.Frame{Path: x, Title: x, User: user, Notice: x}, templ.NopComponent)},
		{"token", ui.Token(ui.TokenView{Running: true, Expiry: x, Next: x, Check: check, Claims: claims, Ended: &ui.EndedView{Reason: x, At: noon}})},
		{"how", ui.HowItWorks(ui.HowItWorksView{User: user, Token: ui.TokenView{Claims: claims}})},
		{"login", ui.Login(ui.LoginView{Path: x, Email: x, Kept: []ui.Kept{{Name: x, Value: x}}, Error: wrong("email", "password")})},
		{"looking", ui.Looking(x, ui.Login(ui.LoginView{Path: x, Kept: []ui.Kept{{Name: x, Value: x}}}))},
		{"signup", ui.Signup(ui.SignupView{Path: x, Name: x, Email: x, Error: wrong("name", "email", "password")})},
		{"posts", ui.Posts(ui.PostsView{Path: x, User: x, Posts: []ui.Post{{ID: x, Title: x, Body: x, CreatedAt: noon}},
			Title: x, Body: x, Error: wrong("title", "body"), Older: x, Newer: x})},
		{"account", ui.Account(ui.AccountView{Path: x, User: user, Error: wrong("current", "new"),
			Sessions: []ui.Session{{ID: x, Device: x, IP: x, LastUsed: x, Since: x, SinceAt: noon}},
			Activity: ui.ActivityView{Older: x, Newer: x, Entries: []ui.Activity{{What: x, Device: x, IP: x, When: x, Times: 2, Until: x}}}})},
		{"home", ui.Home(ui.HomeView{User: user})},
		{"message", ui.Message(ui.MessageView{Heading: x, Text: x, Href: x, Link: x})},
	}
}

// quoted matches a double-quoted attribute value: inside one only a quote can
// do harm, and templ escapes those.
var quoted = regexp.MustCompile(`="[^"]*"`)

// tags returns the page's tags without what stands in their quotes.
func tags(html string) string {
	return strings.Join(regexp.MustCompile(`<[^>]*>`).FindAllString(quoted.ReplaceAllString(html, `=""`), -1), "\n")
}

func TestHostileTextStaysText(t *testing.T) {
	plain := everywhere("plain")
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			for i, s := range everywhere(h.text) {
				got := render(t, s.c)
				// The same tags as with harmless text: nothing got out.
				if diff := cmp.Diff(tags(render(t, plain[i].c)), tags(got)); diff != "" {
					t.Errorf("%s: the text changed the markup:\n%s", s.name, diff)
				}
				// Values are judged where a browser acts on them: in links and actions.
				for _, m := range regexp.MustCompile(`\s(?:href|action)="([^"]*)"`).FindAllStringSubmatch(got, -1) {
					if m[1] != "#main" && (!strings.HasPrefix(m[1], "/") || strings.HasPrefix(m[1], "//") || strings.ContainsAny(m[1], "\\\t")) {
						t.Errorf("%s: leads elsewhere: %q", s.name, m[1])
					}
				}
			}
		})
	}
}

func TestLocal(t *testing.T) {
	for _, row := range []struct{ name, path, want string }{
		{"path", "/posts", "/posts"},
		{"query", "/posts?after=a%2Fb&x=1", "/posts?after=a%2Fb&x=1"},
		{"colon in a path", "/a:b", "/a:b"},
		{"empty", "", "/"},
		{"relative", "posts", "/"},
		{"other host", "//elsewhere.example", "/"},
		{"backslash", `/\elsewhere.example`, "/"},
		{"tab", "/\t/elsewhere.example", "/"},
		{"newline", "/\n/elsewhere.example", "/"},
		{"absolute", "https://elsewhere.example/", "/"},
		{"javascript", "javascript:alert(1)", "/"},
		{"space before", " /posts", "/"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := string(ui.Local(row.path)); got != row.want {
				t.Errorf("Local(%q) = %q, want %q", row.path, got, row.want)
			}
		})
	}
}
