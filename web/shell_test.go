package web_test

import (
	"context"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/web"
)

var update = flag.Bool("update", false, "write the golden file anew")

func shell(t *testing.T, v web.ShellView) string {
	t.Helper()
	var b strings.Builder
	if err := web.Shell(v).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestShellGolden(t *testing.T) {
	got := shell(t, web.ShellView{
		Title: "Your posts", Session: "active", User: "u1", ID: "s1",
		Style: "/assets/style-1.css", Script: "/assets/page-1.js", Worker: "/assets/worker.js?v=1", Icon: "/assets/icon-1.svg",
		Body: templ.Raw("<p>body</p>"),
	})
	got = strings.ReplaceAll(got, "><", ">\n<") + "\n"
	const file = "testdata/shell.html"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (run the test with -update)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("HTML changed (-want +got), run with -update if it should:\n%s", diff)
	}
}

func TestShellEscapes(t *testing.T) {
	tag := regexp.MustCompile(`<[^>]*>`)
	quoted := regexp.MustCompile(`="[^"]*"`)
	tags := func(x string) string {
		html := shell(t, web.ShellView{Title: x, Session: x, User: x, ID: x, Style: x, Script: x, Worker: x, Icon: x, Body: templ.NopComponent})
		return strings.Join(tag.FindAllString(quoted.ReplaceAllString(html, `=""`), -1), "\n")
	}
	plain := tags("plain")
	for _, row := range []struct{ name, text string }{
		{"script element", `<script>alert(1)</script>`},
		{"out of the title", `</title><script>alert(1)</script>`},
		{"out of quotes", `" onload="alert(1)`},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(plain, tags(row.text)); diff != "" {
				t.Errorf("the text changed the markup:\n%s", diff)
			}
		})
	}
}

func TestShellOfAnUndecidedPage(t *testing.T) {
	for _, undecided := range []bool{true, false} {
		if html := shell(t, web.ShellView{Undecided: undecided}); strings.Contains(html, " data-undecided>") != undecided {
			t.Errorf("undecided %t: %s", undecided, html)
		}
	}
}

func TestShellWithoutTitle(t *testing.T) {
	html := shell(t, web.ShellView{})
	if !strings.Contains(html, "<title>Latchkey</title>") {
		t.Errorf("no plain title in %s", html)
	}
}
