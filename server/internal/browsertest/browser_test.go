package browsertest_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/servertest"
)

// deadline is how long a condition of a page may take on a slow machine before the test fails.
const deadline = 40 * time.Second

// browser is a Chromium with a fresh profile. chromedp's own default flags switch the throttling of background pages
// off, which these tests must not do.
type browser struct {
	t    testing.TB
	ctx  context.Context
	quit func() // closes the browser
}

// More flags are for tests that have a reason of their own.
func newBrowser(t testing.TB, more ...string) *browser {
	t.Helper()
	return startBrowser(t, newProfile(t), more...)
}

// newProfile returns a directory for what a browser keeps, until the test ends.
func newProfile(t testing.TB) string {
	t.Helper()
	profile, err := os.MkdirTemp("", "latchkey-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Chromium's helpers may write for a moment longer: what is left is the system's temporary directory's.
		_ = os.RemoveAll(profile)
	})
	return profile
}

// startBrowser starts a browser with a profile that no other one is running with, until the test ends at the latest.
func startBrowser(t testing.TB, profile string, more ...string) *browser {
	t.Helper()
	var opts []chromedp.ExecAllocatorOption
	for _, name := range append([]string{
		"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "no-default-browser-check",
		"disable-background-networking", "disable-component-update", "disable-sync", "disable-dev-shm-usage",
	}, more...) {
		opts = append(opts, chromedp.Flag(name, true))
	}
	opts = append(opts, chromedp.UserDataDir(profile), chromedp.WindowSize(1280, 900), chromedp.Flag("lang", "en-US"))
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	quit := sync.OnceFunc(func() {
		_ = chromedp.Cancel(ctx) // closes the browser; a tab that a test closed already is no error of ours
		cancel()
		cancelAlloc()
	})
	t.Cleanup(quit)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal("starting Chromium:", err)
	}
	return &browser{t, ctx, quit}
}

// tab is one tab, with everything that its console complained of.
type tab struct {
	t      testing.TB
	ctx    context.Context
	cancel context.CancelFunc
	srv    *servertest.Server

	mu         sync.Mutex
	complaints []string
	deaf       bool // complaints are of no interest
}

// open opens a tab on a path of the server, after some steps in the empty tab.
func (b *browser) open(srv *servertest.Server, path string, before ...chromedp.Action[chromedp.Void]) *tab {
	b.t.Helper()
	tb := b.blank(srv)
	tb.do(before...)
	tb.navigate(path)
	return tb
}

// blank opens an empty tab, for paths of the server, in a window of its own where nothing else is said. When the test
// ends, what the console said fails it.
func (b *browser) blank(srv *servertest.Server, options ...chromedp.ContextOption) *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, options...)
	tb := &tab{t: b.t, ctx: ctx, cancel: cancel, srv: srv}
	b.t.Cleanup(func() {
		for _, c := range tb.said() {
			b.t.Error("the console of a page:", c)
		}
	})
	if err := chromedp.Do(ctx); err != nil { // without a deadline: the tab lives as long as this call's context
		b.t.Fatal("opening a tab:", err)
	}
	tb.do(command(cdplog.Enable, cdp.Empty{}))
	if err := chromedp.Listen(ctx, tb.listen); err != nil {
		b.t.Fatal(err)
	}
	return tb
}

func (tb *tab) listen(ev any) {
	complaint := ""
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		complaint = ev.ExceptionDetails.Text
		if e := ev.ExceptionDetails.Exception; e != nil {
			complaint += " " + e.Description
		}
	case *cdplog.EventEntryAdded:
		// A login form at a restricted path is a 401, which Chromium calls an error of the document.
		if ev.Entry.Level == cdplog.EntryLevelError && !strings.Contains(ev.Entry.Text, "status of 4") {
			complaint = ev.Entry.Text + " " + ev.Entry.URL
		}
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError {
			for _, a := range ev.Args {
				complaint += string(a.Value) + a.Description + " "
			}
		}
	}
	if complaint != "" {
		tb.mu.Lock()
		defer tb.mu.Unlock()
		if !tb.deaf {
			tb.complaints = append(tb.complaints, complaint)
		}
	}
}

func (tb *tab) said() []string {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	return tb.complaints
}

