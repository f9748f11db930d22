package browsertest_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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

// publishSamples publishes the posts that the pictures show.
func (tb *tab) publishSamples() {
	tb.t.Helper()
	tb.publish("Try to lose your session", "Reload, close the tab and come back, open ten tabs at once, put the laptop to sleep: the refresh cookie alone brings you back here.")
	tb.publish("Where the token is", "The access token that loaded these posts is in the memory of a worker, and in no place that this page can read.")
}

// The README's pictures are of a session that has been refreshed, and for which the API was away for a moment.
func TestPicturesForTheReadme(t *testing.T) {
	if !*screenshots {
		t.Skip("takes minutes, and writes into testdata: run it with -screenshots")
	}
	var away atomic.Bool
	srv := servertest.Start(t, servertest.Options{AccessTTL: 2 * time.Minute, Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if away.Load() && r.URL.Path == "/graphql" {
				http.Error(w, "away", http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	tb.signUp()
	tb.publishSamples()
	seen := func(selector string, least int) {
		t.Helper()
		for eval[int](tb, fmt.Sprintf(`document.querySelectorAll(%q).length`, selector)) < least {
			time.Sleep(time.Second) // a poll
		}
	}
	seen("#token-picture .life", 2)
	away.Store(true)
	seen("#token-picture .fault", 3)
	away.Store(false)
	seen("#token-picture .life", 3)
	for !strings.HasPrefix(eval[string](tb, `document.getElementById("token-expiry").innerText`), "1:3") {
		time.Sleep(time.Second)
	}
	for _, scheme := range []string{"light", "dark"} {
		tb.do(emulate(1120, 860, scheme))
		tb.click("button", "Check this page")
		tb.until("the check", func() bool { return strings.Contains(tb.text(), "No token found") })
		eval[chromedp.Void](tb, `document.activeElement.blur(), scrollTo(0, 0)`)
		name := map[string]string{"light": "posts.png", "dark": "posts-dark.png"}[scheme]
		tb.picture(filepath.Join("testdata", name), chromedp.CaptureScreenshot())
	}
	tb.do(emulate(1000, 470, "light"))
	tb.click("link", "How it works")
	tb.see("heading", "How it works")
	eval[chromedp.Void](tb, `document.activeElement.blur(), document.querySelector(".flow > li:nth-child(4)").scrollIntoView()`)
	tb.picture(filepath.Join("testdata", "how-it-works.png"), chromedp.CaptureScreenshot())
}

// No page is wider than its window, whatever the window: and with -pictures a person can look at them.
func TestPagesFitTheirWindow(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	tb.signUp()
	tb.publishSamples()
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
