package hub_test

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/wasm/hub"
)

// A hidden page is not woken every second. It is told all at once when it can be seen again, and what happens to the
// session it is told at once.
func TestHiddenPage(t *testing.T) {
	for _, row := range []struct {
		name string
		hide func(w *world) *tab
	}{
		{"from its hello on", func(w *world) *tab {
			tb := w.connect()
			tb.page.Hello(hub.Hello{Path: "/posts", Session: "active", User: "ann", Hidden: true})
			return tb
		}},
		{"later", func(w *world) *tab {
			tb := w.open("/posts", "active", "ann")
			time.Sleep(3 * time.Second)
			tb.page.Sight(true)
			return tb
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				seen := w.enter("/account")
				tb := row.hide(w)
				synctest.Wait()
				stands := patched(tb.take())
				time.Sleep(20 * time.Minute) // some refreshes
				synctest.Wait()
				if got := tb.take(); len(got) != 0 {
					t.Errorf("hidden, it was told %+v", got)
				}
				want := patched(seen.take())
				tb.page.Sight(false)
				synctest.Wait()
				maps.Copy(stands, patched(tb.take()))
				for _, id := range []string{"token-expiry", "token-next", "token-refreshes", "token-picture"} {
					if stands[id] != want[id] || want[id] == "" {
						t.Errorf("seen again, %s is %q, want %q", id, stands[id], want[id])
					}
				}
				tb.page.Sight(true)
				seen.do(1, "/account", screen.Logout)
				synctest.Wait()
				expect(w, "the hidden page", tb.view(), 0, "/posts", "Log in", "none", "")
			})
		})
	}
}