// forgive forgets complaints that the test itself provoked, by a part of their text.
func (tb *tab) forgive(part string) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.complaints = slices.DeleteFunc(tb.complaints, func(c string) bool { return strings.Contains(c, part) })
}

// ignore forgets all complaints, those to come as well: everything that a test does in the tab is provoked.
func (tb *tab) ignore() {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.complaints, tb.deaf = nil, true
}

func (tb *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	tb.t.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, deadline)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tb.t.Fatal(err)
	}
}

// navigate loads a path as if its address had been typed.
func (tb *tab) navigate(path string) {
	tb.t.Helper()
	tb.do(chromedp.Navigate(tb.srv.URL + path))
}

func (tb *tab) reload() {
	tb.t.Helper()
	tb.do(chromedp.Reload())
}

// close closes the tab as a person would.
func (tb *tab) close() {
	tb.t.Helper()
	if err := chromedp.Cancel(tb.ctx); err != nil {
		tb.t.Fatal("closing a tab:", err)
	}
}

// eval returns the value of a JavaScript expression, awaited if it is a promise. Where the document went away under
// the question, it is asked of the next.
func eval[T any](tb *tab, expression string) T {
	tb.t.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, deadline)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	for err != nil && ctx.Err() == nil && wentAway(err) {
		v, err = chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	}
	if err != nil {
		tb.t.Fatalf("evaluating %s: %v", expression, err)
	}
	return v
}

// wentAway reports whether an answer of the browser means that the document was replaced in the meantime.
func wentAway(err error) bool {
	for _, text := range []string{"Not attached to an active page", "Cannot find context", "Execution context was destroyed", "Inspected target navigated"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

// until waits until ok, asked over and over, and fails the test with what it waited for.
func (tb *tab) until(what string, ok func() bool) {
	tb.t.Helper()
	tb.within(deadline, what, ok)
}

// within is until for what takes longer than other conditions.
func (tb *tab) within(most time.Duration, what string, ok func() bool) {
	tb.t.Helper()
	for end := time.Now().Add(most); ; {
		if ok() {
			return
		}
		if time.Now().After(end) {
			tb.t.Fatalf("waited in vain for: %s\nthe page: %s\nthe console: %q", what, tb.text(), tb.said())
		}
		time.Sleep(20 * time.Millisecond) // a poll, not a wait: the condition above is what counts
	}
}

// ready waits until the worker drives the page.
func (tb *tab) ready() {
	tb.t.Helper()
	tb.until("data-client=ready", func() bool { return tb.client() == "ready" })
}

func (tb *tab) client() string {
	tb.t.Helper()
	return eval[string](tb, `document.documentElement?.dataset.client ?? ""`)
}

func (tb *tab) sessionState() string {
	tb.t.Helper()
	return eval[string](tb, `document.documentElement?.dataset.session ?? ""`)
}

func (tb *tab) path() string {
	tb.t.Helper()
	return eval[string](tb, `location.pathname + location.search`)
}

// text is what a person reads on the page.
func (tb *tab) text() string {
	tb.t.Helper()
	return eval[string](tb, `document.body ? document.body.innerText : ""`)
}

// workers returns what the consoles of the shared workers complained of, and how many workers there are. The engine
// repeats what was said before anybody listened. To look at a worker so is to close it: it is a test's last act.
func (b *browser) workers() (count int, complaints []string) {
	b.t.Helper()
	targets, err := chromedp.Targets(b.ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, target := range targets {
		if target.Type != "shared_worker" {
			continue
		}
		count++
		ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(target.TargetID))
		defer cancel()
		if err := chromedp.Do(ctx); err != nil {
			b.t.Fatal("attaching to a worker:", err)
		}
		heard := &tab{t: b.t, ctx: ctx}
		if err := chromedp.Listen(ctx, heard.listen); err != nil {
			b.t.Fatal(err)
		}
		for _, again := range []cdp.Command[cdp.Empty, cdp.Empty]{runtime.Disable, runtime.Enable} {
			if _, err := chromedp.Call(ctx, again, cdp.Empty{}); err != nil {
				b.t.Fatal(err)
			}
		}
		eval[bool](heard, `true`) // answered after what was said before
		complaints = append(complaints, heard.said()...)
	}
	return count, complaints
}
