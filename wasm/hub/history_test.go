package hub_test

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/wasm/hub"
)

// drawn counts what a picture shows, by the class of its parts.
func drawn(html string) map[string]int {
	count := map[string]int{}
	for _, m := range regexp.MustCompile(`<(?:g|svg) class="([a-z]+)"`).FindAllStringSubmatch(html, -1) {
		count[m[1]]++
	}
	return count
}

// picture is what stands in the region of a fresh page.
func (tb *tab) picture() string {
	tb.t.Helper()
	tb.take()
	tb.page.Go(1, "/")
	synctest.Wait()
	html := tb.view().HTML
	start := strings.Index(html, `<svg class="lives"`)
	return html[start : start+strings.Index(html[start:], `class="caption"`)]
}

func TestPictureOfLives(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.enter("/posts")
		want := func(when string, life, grace, fault int) {
			w.Helper()
			got := drawn(tb.picture())
			if got["life"] != life || got["use"] != life || got["grace"] != grace || got["fault"] != fault || got["came"] == 0 || got["next"] != 1 {
				w.Errorf("%s: %v, want %d lives, %d graces, %d faults", when, got, life, grace, fault)
			}
		}
		want("at first", 1, 0, 0)
		for w.session.State().Refreshes < 1 {
			time.Sleep(time.Second)
		}
		want("after a refresh", 2, 1, 0)
		w.api.Down(true)
		time.Sleep(time.Until(w.session.State().NextRefresh) + 20*time.Second)
		synctest.Wait()
		faults := drawn(tb.picture())["fault"]
		if faults < 3 {
			w.Errorf("20 s without a network: %d faults", faults)
		}
		if p := tb.picture(); !contains(p, "Failed tries of a refresh: ") || !contains(p, "Trying again by itself") {
			w.Errorf("the words say nothing of it: %s", p)
		}
		w.api.Down(false)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		want("after the outage", 3, 2, drawn(tb.picture())["fault"])
		time.Sleep(20 * time.Minute) // what was is out of the picture
		synctest.Wait()
		if got := drawn(tb.picture()); got["fault"] != 0 || got["life"] < 3 || got["life"] > 5 {
			w.Errorf("long after: %v", got)
		}
	})
}

// The picture moves in steps of seconds, and is told only when it has moved; a refresh is seen at once.
func TestPictureIsToldInSteps(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.enter("/posts")
		tb.take()
		times, before := 0, w.refreshes()
		for range 300 {
			time.Sleep(time.Second)
			synctest.Wait()
			if patched(tb.take())["token-picture"] != "" {
				times++
			}
		}
		if most := 60 + w.refreshes() - before; times < 50 || times > most {
			w.Errorf("the picture was told %d times in 5 minutes, want at most %d", times, most)
		}
	})
}

// However long an outage, a page is told no more than fits.
func TestHistoryIsBounded(t *testing.T) {
	bubble(t, func(w *world) {
		w.api.Life = 20 * time.Minute
		tb := w.enter("/posts")
		w.api.Down(true)
		time.Sleep(40 * time.Minute)
		synctest.Wait()
		if got := drawn(tb.picture()); got["fault"] != 32 {
			w.Errorf("after half an hour without a network: %v", got)
		}
		w.api.Down(false)
		time.Sleep(time.Minute)
		for range 100 {
			time.Sleep(time.Second)
			if err := w.session.Resume(w.Context()); err != nil {
				w.Fatal(err)
			}
		}
		synctest.Wait()
		if got := drawn(tb.picture()); got["life"] != 8 {
			w.Errorf("after 100 refreshes: %v", got)
		}
	})
}

func TestAnotherSessionHasItsOwnPicture(t *testing.T) {
	bubble(t, func(w *world) {
		tb := w.enter("/posts")
		time.Sleep(5 * time.Minute)
		w.api.End("REVOKED")
		tb.page.Go(1, "/posts")
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		tb.login(2, "/posts", bob)
		views := tb.views()
		html := views[len(views)-1].HTML
		if got := drawn(html); got["life"] != 1+1 || got["fault"] != 0+1 { // and one each that explains it
			w.Errorf("the picture shows another session's tokens: %v", got)
		}
		for _, want := range []string{"The session before this one ended at", "You were logged out from another of your devices, or by those who run this site."} {
			if !contains(html, want) {
				w.Errorf("no %q in the region", want)
			}
		}
		tb.do(3, "/posts", screen.Logout)
		synctest.Wait()
		tb.login(4, "/posts", ann)
		views = tb.views()
		if html := views[len(views)-1].HTML; !contains(html, ": You logged out.") {
			w.Error("the logout is not told of")
		}
	})
}

// The page that tells how it works is kept up to date where it stands, and no other page is told of its elements.
func TestHowItWorksIsAlive(t *testing.T) {
	bubble(t, func(w *world) {
		w.api.Enter(ann)
		how, other := w.open("/how-it-works", "active", "ann"), w.open("/posts", "active", "ann")
		got := patched(how.take())
		for id, want := range map[string]string{"flow-session": "session1", "flow-claims": "session1", "flow-picture": `class="lives"`, "token-claims": "session1"} {
			if !contains(got[id], want) {
				w.Errorf("%s was told %q", id, got[id])
			}
		}
		for _, m := range of[hub.Patch](other.take()) {
			if strings.HasPrefix(m.ID, "flow-") {
				w.Errorf("another page was told of %s", m.ID)
			}
		}
		how.page.Go(1, "/how-it-works?a=b")
		synctest.Wait()
		if v := how.view(); !contains(v.HTML, `id="flow-claims"`) || !contains(v.HTML, "session1") || v.Title != "How it works · Latchkey" {
			w.Errorf("the view: %s", v.Title)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if got := patched(how.take())["flow-session"]; !contains(got, "<dd>1</dd>") {
			w.Errorf("after a refresh: %s", got)
		}
	})
}
