package browsertest_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/route"
	"example.com/latchkey/server/internal/servertest"
	"example.com/latchkey/web"
)

// The hosts of the hostile tests: as trustworthy to a browser as localhost, and each with neighbours.
const (
	host     = "app.site.localhost"
	sibling  = "evil.site.localhost" // of the same site
	stranger = "other.localhost"     // of another
)

// world is a server and a browser with a live session in it.
type world struct {
	t         *testing.T
	srv       *servertest.Server
	watch     *watch
	neighbour string // the origin of another server of the same site
	b         *browser
	first     *tab // stays open
}

func newWorld(t *testing.T, defended bool) *world {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	origin := "http://" + host + ":" + port
	w := &world{t: t, watch: newWatch(graph.CookieName)}
	if !defended {
		w.watch.cookie = plainCookie
	}
	var handler http.Handler
	w.srv = servertest.Start(t, servertest.Options{Origin: origin, Wrap: func(next http.Handler) http.Handler {
		next = w.watch.traffic.wrap(next)
		if !defended {
			next = undefended(t, next)
		}
		handler = w.watch.wrap(next)
		return handler
	}})
	w.srv.URL = origin
	srv := route.Server(handler, slog.New(slog.DiscardHandler))
	if defended {
		ln = route.Listen(ln)
	} else {
		srv.Handler = handler // net/http's own answers get no headers of ours
	}
	go func() {
		if err := srv.Serve(ln); err != http.ErrServerClosed {
			t.Error("Serve:", err)
		}
	}()
	t.Cleanup(func() { _ = srv.Close() })
	w.neighbour = w.newNeighbour()
	w.b = newBrowser(t, "disable-popup-blocking", "disable-background-timer-throttling",
		"disable-renderer-backgrounding", "disable-backgrounding-occluded-windows")
	w.first = w.b.open(w.srv, "/signup")
	w.first.ready()
	w.first.signUp()
	return w
}

// run has a family of attempts made by a script in a fresh page.
func (w *world) run(t *testing.T, f family, least float64) []outcome {
	t.Helper()
	settings, err := json.Marshal(map[string]any{
		"strong": !f.late, "api": w.srv.URL + "/graphql", "cookie": w.watch.cookie, "neighbour": w.neighbour, "scripts": scriptURLs(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("(() => {\nconst settings = %s;\n%s\n%s})();", settings, hostileScript(t, "lib.js"), hostileScript(t, cmp.Or(f.file, f.name)+".js"))
	tb := w.b.open(w.srv, "/healthz", onNewDocument(script))
	tb.ignore()
	defer w.closeOthers()
	if f.host != "" {
		tb.do(chromedp.Navigate(strings.Replace(w.neighbour, sibling, f.host, 1)))
	} else {
		tb.navigate("/posts")
		tb.ready()
		if tb.sessionState() != "active" {
			t.Fatal("there is no session left to attack")
		}
	}
	most := cmp.Or(least, 30_000) // ms; a busy machine needs seconds
	ctx, cancel := context.WithTimeout(tb.ctx, 2*deadline)
	defer cancel()
	outcomes, err := chromedp.Run(ctx, chromedp.Evaluate[[]outcome](
		fmt.Sprintf("hostileRun(%q, %f, %f)", f.name, least, most), chromedp.EvalAwaitPromise, asIfClicked))
	if err != nil {
		t.Fatal("the hostile script:", err)
	}
	return outcomes
}

func asIfClicked(p *runtime.EvaluateParams) {
	yes := true
	p.UserGesture = &yes
	p.AllowUnsafeEvalBlockedByCSP = new(bool) // as a debugger may, and a script may not
}

// closeOthers closes every page but the first.
func (w *world) closeOthers() {
	targets, err := chromedp.Targets(w.b.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, other := range targets {
		if other.Type != "page" || other.TargetID == chromedp.FromContext(w.first.ctx).Target.TargetID {
			continue
		}
		if chromedp.FromContext(w.b.ctx).Target.TargetID == other.TargetID {
			continue
		}
		// One that has closed itself needs no closing.
		_, _ = cdp.Call(w.b.ctx, chromedp.FromContext(w.b.ctx).Browser, target.CloseTarget, target.CloseTargetParams{TargetID: other.TargetID})
	}
}

// scriptURLs are the addresses of all that the origin serves to a client.
func scriptURLs(t *testing.T) map[string]string {
	t.Helper()
	assets, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	urls := map[string]string{"worker": assets.WorkerURL()}
	for _, name := range []string{"page.js", "check.js", "wasm_exec.js", "latchkey.wasm", "style.css", "icon.svg"} {
		urls[name] = assets.URL(name)
	}
	return urls
}

func newBody(b []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(b)) }
