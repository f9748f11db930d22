package hub_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/wasm/hub"
)

const (
	ann = "ann@example.com"
	bob = "bob@example.com"
)

// world is one browser: the API it talks to, the client, and its hub.
type world struct {
	*testing.T
	api     *screentest.API
	session *session.Session
	hub     *hub.Hub
}

// bubble runs test in a world under a clock of its own. When it ends nothing of the hub may be left running.
func bubble(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		api := screentest.New()
		s := api.Session(t)
		w := &world{t, api, s, hub.New(s, func(string) {})}
		defer w.hub.Close()
		test(w)
	})
}

// refreshes is how often the cookie was sent.
func (w *world) refreshes() int { return len(w.api.Calls("refreshToken")) }

// loads is how many pages were asked for.
func (w *world) loads() int { return len(w.api.Calls("posts", "sessions")) }

// tab is a page's side of its port.
type tab struct {
	t    testing.TB
	page *hub.Page

	mu   sync.Mutex
	all  []hub.Message
	seen int // of all, what take has returned
}

// Post implements hub.Port.
func (tb *tab) Post(m hub.Message) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.all = append(tb.all, m)
}

// connect opens a tab that has not said hello.
func (w *world) connect() *tab {
	tb := &tab{t: w.T}
	tb.page = w.hub.Connect(tb)
	return tb
}

// open opens a tab on a page as the server rendered it, and waits until nothing goes on any more.
func (w *world) open(path, session, user string) *tab {
	tb := w.connect()
	tb.page.Hello(hub.Hello{Path: path, Session: session, User: user})
	synctest.Wait()
	return tb
}

// enter opens a first tab of a session of ann's, with the client's refresh behind it.
func (w *world) enter(path string) *tab {
	w.Helper()
	w.api.Enter(ann)
	tb := w.open(path, "active", "ann")
	if got := tb.take(); w.session.State().Phase != session.Active || !ready(got) {
		w.Fatalf("the client is %v, the page was told %+v", w.session.State().Phase, got)
	}
	return tb
}

// do sends an intent, of its name and of pairs of a field and its value, without waiting.
func (tb *tab) do(call int, path, name string, fields ...string) {
	tb.t.Helper()
	i, err := screen.ParseIntent(name, func(field string) string {
		for n := 0; n < len(fields); n += 2 {
			if fields[n] == field {
				return fields[n+1]
			}
		}
		return ""
	})
	if err != nil {
		tb.t.Fatal(err)
	}
	tb.page.Intent(call, path, i)
}

func (tb *tab) login(call int, path, email string) {
	tb.t.Helper()
	tb.do(call, path, screen.Login, "email", email, "password", screentest.Password)
	synctest.Wait()
}

// take returns what the page was told since the last take.
func (tb *tab) take() []hub.Message {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	list := tb.all[tb.seen:]
	tb.seen = len(tb.all)
	return list
}

// views returns the views the page was told since the last take.
func (tb *tab) views() []hub.View { return of[hub.View](tb.take()) }

// view returns the one view that the page was told since the last take.
func (tb *tab) view() hub.View {
	tb.t.Helper()
	list := tb.views()
	if len(list) != 1 {
		tb.t.Fatalf("%d views, want one: %s", len(list), outline(list))
	}
	return list[0]
}

// nothing fails the test if the page was told of a view since the last take.
func (tb *tab) nothing(why string) {
	tb.t.Helper()
	if list := tb.views(); len(list) != 0 {
		tb.t.Errorf("%s: %s", why, outline(list))
	}
}

func of[M hub.Message](all []hub.Message) (list []M) {
	for _, m := range all {
		if m, ok := m.(M); ok {
			list = append(list, m)
		}
	}
	return list
}

func ready(all []hub.Message) bool { return slices.Contains(all, hub.Message(hub.Ready{})) }

// patched returns the patches by the element's id.
func patched(all []hub.Message) map[string]string {
	list := map[string]string{}
	for _, m := range of[hub.Patch](all) {
		list[m.ID] = m.HTML
	}
	return list
}

func outline(list []hub.View) string {
	var b strings.Builder
	for _, v := range list {
		b.WriteString("[" + v.Path + " " + v.Title + " " + v.Session + " " + v.User + "] ")
	}
	return b.String()
}

// element returns what stands in the element of the id.
func element(html, id string) string {
	m := regexp.MustCompile(`(?s)<[a-z]+ id="` + id + `"[^>]*>(.*?)</`).FindStringSubmatch(html)
	if m == nil {
		return "(not there)"
	}
	return strings.TrimSpace(m[1])
}
