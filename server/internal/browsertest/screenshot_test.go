package browsertest_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/servertest"
)

var (
	screenshots = flag.Bool("screenshots", false, "write the README's pictures into testdata")
	pictures    = flag.String("pictures", "", "write a picture of every page, wide and narrow, light and dark, into this directory")
)

// emulate sets the size of the window and the colour scheme.
func emulate(width, height int64, scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		if err != nil {
			return err
		}
		return chromedp.Do(ctx, chromedp.EmulateViewport(width, height))
	})
}

func (tb *tab) picture(file string, shot chromedp.Action[[]byte]) {
	tb.t.Helper()
	png, err := chromedp.Run(tb.ctx, shot)
	if err != nil {
		tb.t.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		tb.t.Fatal(err)
	}
}

// No page is wider than its window, whatever the window: and with -pictures a person can look at them.
func TestPagesFitTheirWindow(t *testing.T) {
	srv := servertest.Start(t, servertest.Options{})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	tb.signUp()
	tb.publish("Try to lose your session", "Reload, close the tab and come back, open ten tabs at once, put the laptop to sleep: the refresh cookie alone brings you back here.")
	tb.publish("Where the token is", "The access token that loaded these posts is in the memory of a worker, and in no place that this page can read.")
	if *screenshots {
		tb.do(emulate(1120, 760, "light"))
		tb.click("button", "Check this page")
		tb.until("the check", func() bool { return strings.Contains(tb.text(), "No token found") })
		eval[chromedp.Void](tb, `document.activeElement.blur(), scrollTo(0, 0)`)
		tb.picture(filepath.Join("testdata", "posts.png"), chromedp.CaptureScreenshot())
	}
	// over is by how many pixels the page is wider than its window, with text of that size.
	over := func(text string) int {
		return eval[int](tb, fmt.Sprintf(`(document.documentElement.style.fontSize = %q, document.documentElement.scrollWidth - innerWidth)`, text))
	}
	fits := func(page string) {
		t.Helper()
		for _, width := range []int64{1280, 768, 360, 320} {
			for _, scheme := range []string{"light", "dark"} {
				tb.do(emulate(width, 900, scheme))
				for _, text := range []string{"200%", "100%"} {
					if px := over(text); px > 0 {
						t.Errorf("%s is %d px wider than a window of %d px, with text at %s", page, px, width, text)
					}
					if *pictures != "" {
						name := fmt.Sprintf("%s-%s-%d-%s.png", page, scheme, width, strings.TrimSuffix(text, "%"))
						tb.picture(filepath.Join(*pictures, name), chromedp.FullScreenshot(100))
					}
				}
			}
		}
	}
	fits("posts")
	tb.click("link", "Account")
	tb.see("heading", "Your sessions")
	fits("account")
	tb.navigate("/")
	tb.ready()
	fits("home")
	tb.navigate("/how-it-works")
	tb.ready()
	fits("how-it-works")
	tb.click("button", "Log out")
	tb.see("link", "Log in")
	fits("how-it-works-visitor")
	tb.navigate("/posts")
	tb.logIn("wrong")
	tb.see("alert", "")
	fits("login")
	tb.navigate("/signup")
	tb.ready()
	fits("signup")
}
