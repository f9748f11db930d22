package browsertest_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/servertest"
)

// lateAnswers holds the answer to each page and to each question of the API back, as a slow line does: the server has done
// by then what was asked for.
type lateAnswers struct {
	least, most time.Duration // by how much
	on          atomic.Bool
	undecided   atomic.Int32 // pages whose token was too old for a page to judge

	mu     sync.Mutex // guards random
	random *rand.Rand
}

func newLateAnswers(least, most time.Duration) *lateAnswers {
	return &lateAnswers{least: least, most: most, random: rand.New(rand.NewPCG(12, 7))} // #nosec G404 -- the same in each run
}

func (l *lateAnswers) delay() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.least + time.Duration(l.random.Int64N(int64(l.most-l.least)))
}

func (l *lateAnswers) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.on.Load() || strings.HasPrefix(r.URL.Path, "/assets/") {
			next.ServeHTTP(w, r)
			return
		}
		a := &heldAnswer{ResponseWriter: w, header: http.Header{}, status: http.StatusOK}
		next.ServeHTTP(a, r)
		if bytes.Contains(a.body.Bytes(), []byte(" data-undecided>")) {
			l.undecided.Add(1)
		}
		select {
		case <-time.After(l.delay()):
		case <-r.Context().Done():
			return
		}
		maps.Copy(w.Header(), a.header)
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body.Bytes()) // the browser may have gone
	})
}

// heldAnswer keeps an answer.
type heldAnswer struct {
	http.ResponseWriter
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header         { return h.header }
func (h *heldAnswer) WriteHeader(status int)      { h.status = status }
func (h *heldAnswer) Write(p []byte) (int, error) { return h.body.Write(p) }

// Unwrap lets a handler set deadlines.
func (h *heldAnswer) Unwrap() http.ResponseWriter { return h.ResponseWriter }

// all has every tab load the path at once, does what is to be done beside that, and returns when all have arrived.
func all(t *testing.T, tabs []*tab, path string, beside func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*held)
	defer cancel()
	var loading sync.WaitGroup
	for _, tb := range tabs {
		loading.Go(func() {
			tabCtx, stop := context.WithCancel(tb.ctx)
			defer stop()
			defer context.AfterFunc(ctx, stop)()
			if err := chromedp.Do(tabCtx, chromedp.Navigate(tb.srv.URL+path)); err != nil {
				t.Error(err)
			}
		})
	}
	beside()
	loading.Wait()
}

// loggedIn holds that the client of every tab found its session.
func loggedIn(t *testing.T, tabs []*tab, when string) {
	t.Helper()
	for i, tb := range tabs {
		tb.within(held, fmt.Sprintf("%s: tab %d is logged in", when, i+1), func() bool {
			return tb.client() == "ready" && tb.sessionState() == "active" && tb.has("button", "Log out")
		})
	}
}

// age makes every refresh token that much older, as if the time had passed.
func age(t *testing.T, srv *servertest.Server, d time.Duration) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+srv.DB+"?_busy_timeout=10000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `update refresh_tokens set sent_at = sent_at - $1, expires_at = expires_at - $1,
		superseded_at = superseded_at - $1, seen_at = seen_at - $1`, d.Milliseconds()); err != nil {
		t.Fatal(err)
	}
}

// held is how long the browser may hold a request back while the others of a test are answered.
const held = 3 * time.Minute

// one returns the first tab that its client drives, while others are still on their way.
func one(t *testing.T, tabs []*tab) *tab {
	t.Helper()
	for end := time.Now().Add(held); time.Now().Before(end); time.Sleep(20 * time.Millisecond) { // a poll
		for _, tb := range tabs {
			if tb.client() == "ready" && tb.sessionState() == "active" {
				return tb
			}
		}
	}
	t.Fatal("no tab is logged in")
	return nil
}

// publishBeside publishes a post by the browser's own form, which the page's script does not see, and one by the client.
func publishBeside(t *testing.T, tabs []*tab) {
	tb := one(t, tabs)
	tb.fill("Title", "By the form")
	tb.fill("Body", "While others load.")
	eval[chromedp.Void](tb, `document.querySelector("input[value=publish]").form.submit()`)
	tb.within(held, "the post, by a request that waits behind the others", func() bool {
		return tb.has("heading", "By the form") && tb.client() == "ready"
	})
	tb.publish("By the client", "While others load.")
}

// logInAgainBeside logs out in one tab, and in again.
func logInAgainBeside(t *testing.T, tabs []*tab) {
	tb := one(t, tabs)
	tb.click("button", "Log out")
	tb.logIn(personPassword)
	tb.see("button", "Log out")
}

// Twelve tabs are restored on one address: Chromium puts the cookie on each request as it makes it, and then holds the request
// back until the one before is answered, for longer than the grace in all. Every tab ends logged in, whatever forms are
// sent beside, with a cookie that still works after the grace (counter-example C7 of ROTATION.md).
func TestTwelveTabsRestored(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name        string
		grace       time.Duration
		least, most time.Duration // how late each answer is
		beside      func(*testing.T, []*tab)
		undecided   bool // some pages must be; where the session ends meanwhile they may all say that
	}{
		{"a short grace", 4 * time.Second, 0, 3 * time.Second, publishBeside, true},
		{"a short grace, logged in again beside", 4 * time.Second, 0, 3 * time.Second, logInAgainBeside, false},
		{"the default grace", 30 * time.Second, 5 * time.Second, 6 * time.Second, publishBeside, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			late := newLateAnswers(row.least, row.most)
			srv := servertest.Start(t, servertest.Options{Grace: row.grace, Wrap: late.wrap})
			g, err := srv.Auth.SignUp(t.Context(), personEmail, personPassword, "Ada", auth.Visitor{})
			if err != nil {
				t.Fatal(err)
			}
			b := newBrowser(t)
			b.hold(srv, g.RefreshToken)
			var tabs []*tab
			for range 12 {
				tabs = append(tabs, b.blank(srv))
			}
			age(t, srv, row.grace) // only then a page rotates the cookie
			late.on.Store(true)
			all(t, tabs, "/posts", func() { row.beside(t, tabs) })
			loggedIn(t, tabs, "at first")
			if row.undecided && late.undecided.Load() == 0 {
				t.Error("the browser held no request back for longer than the grace: this shows nothing")
			}
			late.on.Store(false)
			age(t, srv, row.grace+time.Second) // of the tokens only the session's current one is still good
			all(t, tabs, "/account", func() {})
			loggedIn(t, tabs, "after the grace")
		})
	}
}
