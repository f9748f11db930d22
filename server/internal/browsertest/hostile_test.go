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
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/route"
	"example.com/latchkey/server/internal/servertest"
	"example.com/latchkey/web"
)

// families are the files of attempts in testdata/hostile, and how they are run.
var families = []struct {
	name string
	weak bool // also by a script that came after ours, and so without the policy of Trusted Types
}{
	{name: "fetch"}, {name: "elements"}, {name: "forms"}, {name: "windows"}, {name: "realms"},
	{name: "workers"}, {name: "trusted", weak: true},
}

// outcome is what the page says of one attempt.
type outcome struct {
	Name      string   `json:"name"`
	NoControl string   `json:"noControl"` // why it cannot work in this browser at all
	Failed    string   `json:"failed"`
	Mark      string   `json:"mark"`
	Got       []string `json:"got"`
	Footholds []string `json:"footholds"`
	MS        float64  `json:"ms"`
}

// refreshToken is the form of every refresh token.
var refreshToken = regexp.MustCompile(`[0-9a-f-]{36}\.[\w-]{43}`)

// world is a server and a browser with a live session in it.
type world struct {
	t         *testing.T
	srv       *servertest.Server
	watch     *watch
	neighbour string // the origin of another server of the same site
	b         *browser
	first     *tab // stays open
}

// A script that was injected into a page of the origin comes by no access token and reaches the API by no way but the
// worker's intents (contract §6). Every attempt is made twice: against the server without its defences, where it has to
// succeed, and against the server as it is.
func TestHostilePage(t *testing.T) {
	control, defended := newWorld(t, false), newWorld(t, true)
	attempts, proven := 0, 0
	for _, f := range families {
		for _, strong := range []bool{true, false} {
			if !strong && !f.weak {
				continue
			}
			name := f.name
			if !strong {
				name += "late"
			}
			t.Run(name, func(t *testing.T) {
				slowest := 0.0 // ms, of the attempts that succeed
				for _, o := range control.run(t, name, f.name, strong, 0) {
					attempts++
					breaches := control.breaches(o, 5*time.Second)
					switch {
					case o.NoControl == "" && len(breaches) == 0:
						t.Errorf("%s: fails even where nothing is defended: %s; it got %.300q", o.Name, o.Failed, o.Got)
					case o.NoControl != "" && len(breaches) > 0:
						t.Errorf("%s: has a control, for it succeeds: %s", o.Name, breaches)
					case o.NoControl == "":
						proven++
						slowest = max(slowest, o.MS)
					}
					t.Logf("control %s: %.0f ms, %s %s", o.Name, o.MS, breaches, o.Failed)
				}
				for _, o := range defended.run(t, name, f.name, strong, 500+1.5*slowest) {
					if breaches := defended.breaches(o, 0); len(breaches) > 0 {
						t.Errorf("%s: %s; it got %.300q", o.Name, breaches, o.Got)
					}
					t.Logf("defended %s: %.0f ms, %s %.200q", o.Name, o.MS, o.Failed, o.Got)
				}
			})
		}
	}
	for mark, what := range defended.watch.all() {
		t.Errorf("the server %s for %s", what, mark)
	}
	t.Logf("%d attempts, %d of them with a control", attempts, proven)
}

// breaches is the one oracle: what an attempt came by. Where the page cannot know, the server is given some time.
func (w *world) breaches(o outcome, patience time.Duration) []string {
	found := slices.Clone(o.Footholds)
	for _, text := range o.Got {
		switch {
		case jwt.MatchString(text) || len(search(map[string]string{"": text}, w.watch.accessTokens())) > 0:
			found = append(found, "an access token")
		case refreshToken.MatchString(text):
			found = append(found, "a refresh token")
		case granted.MatchString(text):
			found = append(found, "an answer of the API")
		}
	}
	for end := time.Now().Add(patience); len(found) == 0; time.Sleep(20 * time.Millisecond) {
		found = append(found, w.watch.did(o.Mark)...)
		if o.NoControl != "" || time.Now().After(end) {
			break
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
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
	// A host of this name is as trustworthy as localhost, and has neighbours of the same site.
	origin := "http://app.site.localhost:" + port
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
func (w *world) run(t *testing.T, name, file string, strong bool, least float64) []outcome {
	t.Helper()
	settings, err := json.Marshal(map[string]any{
		"strong": strong, "api": w.srv.URL + "/graphql", "cookie": w.watch.cookie, "neighbour": w.neighbour, "scripts": scriptURLs(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("(() => {\nconst settings = %s;\n%s\n%s})();", settings, hostileScript(t, "lib.js"), hostileScript(t, file+".js"))
	tb := w.b.open(w.srv, "/healthz", onNewDocument(script))
	defer func() {
		w.closeOthers()
		tb.forgive("")
	}()
	tb.navigate("/posts")
	tb.ready()
	most := cmp.Or(least, 8000) // ms
	ctx, cancel := context.WithTimeout(tb.ctx, 2*deadline)
	defer cancel()
	outcomes, err := chromedp.Run(ctx, chromedp.Evaluate[[]outcome](
		fmt.Sprintf("hostileRun(%q, %f, %f)", name, least, most), chromedp.EvalAwaitPromise, asIfClicked))
	if err != nil {
		t.Fatal("the hostile script:", err)
	}
	return outcomes
}

func asIfClicked(p *runtime.EvaluateParams) {
	yes := true
	p.UserGesture = &yes
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
