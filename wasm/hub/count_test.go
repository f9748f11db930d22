package hub_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/shared/ui"
	"example.com/latchkey/wasm/hub"
)

func contains(html, text string) bool { return strings.Contains(html, text) }

func TestCountdownFormat(t *testing.T) {
	for _, row := range []struct {
		life  time.Duration
		after time.Duration
		want  string
	}{
		{5 * time.Minute, 0, "5:00"},
		{5 * time.Minute, 29 * time.Second, "4:31"},
		{5 * time.Minute, 3 * time.Minute, "2:00"},
		{90 * time.Second, 31 * time.Second, "0:59"},
		{59 * time.Second, 0, "0:59"},
		{time.Hour, time.Second, "59:59"},
		{time.Hour, 0, "1:00:00"},
		{2*time.Hour + 3*time.Minute + 4*time.Second, 0, "2:03:04"},
		{26 * time.Hour, 0, "26:00:00"},
		{1500 * time.Millisecond, 0, "0:02"}, // rounded up: what is left is never shown as nothing
		{1500 * time.Millisecond, time.Second, "0:01"},
	} {
		bubble(t, func(w *world) {
			w.api.Life = row.life
			w.api.Enter(ann)
			tb := w.open("/posts", "active", "ann")
			time.Sleep(row.after)
			synctest.Wait()
			if got := patched(tb.take())["token-expiry"]; got != row.want {
				w.Errorf("%v of %v left: %q, want %q", row.life-row.after, row.life, got, row.want)
			}
			tb.page.Go(1, "/")
			synctest.Wait()
			if got := element(tb.view().HTML, "token-expiry"); got != row.want {
				w.Errorf("%v of %v left, in a page: %q, want %q", row.life-row.after, row.life, got, row.want)
			}
		})
	}
}

func TestCountdownReachesZeroAndStops(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.enter("/posts")
		w.api.Down(true) // no refresh saves it
		time.Sleep(5*time.Minute + 100*time.Millisecond)
		synctest.Wait()
		if got := patched(tb.take())["token-expiry"]; got != "0:00" {
			w.Errorf("at its end: %q", got)
		}
		time.Sleep(time.Minute)
		for _, m := range of[hub.Patch](tb.take()) {
			if m.ID != "token-next" && m.ID != "token-picture" { // the next try
				w.Errorf("after its end: %+v", m)
			}
		}
		w.api.Down(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := patched(tb.take()); got["token-refreshes"] != "1" || got["token-expiry"] == "0:00" {
			w.Errorf("after the refresh: %+v", got)
		}
	})
}

func TestPatchesAreWhatHasChanged(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.enter("/posts")
		out := w.open("/posts", "active", "ann")
		out.page.Gone()
		out.take()
		refreshes, last := 0, map[string]string{}
		for second := 1; second <= 600; second++ {
			time.Sleep(time.Second)
			synctest.Wait()
			told := tb.take()
			got := patched(told)
			// A refresh in between is told at once, and the second after.
			if most := map[bool]int{false: 3, true: 8}[got["token-refreshes"] != ""]; len(told) > most || len(got) < 2 || len(of[hub.Patch](told)) != len(told) {
				w.Fatalf("second %d: told %+v", second, told)
			}
			if n := got["token-refreshes"]; n != "" {
				refreshes++
			}
			for id, html := range got {
				if last[id] == html {
					w.Errorf("second %d: %s was %q already", second, id, html)
				}
				last[id] = html
			}
		}
		if refreshes != w.refreshes()-1 || refreshes < 2 {
			w.Errorf("the page was told of %d refreshes, there were %d", refreshes, w.refreshes()-1)
		}
		if got := out.take(); len(got) != 0 {
			w.Errorf("a page that is gone was told %+v", got)
		}
	})
}

func TestPatchesGoOnFromTheView(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.enter("/posts")
		time.Sleep(500 * time.Millisecond)
		tb.page.Go(1, "/account")
		synctest.Wait()
		v := tb.view()
		if e, n, r := element(v.HTML, "token-expiry"), element(v.HTML, "token-next"), element(v.HTML, "token-refreshes"); e != "5:00" || n == "–" || r != "0" {
			w.Errorf("the region shows %q, %q, %q", e, n, r)
		}
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		if got := patched(tb.take()); got["token-expiry"] != "4:59" || got["token-refreshes"] != "" {
			w.Errorf("patches %v", got)
		}
	})
}

func TestNoPatchesWithoutASession(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.open("/login", "none", "")
		tb.take()
		tb.page.Checked([]ui.Place{{Name: "Cookies", Searched: 1}})
		time.Sleep(time.Minute)
		if got := tb.take(); len(got) != 0 {
			w.Errorf("told %+v", got)
		}
		tb.login(1, "/login", ann)
		if got := element(tb.view().HTML, "token-check"); contains(got, "–") {
			w.Errorf("the check that came before the login is not shown: %s", got)
		}
	})
}

func TestCheckIsShownAndStays(t *testing.T) {
	bubble(t, func(w *world) {
		tb, other := w.enter("/posts"), w.open("/posts", "active", "ann")
		other.take()
		tb.page.Checked([]ui.Place{{Name: "<b>Cookies</b>", Searched: 3}, {Name: "Local storage", Searched: 4, Found: 1}})
		synctest.Wait()
		got := patched(tb.take())["token-check"]
		for _, want := range []string{"Token found in 1 value", "7 values in 2 places", "&lt;b&gt;Cookies&lt;/b&gt;"} {
			if !contains(got, want) {
				w.Errorf("no %q in %s", want, got)
			}
		}
		tb.page.Checked([]ui.Place{{Name: "Cookies", Searched: 3}})
		synctest.Wait()
		if got := patched(tb.take())["token-check"]; !contains(got, "No token found") {
			w.Errorf("the second check: %s", got)
		}
		tb.page.Go(1, "/account")
		synctest.Wait()
		if v := tb.view(); !contains(v.HTML, "No token found") || !contains(v.HTML, "3 values in 1 place") {
			w.Errorf("the next page lost it: %s", element(v.HTML, "token-check"))
		}
		if diff := cmp.Diff(map[string]string{}, patched(other.take())); diff != "" {
			w.Errorf("another page was told:\n%s", diff)
		}
	})
}
